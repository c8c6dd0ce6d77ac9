"""Join what two people made of one document: field by field, widget by widget. Pure.

What only one side changed is taken. What both changed, and not to the same, is a conflict: the merged
document has this side's value there until somebody chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.differences import WHOLE, keyed
from dashboards.document import place, size_of, type_of

Json = dict[str, Any]
GONE = None
# What says one thing only together: half of each side would be nobody's.
JOINED = {"source and query": ("source", "query")}


@dataclass(frozen=True)
class Conflict:
    """Both sides changed this. `field` "" is the whole part: one side removed what the other changed."""

    part: str  # dashboard, variable, widget
    key: str
    field: str
    base: Any
    yours: Any
    theirs: Any

    def as_json(self) -> Json:
        return dict(vars(self))


def merge(base: Json, yours: Json, theirs: Json) -> tuple[Json, list[Conflict]]:
    """Return the document with both sides' changes, and what only a person can decide."""
    conflicts: list[Conflict] = []
    merged: Json = {}
    for name in WHOLE:
        sides = base[name], yours[name], theirs[name]
        merged[name] = one_of("dashboard", "", name, sides, conflicts)
    for part, name, key in (("variable", "variables", "name"), ("widget", "widgets", "id")):
        lists = tuple(keyed(side[name], key) for side in (base, yours, theirs))
        merged[name] = parts(part, lists, conflicts)
    tabs = {one["id"] for one in merged["tabs"]}
    for widget in merged["widgets"]:
        if widget["position"].get("tab", "") not in {"", *tabs}:
            del widget["position"]["tab"]
    place(merged["widgets"])
    merged["widgets"].sort(key=lambda one: (one["position"]["y"], one["position"]["x"]))
    return merged, conflicts


def parts(
    part: str, sides: tuple[Mapping[str, Json], ...], conflicts: list[Conflict]
) -> list[Json]:
    base, yours, theirs = sides
    keys = [*theirs, *(key for key in yours if key not in theirs)]
    found = (
        whole(part, key, (base.get(key), yours.get(key), theirs.get(key)), conflicts)
        for key in keys
    )
    return [one for one in found if one is not None]


def whole(
    part: str, key: str, sides: tuple[Json | None, Json | None, Json | None],
    conflicts: list[Conflict],
) -> Json | None:  # fmt: skip
    base, yours, theirs = sides
    if base is not None and yours is not None and theirs is not None:
        return fields(part, key, (base, yours, theirs), conflicts)
    found: Json | None = one_of(part, key, "", sides, conflicts)
    return {**found} if found else found


def fields(part: str, key: str, sides: tuple[Json, Json, Json], conflicts: list[Conflict]) -> Json:
    flat = tuple(opened(side) for side in sides)
    base, yours, theirs = flat
    merged: Json = {}
    for name in [*theirs, *(name for name in yours if name not in theirs)]:
        given = (base.get(name), yours.get(name), theirs.get(name))
        value = one_of(part, key, name, given, conflicts)
        if value is not GONE:
            merged[name] = value
    return closed(merged)


def opened(part: Json) -> Json:
    """Lay a part's options out beside its fields, and put together what belongs together."""
    found = {name: value for name, value in part.items() if name not in {"config", "type", "size"}}
    for joined, names in JOINED.items():
        if all(name in found for name in names):
            found[joined] = [found.pop(name) for name in names]
    return found | {f"config.{name}": value for name, value in part.get("config", {}).items()}


def closed(flat: Json) -> Json:
    """Undo `opened`; type and size follow from the rest."""
    found: Json = {}
    for name, value in flat.items():
        if name.startswith("config."):
            found.setdefault("config", {})[name.removeprefix("config.")] = value
        elif name in JOINED:
            found |= dict(zip(JOINED[name], value, strict=True))
        else:
            found[name] = {**value} if isinstance(value, dict) else value
    if "position" in found:
        found["type"] = type_of(found["config"]["kind"])
        found["size"] = size_of(found["position"]["w"])
    return found


def one_of(
    part: str, key: str, field: str, sides: tuple[Any, Any, Any], conflicts: list[Conflict]
) -> Any:
    base, yours, theirs = sides
    if yours in (theirs, base):
        return theirs
    if theirs != base:
        conflicts.append(Conflict(part, key, field, base, yours, theirs))
    return yours
