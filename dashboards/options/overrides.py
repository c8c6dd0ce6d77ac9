"""Options for some series or columns only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.options.regexes import is_found

BY: tuple[tuple[str, str], ...] = (
    ("name", "Name"),
    ("names", "Any of these names"),
    ("regexp", "Name by a regular expression"),
    ("type", "Type"),
    ("unit", "Unit"),
    ("query", "Query, A or B"),
)
TYPES = ("number", "string", "time", "boolean", "json")


@dataclass(frozen=True)
class Subject:
    """What is shown: a series or a column."""

    name: str
    type: str = "number"
    unit: str = ""
    ref: str = "A"


def options_for(options: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """Return the widget's options with those of the overrides that match; the last one wins."""
    found = dict(options)
    for one in options.get("overrides") or ():
        if matches(one.get("match") or {}, subject):
            found |= one.get("options") or {}
    return found


def own_options(options: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """Return only what overrides say of a series or column."""
    return options_for({"overrides": options.get("overrides")}, subject) | {"overrides": None}


def matches(match: Mapping[str, Any], subject: Subject) -> bool:
    value = match.get("value")
    if match.get("by") == "names":
        return isinstance(value, list) and subject.name in value
    if match.get("by") == "regexp":
        return is_found(str(value), subject.name)
    known = {
        "name": subject.name, "type": subject.type, "unit": subject.unit, "query": subject.ref,
    }  # fmt: skip
    return known.get(str(match.get("by"))) == value
