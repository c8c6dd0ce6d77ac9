"""Draw a lifecycle as stacked bars, and stickiness as bars by number of days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.insights.buckets import Interval
from analytics.insights.figures.trend import figure
from portal.lib.text import grouped, humanize

Json = dict[str, Any]
ORDER = ("returning", "resurrecting", "new", "dormant")  # from the zero line outwards
FEW = 12
COLORS = {"returning": "accent", "resurrecting": "info", "new": "success", "dormant": "other"}


def lifecycle(series: Sequence[Json], interval: Interval) -> Json:
    """Return stacked bars per interval; people who fell asleep hang below zero."""
    by_status = {one["status"]: one for one in series}
    lines = [
        {
            "label": status.capitalize(),
            "points": by_status[status]["points"],
            "cells": [living(point, status, interval) for point in by_status[status]["points"]],
        }
        for status in ORDER
    ]
    drawn = figure(lines, chart="bar")
    for trace in drawn["data"]:
        trace["meta"]["state"] = COLORS[trace["name"].lower()]
    drawn["layout"] |= {"barmode": "relative", "hovermode": "x unified"}
    return drawn


def living(point: Json, status: str, interval: Interval) -> Json | None:
    """Say which people stand behind a bar; None where there is nobody."""
    if not point["value"]:
        return None
    title = f"{status.capitalize()} in the {interval} of {point['t'][:10]}"
    return {"t": point["t"], "status": status, "title": title}


def stickiness(answer: Json) -> Json:
    """Return bars of people by the number of intervals in which they were active."""
    points, interval = shown(answer["points"]), answer["interval"]
    data = [bars(points, interval, answer["total"])]
    if "compare" in answer:
        earlier = answer["compare"]["points"][: len(points)]
        before = bars(earlier, interval, answer["compare"]["total"])
        data.insert(0, before | {"name": "People, period before", "meta": {"role": "compare", "state": "accent"}})  # fmt: skip
    ticks = {"dtick": 1} if len(points) <= FEW else {"dtick": 5, "tick0": 0}
    layout = {
        "meta": {"unit": ""}, "barmode": "group", "hovermode": "closest",
        "xaxis": {"fixedrange": True, "title": {"text": f"{interval}s active"}, **ticks},
        "yaxis": {"rangemode": "tozero"},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def shown(points: Sequence[Json]) -> list[Json]:
    """Leave out the numbers of intervals past the last that anybody reached."""
    last = max((place for place, point in enumerate(points, 1) if point["users"]), default=1)
    return list(points[:last])


def bars(points: Sequence[Json], interval: Interval, total: int) -> Json:
    return {
        "type": "bar", "name": "People", "showlegend": False,
        "x": [point["buckets"] for point in points], "y": [point["users"] for point in points],
        "customdata": [said(point, interval, total) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
        "meta": {"state": "accent", "cells": [sticking(point, interval) for point in points]},
    }  # fmt: skip


def said(point: Json, interval: Interval, total: int) -> str:
    share = humanize(point["users"] / total if total else None, "ratio")
    return (
        f"<b>{times(point['buckets'], interval)}</b><br>{grouped(point['users'])} people, {share}"
    )


def sticking(point: Json, interval: Interval) -> Json | None:
    if not point["users"]:
        return None
    title = f"People active on {times(point['buckets'], interval)}"
    return {"buckets": point["buckets"], "title": title}


def times(count: int, interval: Interval) -> str:
    return f"{count} {interval}{'' if count == 1 else 's'}"
