"""YAML as the portal writes and reads it: plain data of JSON's kinds, nothing that grows when read. Pure.

Read by YAML 1.2's rules: no dates, no sexagesimal numbers, no yes and no. Written so that readers of 1.1
understand it, too: texts that either would take for something else are quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
)

from dashboards.as_code.shaping import Inline
from portal.lib.field_error import FieldError

LARGEST = 4 << 20  # characters
DEEPEST = 60
MOST_NODES = 400_000
LONGEST_NUMBER = 400
CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
}


class _Loader(yaml.CSafeLoader):
    """Resolves scalars as YAML 1.2's core schema does; a key may stand once."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        found: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool) and key is not None:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be text", key_node.start_mark
                )
            name = key if isinstance(key, str) else str(key_node.value)
            if name in found:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice", key_node.start_mark
                )
            found[name] = self.construct_object(value_node, deep=True)
        return found


def _mapping(loader: Any, node: Any) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = loader.construct_mapping(node)
    return found


def _whole(loader: Any, node: Any) -> int | str:
    text = str(node.value)
    if len(text) > LONGEST_NUMBER:
        raise yaml.constructor.ConstructorError(
            None, None, "this number is too long", node.start_mark
        )
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def _real(loader: Any, node: Any) -> float:
    text = str(node.value).lower().replace(".inf", "inf").replace(".nan", "nan")
    value = float(text)
    if not math.isfinite(value):
        raise yaml.constructor.ConstructorError(
            None, None, "this number is not finite", node.start_mark
        )
    return value


for _name, (_pattern, _starts) in CORE.items():
    _compiled = re.compile(rf"^(?:{_pattern})$")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _compiled, _starts)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:float", _real)


class _Dumper(yaml.SafeDumper):
    """Quotes what any reader could take for a number, a date or a switch; long queries stand in blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    style = None if value.isprintable() else "|" if is_block(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _inline(dumper: Any, value: Inline) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Inline, _inline)
for _name, (_pattern, _starts) in CORE.items():
    _Dumper.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _starts
    )


def is_block(value: str) -> bool:
    """Tell whether a text of several lines reads the same from a block."""
    plain = all(line.isprintable() and line == line.rstrip() for line in value.split("\n"))
    return plain and not value[0].isspace()


def written(value: Any) -> str:
    """Return the YAML of plain data, with one newline at its end."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=math.inf
    )
    return text.rstrip("\n") + "\n"


def read(text: str) -> Any:
    """Return the data of one YAML document. Raises FieldError that names the line."""
    if len(text) > LARGEST:
        raise FieldError("body", f"A dashboard in YAML has {LARGEST >> 20} MiB at most.")
    try:
        check(yaml.parse(text, Loader=_Loader))
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader: it makes plain data only
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise FieldError("body", f"This is not YAML: {where}{problem.problem}.") from problem
    except (yaml.YAMLError, ValueError) as problem:
        raise FieldError("body", f"This is not YAML: {problem}.") from problem


def check(events: Iterator[Event]) -> None:
    """Refuse what grows when it is read, before anything is made of it. Raises FieldError."""
    depth = nodes = documents = 0
    for event in events:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            refuse(event, "anchors and aliases are not read: write it out")
        if isinstance(event, CollectionStartEvent | ScalarEvent) and is_foreign(event.tag):
            refuse(event, f"the tag {event.tag} is not read")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        nodes += isinstance(event, NodeEvent)
        documents += isinstance(event, DocumentStartEvent)
        if depth > DEEPEST:
            refuse(event, f"this is nested deeper than {DEEPEST} levels")
        if nodes > MOST_NODES:
            refuse(event, f"this has more than {MOST_NODES:,} parts")
        if documents > 1:
            refuse(event, "a file holds one dashboard")


def is_foreign(tag: str | None) -> bool:
    return tag not in (
        None,
        "!",
        *(
            f"tag:yaml.org,2002:{name}"
            for name in ("str", "int", "float", "bool", "null", "map", "seq")
        ),
    )


def refuse(event: Event, why: str) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 0
    raise FieldError("body", f"This YAML cannot be read: line {line}: {why}.")
