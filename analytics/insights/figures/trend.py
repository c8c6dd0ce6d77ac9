"""Draw a trend as a plotly figure without colors; the theme gives them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

SPECIAL = {"$other": "Other", "$none": "Not set"}
Json = dict[str, Any]


def figure(series: Sequence[Json], *, chart: str = "line", unit: str = "") -> Json:
    """Return the figure of an answer's series. `chart` is line, area or bar.

    The period before stands under the same times as the one shown; its own times are in the hover.
    A series' `cells` say what stands behind each of its points.
    """
    shown = [one for one in series if not one.get("compare")]
    earlier = [one for one in series if one.get("compare")]
    several = len({one["label"] for one in shown}) > 1
    traces: list[Json] = []
    for place, one in enumerate(shown):
        times = [local(point["t"]) for point in one["points"]]
        if place < len(earlier):
            traces += compared(earlier[place], times, name_of(one, several=several), chart)
        traces += drawn(one, times, name_of(one, several=several), chart)
    layout: Json = {
        "meta": {"unit": unit},
        "xaxis": {"type": "date"},
        "yaxis": {"rangemode": "tozero"},
    }
    if chart == "bar":
        layout["barmode"] = "group" if earlier else "stack"
    return {"data": traces, "layout": layout}


def local(moment: str) -> str:
    """Drop the offset: the axis shows the zone's wall clock."""
    return moment[:19]


def name_of(one: Json, *, several: bool) -> str:
    """Return what a line is called: the breakdown's value, the series' label, or both."""
    if "breakdown_value" not in one:
        return str(one["label"])
    value = value_text(one["breakdown_value"])
    return f"{one['label']} · {value}" if several else value


def value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return SPECIAL.get(value, value) if isinstance(value, str) else f"{value:.15g}"


def drawn(one: Json, times: Sequence[str], name: str, chart: str) -> Iterator[Json]:
    """Draw a series: what is complete, then dashed what is not."""
    points = one["points"]
    key = one.get("breakdown_value")
    meta: Json = {"series": key} if isinstance(key, str) and key in SPECIAL else {}
    meta |= {"cells": one["cells"]} if "cells" in one else {}
    base = shape(chart) | {"name": name, "meta": meta}
    whole = [point["value"] if point["complete"] else None for point in points]
    yield base | {"x": list(times), "y": whole}
    part = partial(points, joined=chart != "bar")
    if any(value is not None for value in part):
        extra = {"meta": {**meta, "role": "incomplete"}, "showlegend": False}
        yield base | {"x": list(times), "y": part} | extra


def partial(points: Sequence[Json], *, joined: bool) -> list[Any]:
    """Keep incomplete points, and for a line the complete neighbors that it is drawn from."""
    kept = [not point["complete"] for point in points]
    if joined:
        kept = [
            is_kept
            or (place > 0 and kept[place - 1])
            or (place + 1 < len(kept) and kept[place + 1])
            for place, is_kept in enumerate(kept)
        ]
        if all(point["complete"] for point in points):
            kept = [False] * len(points)
    return [point["value"] if keep else None for keep, point in zip(kept, points, strict=True)]


def compared(one: Json, times: Sequence[str], name: str, chart: str) -> Iterator[Json]:
    """Draw the period before under the times of the period shown."""
    points = one["points"][: len(times)]
    yield shape("line" if chart == "area" else chart) | {
        "name": name,
        "x": list(times[: len(points)]),
        "y": [point["value"] for point in points],
        "customdata": [local(point["t"])[:16].replace("T", " ") for point in points],
        "hovertemplate": "%{y} (%{customdata})",
        "meta": {"role": "compare", "series": name},
        "showlegend": False,
    }


def shape(chart: str) -> Json:
    if chart == "bar":
        return {"type": "bar"}
    return {"type": "scatter", "mode": "lines"} | ({"stackgroup": "all"} if chart == "area" else {})
