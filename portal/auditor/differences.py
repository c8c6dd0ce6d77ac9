"""What changed between before and after, line by line, for people to read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["added", "removed", "changed", "same"]
ABSENT: Any = object()


@dataclass(frozen=True)
class Line:
    """One field; `name` is its path, such as `time.from`."""

    name: str
    before: str
    after: str
    kind: Kind


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Line]:
    """Compare field by field, at any depth; lists as a whole. What stayed comes last."""
    lines = list(_compare(before or {}, after or {}, ""))
    return sorted(lines, key=lambda line: line.kind == "same")


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Line]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, ABSENT), after.get(name, ABSENT)
        here = f"{path}{name}"
        if any(_is_nested(one) for one in (was, now)) and all(
            one is ABSENT or isinstance(one, Mapping) for one in (was, now)
        ):
            yield from _compare(
                {} if was is ABSENT else was, {} if now is ABSENT else now, f"{here}."
            )
        else:
            yield Line(here, written(was), written(now), _kind(was, now))


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value)


def _kind(was: Any, now: Any) -> Kind:
    if was is ABSENT:
        return "added"
    if now is ABSENT:
        return "removed"
    return "same" if was == now else "changed"


def written(value: Any) -> str:
    """Write a value for people: texts as they are, lists of texts with commas, else JSON."""
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return value
    if value == []:
        return "none"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
