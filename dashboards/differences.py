"""What differs between two documents of a dashboard, for programs and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# The parts of a document that are compared whole; the words that name them.
WHOLE = {
    "name": "the name", "description": "the description", "tags": "the tags",
    "time": "the time range", "tabs": "the tabs", "annotations": "what is marked on charts",
    "links": "the links",
}  # fmt: skip
FIELDS = {
    "title": "the title", "description": "the description", "source": "the source",
    "query": "the query", "refresh_interval": "how often it is asked", "position": "the place",
}  # fmt: skip
DERIVED = ("id", "type", "size", "config")
ABSENT = None


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `part` is "" for the dashboard itself, "widget" or "variable".

    `field` is "" where the whole part was added (`before` None) or removed (`after` None).
    """

    part: str
    key: str
    field: str
    before: Any
    after: Any

    def as_json(self) -> Json:
        return {
            "part": self.part or "dashboard", "key": self.key, "field": self.field,
            "before": self.before, "after": self.after,
        }  # fmt: skip


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what differs, the dashboard's own parts first, then variables and widgets."""
    found = [
        Difference("", "", name, before[name], after[name])
        for name in WHOLE
        if before[name] != after[name]
    ]
    variables = keyed(before["variables"], "name"), keyed(after["variables"], "name")
    found += of_parts("variable", *variables)
    if not found_by(found, "variable") and list(variables[0]) != list(variables[1]):
        found.append(Difference("", "", "variables", list(variables[0]), list(variables[1])))
    found += of_parts("widget", keyed(before["widgets"], "id"), keyed(after["widgets"], "id"))
    return found


def keyed(parts: list[Json], name: str) -> dict[str, Json]:
    return {part[name]: part for part in parts}


def found_by(found: list[Difference], part: str) -> bool:
    return any(one.part == part for one in found)


def of_parts(
    part: str, before: Mapping[str, Json], after: Mapping[str, Json]
) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield Difference(part, key, "", old, new)
        elif old != new:
            flat_old, flat_new = flat(old), flat(new)
            for field in [*flat_old, *(name for name in flat_new if name not in flat_old)]:
                sides = flat_old.get(field, ABSENT), flat_new.get(field, ABSENT)
                if sides[0] != sides[1]:
                    yield Difference(part, key, field, *sides)


def flat(part: Mapping[str, Any]) -> Json:
    """Return the fields that are compared one by one: a widget's options, too, as `config.unit`."""
    own = {name: value for name, value in part.items() if name not in DERIVED}
    options = {f"config.{name}": value for name, value in part.get("config", {}).items()}
    return {**own, **options}


def sentences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say what differs, a sentence a change: "Added “Page views”.", "Moved “Errors” to ..."."""
    titles = {**titles_of(before), **titles_of(after)}
    return list(dict.fromkeys(said(one, titles) for one in differences(before, after)))


def titles_of(document: Mapping[str, Any]) -> dict[str, str]:
    return {one["id"]: one["title"] or f"a {one['config']['kind']}" for one in document["widgets"]}


def said(one: Difference, titles: Mapping[str, str]) -> str:
    if one.part == "variable":
        what = f"the variable {one.key}"
    else:
        what = f"“{titles[one.key]}”" if one.part else ""
    if one.part and not one.field:
        return f"{'Added' if one.before is None else 'Removed'} {what}."
    if one.part != "widget":
        return of_the_dashboard(one) if not one.part else f"Changed {spoken(one.field)} of {what}."
    if one.field == "position":
        return placed(one, what)
    if one.field == "config.kind":
        return f"Drew {what} as {one.after} instead of {one.before}."
    return f"Changed {FIELDS.get(one.field) or spoken(one.field)} of {what}{values(one)}."


def of_the_dashboard(one: Difference) -> str:
    if one.field == "name":
        return f"Renamed the dashboard from “{one.before}” to “{one.after}”."
    return f"Changed {WHOLE.get(one.field, 'the order of variables')}."


def placed(one: Difference, what: str) -> str:
    old, new = one.before, one.after
    if old.get("tab", "") != new.get("tab", ""):
        return f"Moved {what} to another tab."
    moved = (old["x"], old["y"]) != (new["x"], new["y"])
    resized = (old["w"], old["h"]) != (new["w"], new["h"])
    to = f"column {new['x'] + 1}, row {new['y'] + 1}"
    size = f"{new['w']} by {new['h']}"
    if moved and resized:
        return f"Moved {what} to {to} and made it {size}."
    return f"Moved {what} to {to}." if moved else f"Made {what} {size}."


def spoken(field: str) -> str:
    return field.removeprefix("config.").replace("_", " ")


def values(one: Difference) -> str:
    """Say short values on both sides; longer ones are for the comparison."""
    shown = [short(one.before), short(one.after)]
    return f" from {shown[0]} to {shown[1]}" if all(shown) else ""


def short(value: Any) -> str:
    if value is None:
        return "nothing"
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if is_plain and 0 < len(str(value)) <= 24 else ""
