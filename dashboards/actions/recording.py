"""What the audit trail says of widgets."""

from __future__ import annotations

import json
from typing import Any

from analytics.insights.actions import without_texts, without_values

Json = dict[str, Any]


def changed_widgets(before: Json, after: Json) -> tuple[Json, Json]:
    """Return both sides of the widgets that differ, as {"widgets": {key: what is recorded}}."""
    old, new = ({one["id"]: one for one in side["widgets"]} for side in (before, after))
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    sides = ({key: recorded(side[key]) for key in differing if key in side} for side in (old, new))
    first, second = ({"widgets": side} if side else {} for side in sides)
    return first, second


def recorded(widget: Json) -> Json:
    """Return a widget without values of filters and texts in SQL, which may be about persons."""
    found: Json = without_values(widget)
    if widget["source"] == "insight":
        found["query"] = without_values(as_object(widget["query"]))
    elif widget["source"] == "sql":
        found["query"] = without_texts(widget["query"])
    return found


def as_object(query: str) -> Any:
    try:
        return json.loads(query)
    except ValueError:
        return "not JSON"
