"""Protobuf messages, built here from a few words each instead of by a compiler. Pure.

    define("shop", {"Order": {"id": (1, "int64"), "items": (2, "Item*")}, "Item": {...}})

A type is a protobuf scalar's name or that of another message; `*` means repeated, `?` that it is
known whether a scalar was given. Fields that are not named here are skipped when a message is read. A part that is read as `bytes` stays packed,
which keeps a crafted body from becoming many objects before anybody counted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Fields = Mapping[str, tuple[int, str]]
FieldProto = descriptor_pb2.FieldDescriptorProto


def define(package: str, messages: Mapping[str, Fields]) -> dict[str, Any]:
    """Return the class of each message by its name."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add(message, package, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


def _add(message: Any, package: str, field: str, number: int, kind: str) -> None:
    ending, kind = kind[-1], kind.rstrip("*?")
    label = FieldProto.LABEL_REPEATED if ending == "*" else FieldProto.LABEL_OPTIONAL
    made = message.field.add(name=field, number=number, label=label)
    if ending == "?":
        made.proto3_optional, made.oneof_index = True, len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{field}")
    if kind[0].isupper():
        made.type, made.type_name = FieldProto.TYPE_MESSAGE, f".{package}.{kind}"
    else:
        made.type = FieldProto.Type.Value(f"TYPE_{kind.upper()}")
