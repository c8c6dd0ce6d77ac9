"""The source `trend`: events counted per interval.

Asked with the body of POST /api/v1/insights/trend without its time range, which is the question's
window. Columns: `t` (time), `series` (label), `breakdown` (text or null), `compare`, `value`
(number or null), `complete`; `extra["series"]` is the contract's JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.insights import counted, fast
from analytics.insights.buckets import cut
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.filters import Filter, InCohort, PropertyFilter
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.trend import ROLLING_DAYS, Series, Trend, parse_trend
from analytics.insights.people import Members, instant_of, members_of
from analytics.insights.planner import OTHER, Line, Plan
from analytics.insights.sources.asking import Asking
from analytics.insights.sql import trend as sql
from analytics.insights.sql.rolling import windows
from analytics.insights.sql.selection import Selection
from portal.lib.field_error import FieldError
from portal.store import nodes
from portal.store.frame import Column, Frame, Meta
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

COLUMNS = (
    Column("t", "time", "Time"),
    Column("series", "string", "Series"),
    Column("breakdown", "string", "Breakdown"),
    Column("compare", "boolean", "Previous period"),
    Column("value", "number", "Value"),
    Column("complete", "boolean", "Complete"),
)


@dataclass(frozen=True)
class TrendSource:
    kind: str = "trend"
    label: str = "Trend"
    cell: tuple[str, ...] = ("series_index", "t", "breakdown_value")

    def run(self, question: Question) -> Frame:
        """Answer a trend. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A trend needs a time range.")
        trend = resolved(parse_trend(question.params, question.window.tzinfo), question.as_of)
        asking = Asking(question)
        has_hours = fast.is_on("rollups")
        plan = Plan(
            trend,
            question.window,
            question.as_of,
            question.person,
            asking.run,
            asking.kept,
            has_hours,
            is_spread=nodes.cluster() is not None,
        )
        lines = plan.lines()
        meta = asking.meta(
            (*plan.warnings, *marks(trend)), counted.sentences(trend, question.window)
        )
        return framed(lines, meta)

    def check(self, question: Question) -> Trend:
        """Return the definition that is asked. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A trend needs a time range.")
        return resolved(parse_trend(question.params, question.window.tzinfo), question.as_of)

    def members(self, question: Question, cell: Reader) -> Members:
        """Return the persons behind a series, at one point (`t`) or in all. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A trend needs a time range.")
        zone = question.window.tzinfo
        trend = resolved(parse_trend(question.params, zone), question.as_of)
        number = cell.integer("series_index", 0, low=0, high=len(trend.series) - 1)
        series = trend.series[number]
        at = instant_of(cell, "t", zone) if cell.values.get("t") is not None else None
        value = cell.take("breakdown_value")
        filters = (
            *trend.where,
            *series.where,
            *([having(value, trend)] if value is not None else []),
        )
        window = bucket_of(trend, series, question.window, at)
        selection = Selection(series.event, window, filters, trend.sampling)
        return members_of(question, sql.members(sql.Source(series, selection, question.person)))


def bucket_of(trend: Trend, series: Series, window: TimeRange, at: datetime | None) -> TimeRange:
    """Return the time that a point counts, or the total when no point is named."""
    plan_grid = cut(window, trend.interval)
    days = ROLLING_DAYS.get(series.math)
    if at is None:
        at = plan_grid.starts[-1] if days else None
    if at is None:
        return window
    if at not in plan_grid.starts:
        raise FieldError("t", f"No {trend.interval} begins then; take a point's `t`.")
    place = plan_grid.starts.index(at)
    if days:
        found = windows(plan_grid, days)
        return TimeRange(found.opens[place], found.closes[place], window.zone)
    start, end = plan_grid.edges[place : place + 2]
    return TimeRange(max(start, window.start), min(end, window.end), window.zone)


def having(value: Any, trend: Trend) -> Filter:
    """Return the filter that a breakdown's value stands for. Raises FieldError."""
    if trend.breakdown is None:
        raise FieldError("breakdown_value", "This trend has no breakdown.")
    told_by = trend.breakdown.property
    if isinstance(told_by, InCohort):
        return told_by.having(value)
    if value == OTHER:
        raise FieldError("breakdown_value", "Choose one of the values; $other is all the rest.")
    if value == "$none":
        return PropertyFilter(told_by, "is_not_set")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return PropertyFilter(told_by, "=", (float(value) if is_number else value,))


def marks(trend: Trend) -> list[str]:
    if trend.sampling == 1:
        return []
    return [f"Estimated from a sample: {trend.sampling:.4g} of all persons, scaled up."]


def framed(lines: Sequence[Line], meta: Meta) -> Frame:
    """Lay lines out as rows, and as the contract's JSON."""
    rows = [(line, point) for line in lines for point in line.points]
    values = (
        [point.at for _, point in rows],
        [line.label for line, _ in rows],
        [None if line.value is None else named(line.value) for line, _ in rows],
        [line.is_comparison for line, _ in rows],
        [point.value for _, point in rows],
        [point.complete for _, point in rows],
    )
    return Frame(COLUMNS, values, meta, {"series": [as_json(line) for line in lines]})


def as_json(line: Line) -> dict[str, Any]:
    """Return the contract's shape of one series."""
    answer: dict[str, Any] = {"label": line.label}
    if line.place is not None:
        answer["series_index"] = line.place
    if line.value is not None:
        answer["breakdown_value"] = line.value
    if line.is_comparison:
        answer["compare"] = True
    answer["points"] = [
        {"t": p.at.isoformat().replace("+00:00", "Z"), "value": p.value, "complete": p.complete}
        for p in line.points
    ]
    return answer | {"total": line.total}


def named(value: str | float | bool) -> str:
    """Return a breakdown value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.15g}"


sources.add(TrendSource())
