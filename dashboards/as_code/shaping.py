"""What a file of a dashboard holds: the document in a fixed order, without what goes without saying. Pure.

`packed` and `unpacked` are each other's opposites for every checked document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.document import USUAL_MS, checked
from portal.lib.field_error import FieldError

Json = dict[str, Any]
FORMAT = "portal-dashboard-1"
ORDER = (
    "format", "uid", "name", "description", "tags", "time", "variables", "tabs", "annotations", "links", "widgets",
)  # fmt: skip
OF_A_WIDGET = (
    "id",
    "title",
    "description",
    "position",
    "refresh_interval",
    "source",
    "query",
    "config",
)
OF_A_VARIABLE = (
    "name", "label", "kind", "source", "server", "query", "options", "regex", "sort", "multi", "include_all",
    "all_value", "value", "hidden",
)  # fmt: skip
OF_A_POSITION = ("tab", "x", "y", "w", "h")
DERIVED = ("type", "size")


class Inline(dict[str, Any]):
    """What stands on one line of YAML."""


def packed(document: Mapping[str, Any], uid: str = "") -> Json:
    """Return what a file says of a checked document."""
    whole: Json = {"format": FORMAT, **({"uid": uid} if uid else {}), **document}
    whole["time"] = {name: value for name, value in document["time"].items() if value != ""}
    whole["variables"] = [variable(one) for one in document["variables"]]
    whole["widgets"] = [widget(one) for one in document["widgets"]]
    told = {name: value for name, value in whole.items() if value not in ("", [], {})}
    return ordered(told, ORDER)


def unpacked(value: Any) -> tuple[Json, str]:
    """Return the checked document that a file holds, and its uid. Raises FieldError."""
    if not isinstance(value, Mapping):
        raise FieldError("body", "This must be a dashboard: an object with a name and widgets.")
    told = dict(value)
    given = told.pop("format", FORMAT)
    if given != FORMAT:
        raise FieldError("format", f"This must be {FORMAT}.")
    uid = told.get("uid")
    if uid is not None and not isinstance(uid, str):
        raise FieldError("uid", "This must be a string.")
    return checked(told), uid or ""


def widget(given: Mapping[str, Any]) -> Json:
    told = {name: value for name, value in given.items() if name not in DERIVED and value != ""}
    if told.get("refresh_interval") == USUAL_MS:
        del told["refresh_interval"]
    if told.get("source") == "insight":
        told["query"] = opened(given["query"])
    told["position"] = Inline(ordered(given["position"], OF_A_POSITION))
    told["config"] = ordered(given["config"], ("kind",))
    return ordered(told, OF_A_WIDGET)


def opened(query: str) -> Any:
    """Return an insight's definition as an object, where that makes the same text again."""
    try:
        found = json.loads(query)
    except ValueError:
        return query
    return found if isinstance(found, dict) and found and json.dumps(found) == query else query


def variable(given: Mapping[str, Any]) -> Json:
    """Leave out what checking puts in again."""
    told = {
        name: value
        for name, value in given.items()
        if name == "name" or value not in ("", [], False, "none")
    }
    for one in (told, dict(given)):
        if restored(one) == given:
            return ordered(one, OF_A_VARIABLE)
    return dict(given)


def restored(given: Json) -> Json | None:
    try:
        found: Json = checked({"name": "x", "variables": [given]})["variables"][0]
    except FieldError:
        return None
    return found


def ordered(given: Mapping[str, Any], names: Sequence[str]) -> Json:
    """Return the fields in this order; others follow by name."""
    first = {name: given[name] for name in names if name in given}
    return first | {name: given[name] for name in sorted(given) if name not in first}
