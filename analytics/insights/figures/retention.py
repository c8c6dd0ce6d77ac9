"""Draw a retention: the grid of cohorts as a heatmap, and the average curve. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any

from analytics.insights.buckets import Interval
from analytics.insights.figures.trend import SPECIAL, value_text
from portal.lib.text import grouped, humanize

Json = dict[str, Any]
THIN = "\N{NARROW NO-BREAK SPACE}"


def grid(cohorts: Sequence[Json], interval: Interval, value: str = "") -> Json:
    """Return the heatmap of one table: sizes in the first column, rates of return after it.

    `value` is that of the breakdown whose table it is, as JSON; without it, it is everybody's. A
    cell whose time has not ended has a dashed edge.
    """
    names = list(map(escape, cohort_names(cohorts, interval)))
    periods = range(1, max((len(cohort["returned"]) for cohort in cohorts), default=1))
    rows = list(enumerate(zip(names, cohorts, strict=True)))
    sizes = {
        "type": "heatmap", "name": "People", "x": [0], "y": names,
        "z": [[cohort["size"]] for cohort in cohorts],
        "text": [[grouped(cohort["size"])] for cohort in cohorts],
        "customdata": [[f"{grouped(cohort['size'])} people began"] for cohort in cohorts],
        "meta": {"role": "plain", "cells": [[cell(c, 0, interval, value)] for c in cohorts]},
    }  # fmt: skip
    rates = {
        "type": "heatmap", "name": "Came back", "x": list(periods), "y": names, "zmin": 0,
        "zmax": max((r for c in cohorts for n in periods if (r := rate(c, n))), default=1),
        "z": [[rate(cohort, n) for n in periods] for cohort in cohorts],
        "text": [[percent(rate(cohort, n)) for n in periods] for cohort in cohorts],
        "customdata": [[said(cohort, n, interval) for n in periods] for cohort in cohorts],
        "meta": {"cells": [[cell(c, n, interval, value) for n in periods] for c in cohorts]},
    }  # fmt: skip
    look = {
        "texttemplate": "%{text}",
        "hovertemplate": "<b>%{y}</b><br>%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    shapes = [edge(row, n) for row, (_, cohort) in rows for n in periods if is_running(cohort, n)]
    return {"data": [sizes | look, rates | look], "layout": _layout(interval, periods, shapes)}


def _layout(interval: Interval, periods: range, shapes: Sequence[Json]) -> Json:
    return {
        "meta": {"unit": "ratio"},
        "xaxis": {
            "side": "top", "fixedrange": True, "tickmode": "array",
            "tickvals": [0, *periods],
            "ticktext": ["People", *(period_name(n, interval) for n in periods)],
        },
        "yaxis": {
            "type": "category", "autorange": "reversed", "showgrid": False, "zeroline": False,
            "nticks": 0,
        },
        "hovermode": "closest",
        "shapes": list(shapes),
    }  # fmt: skip


def period_name(period: int, interval: Interval) -> str:
    return f"{interval[0].upper()}{period}"


def rate(cohort: Json, period: int) -> float | None:
    """Return the share that came back; None for a period not begun or a cohort of nobody."""
    if period >= len(cohort["returned"]) or not cohort["size"]:
        return None
    return float(cohort["returned"][period] / cohort["size"])


def percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f}{THIN}%"


def is_running(cohort: Json, period: int) -> bool:
    return rate(cohort, period) is not None and not cohort["complete"][period]


def said(cohort: Json, period: int, interval: Interval) -> str:
    """Say a cell in words."""
    share = rate(cohort, period)
    if share is None:
        return ""
    counted = f"{grouped(cohort['returned'][period])} of {grouped(cohort['size'])} people"
    so_far = f"<br>so far: this {interval} has not ended" if is_running(cohort, period) else ""
    return f"{interval} {period}: {counted} came back, {humanize(share, 'ratio')}{so_far}"


def cell(cohort: Json, period: int, interval: Interval, value: str) -> Json | None:
    """Say which people stand behind a cell; None where there is nobody."""
    if period >= len(cohort["returned"]) or not cohort["returned"][period]:
        return None
    return who(cohort["start"], period, interval) | ({"value": value} if value else {})


def who(start: str, period: int, interval: Interval) -> Json:
    began = f"began in the {interval} of {start[:10]}"
    title = f"People who {began}" if not period else f"Came back in {interval} {period}, {began}"
    return {"start": start, "period": period, "title": title}


def edge(row: int, period: int) -> Json:
    """Return the dashed edge of a cell that may still grow."""
    return {
        "type": "rect", "x0": period - 0.44, "x1": period + 0.44, "y0": row - 0.4, "y1": row + 0.4,
    }  # fmt: skip


def cohort_names(cohorts: Sequence[Json], interval: Interval) -> list[str]:
    """Name cohorts by their beginning: "2 Mar", "Mar 2026", "2026"; with the year where it changes."""
    starts = [datetime.fromisoformat(cohort["start"]) for cohort in cohorts]
    if interval in {"month", "year"}:
        return [f"{at:%b %Y}" if interval == "month" else f"{at:%Y}" for at in starts]
    has_year = len({at.year for at in starts}) > 1
    return [f"{at.day} {at:%b}{f' {at:%Y}' if has_year else ''}" for at in starts]


def curve(answer: Json, interval: Interval) -> Json:
    """Return the average over the cohorts by period; with a breakdown a line a value."""
    groups = answer.get("breakdown") or []
    traces = list(_lines(groups, interval)) or [line(answer["average"], "Average", interval)]
    earlier = answer.get("compare")
    if earlier and not groups:
        before = line(earlier["average"], "Average", interval)
        traces.insert(
            0, before | {"meta": {"role": "compare", "state": "accent"}, "showlegend": False}
        )
    layout = {
        "meta": {"unit": "ratio"}, "yaxis": {"rangemode": "tozero"},
        "xaxis": {"type": "category", "fixedrange": True, "tickangle": 0},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _lines(groups: Sequence[Json], interval: Interval) -> Iterator[Json]:
    for group in groups:
        value = group["value"]
        meta = {"series": value} if isinstance(value, str) and value in SPECIAL else {}
        yield line(group["average"], value_text(value), interval) | {"meta": meta}


def line(average: Sequence[float | None], name: str, interval: Interval) -> Json:
    names = [period_name(n, interval) for n in range(1, len(average))]
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": names, "y": list(average[1:]),
        "meta": {"state": "accent"},
    }  # fmt: skip
