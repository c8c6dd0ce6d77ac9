"""An answer's series as tables: totals, points, CSV. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.insights.figures.trend import name_of
from analytics.insights.spreadsheet import Table

Json = dict[str, Any]


def totals(series: Sequence[Json]) -> list[Json]:
    """Return one row a line: name, total, average of complete points, the period before, change."""
    shown = [one for one in series if not one.get("compare")]
    earlier = [one for one in series if one.get("compare")]
    several = len({one["label"] for one in shown}) > 1
    rows = []
    for place, one in enumerate(shown):
        before = earlier[place]["total"] if place < len(earlier) else None
        rows.append(
            {
                "name": name_of(one, several=several),
                "value": one.get("breakdown_value"),
                "total": one["total"],
                "average": average(one),
                "before": before,
                "change": change(one["total"], before),
            }
        )
    return rows


def average(one: Json) -> float | None:
    """Return the mean of the complete points that have a value."""
    values = [p["value"] for p in one["points"] if p["complete"] and p["value"] is not None]
    return sum(values) / len(values) if values else None


def change(now: Any, before: Any) -> float | None:
    return None if not before or now is None else (now - before) / before


def points(series: Sequence[Json]) -> tuple[list[str], list[Json]]:
    """Return the lines' names and one row a time: t, complete, cells."""
    several = len({one["label"] for one in series}) > 1
    names = [
        name_of(one, several=several) + (", period before" if one.get("compare") else "")
        for one in series
    ]
    first = series[0]["points"] if series else []
    rows = [
        {
            "t": point["t"],
            "complete": point["complete"],
            "cells": [
                one["points"][place]["value"] if place < len(one["points"]) else None
                for one in series
            ],
        }
        for place, point in enumerate(first)
    ]
    return names, rows


def point_table(series: Sequence[Json]) -> Table:
    """Return all points, one row each, with the total of each line in front."""
    rows: list[list[Any]] = []
    for one in series:
        period = "previous" if one.get("compare") else "current"
        head = [one["label"], one.get("breakdown_value", ""), period]
        rows.append([*head, "total", one["total"], None])
        rows += [[*head, point["t"], point["value"], point["complete"]] for point in one["points"]]
    return Table("trend", ("series", "breakdown", "period", "time", "value", "complete"), rows)
