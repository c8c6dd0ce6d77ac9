"""Values of a statement's parameters, checked against the types that it gives them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.lib.field_error import FieldError

WHOLE = re.compile(r"(U?)Int(8|16|32|64)")
TIME = re.compile(
    r"DateTime(?P<fine>64)?(?:\(\s*(?:[0-9]\s*,?\s*)?(?:'(?P<zone>[\w/+-]+)')?\s*\))?"
)
LIST = re.compile(r"Array\((?P<of>.*)\)", re.DOTALL)
MOST_VALUES = 10_000
TYPES = "String, Bool, Int8 to UInt64, Float64, Date, DateTime64(6), UUID, or Array(…) of these"


def bound(types: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value in the engine's writing. Raises FieldError."""
    for name in given:
        if name not in types:
            raise FieldError(f"parameters.{name}", f"The query does not use {{{name}:…}}.")
    return {name: value_of(f"parameters.{name}", kind, given) for name, kind in types.items()}


def value_of(path: str, kind: str, given: Mapping[str, Any]) -> Any:
    name = path.removeprefix("parameters.")
    read = reader_of(kind)
    if read is None:
        raise FieldError("query", f"{{{name}:{kind}}}: a parameter's type is {TYPES}.")
    if given.get(name) is None:
        raise FieldError(path, f"The query needs a value for {name}, of the type {kind}.")
    try:
        return read(given[name])
    except (ValueError, OverflowError, KeyError) as error:
        raise FieldError(path, f"This is not a value of the type {kind}.") from error


def reader_of(kind: str) -> Callable[[Any], Any] | None:
    """Return what reads a JSON value as a type; it raises ValueError."""
    if (found := LIST.fullmatch(kind)) is not None:
        inner = reader_of(found["of"].strip())
        return None if inner is None or LIST.fullmatch(found["of"]) else lambda v: many(v, inner)
    if (found := WHOLE.fullmatch(kind)) is not None:
        bits, is_signed = int(found[2]), not found[1]
        return lambda value: whole(value, bits, is_signed=is_signed)
    if (found := TIME.fullmatch(kind)) is not None:
        zone, is_fine = found["zone"] or "UTC", bool(found["fine"])
        return lambda value: instant(value, zone, is_fine=is_fine)
    return PLAIN.get(kind)


def text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)


def truth(value: Any) -> str:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # JSON of the wrong type is a wrong value here
    return "true" if value else "false"


def whole(value: Any, bits: int, *, is_signed: bool) -> int:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError
    return value


def day(value: Any) -> str:
    return date.fromisoformat(text(value)).isoformat()


def instant(value: Any, zone: str, *, is_fine: bool) -> str:
    """Read RFC 3339, or a time without an offset in UTC; write it in the type's zone."""
    at = datetime.fromisoformat(text(value))
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    written = f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S.%f}"
    return written if is_fine else written.partition(".")[0]


def many(value: Any, inner: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise ValueError
    return [inner(item) for item in value]


PLAIN: dict[str, Callable[[Any], Any]] = {
    "String": text,
    "Bool": truth,
    "Float32": number,
    "Float64": number,
    "Date": day,
    "Date32": day,
    "UUID": lambda value: str(UUID(text(value))),
}
