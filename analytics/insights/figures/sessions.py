"""Draw one measure of sessions over time. Pure."""

from __future__ import annotations

from typing import Any

from analytics.insights.figures.cells import cell_text
from analytics.insights.figures.trend import figure, value_text

Json = dict[str, Any]
WORDS = {
    "sessions": "Sessions", "people": "People", "median_seconds": "Median duration",
    "average_seconds": "Average duration", "events_per_session": "Events per session",
    "bounce_share": "Bounces",
}  # fmt: skip
UNITS = {"median_seconds": "s", "average_seconds": "s", "bounce_share": "ratio"}


def drawn(answer: Json, measure: str) -> Json:
    """Return a line a value of the breakdown, and the period before under the same times."""
    shown = [line(one, measure) for one in answer["series"]]
    earlier = {value_of(one): one for one in answer.get("compare", {}).get("series", ())}
    before = [
        line(earlier[value_of(one)], measure) | {"compare": True}
        for one in answer["series"]
        if value_of(one) in earlier
    ]
    # The comparison stands beside the line at its place: all have one, or none.
    return figure(
        [*shown, *(before if len(before) == len(shown) else [])], unit=UNITS.get(measure, "")
    )


def value_of(one: Json) -> str:
    return cell_text(one.get("breakdown_value"))


def line(one: Json, measure: str) -> Json:
    points = [
        {"t": point["t"], "value": point[measure], "complete": point["complete"]}
        for point in one["points"]
    ]
    own = {"breakdown_value": one["breakdown_value"]} if "breakdown_value" in one else {}
    cells = [cell(one, point) for point in one["points"]]
    return {"label": WORDS[measure], "points": points, "cells": cells, **own}


def cell(one: Json, point: Json | None = None, **edge: Any) -> Json | None:
    """Say whose sessions are meant: of a value, that began at a point, or with an event."""
    if point is not None and not point["people"]:
        return None
    found: Json = {name: cell_text(value) for name, value in edge.items()}
    words = [f"{name} {value}" for name, value in edge.items() if value is not True]
    if "breakdown_value" in one:
        found["breakdown_value"] = cell_text(one["breakdown_value"])
        words.append(value_text(one["breakdown_value"]))
    if point is not None:
        found["t"] = point["t"]
        words.append(point["t"][:16].replace("T", " "))
    return found | {"title": ", ".join(["People with sessions", *words])}
