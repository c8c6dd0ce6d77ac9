"""From a retention's definition to its answer: what the masks mean. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid, TooManyPoints, cut, shifted
from analytics.insights.definitions.retention import Retention
from analytics.insights.journeys import array
from analytics.insights.passes import retention as count
from analytics.insights.sql.masks import MAX_BUCKETS
from analytics.insights.sql.trend import OTHER
from analytics.insights.sql.values import value_of
from portal.lib.field_error import FieldError
from portal.store.native import Coded, Columns
from portal.store.query import Query, TimeRange

Json = dict[str, Any]
Ints = NDArray[np.int64]
Read = Callable[[Query], Columns]


@dataclass(frozen=True)
class Periods:
    """The buckets in which cohorts begin (the first `cohorts`), and those in which people return."""

    grid: Grid
    cohorts: int
    periods: int
    as_of: datetime

    def begun(self, cohort: int) -> int:
        """Return how many periods of a cohort have begun, its own included."""
        starts = self.grid.starts[cohort : cohort + self.periods + 1]
        return sum(start < self.as_of for start in starts)

    def complete(self, cohort: int) -> list[bool]:
        ends = self.grid.edges[cohort + 1 :]
        return [end <= self.as_of for end in ends[: self.begun(cohort)]]


def periods_of(retention: Retention, window: TimeRange, as_of: datetime) -> Periods:
    """Cut the cohorts' buckets and those after them. Raises FieldError for too many."""
    try:
        own = cut(window, retention.interval, retention.week_start)
        last = shifted(own.edges[-1], retention.periods, retention.interval, window.tzinfo)
        end = max(own.edges[-1], min(last, as_of))
        wide = TimeRange(window.start, end, window.zone)
        grid = cut(wide, retention.interval, retention.week_start)
    except TooManyPoints as problem:
        raise FieldError("interval", str(problem)) from problem
    if len(grid) > MAX_BUCKETS:
        message = (
            f"Range and periods together are {len(grid):,} {retention.interval}s, more than"
            f" {MAX_BUCKETS:,}: use a wider interval, a shorter range or fewer periods."
        )
        raise FieldError("interval", message)
    return Periods(grid, len(own), retention.periods, as_of)


def answer(retention: Retention, periods: Periods, columns: Columns) -> Json:
    """Return the contract's JSON without `meta`, from the columns of `sql.retention.counted`."""
    key = columns.get("key")
    texts = key.texts if isinstance(key, Coded) else [""]
    groups = key.codes.astype(np.int64) if isinstance(key, Coded) else None
    tables = counted(retention, periods, columns, groups, len(texts))
    body: Json = {"interval": retention.interval} | table(periods, tables.sum(axis=0))
    if retention.breakdown:
        body["breakdown"] = list(by_value(retention, periods, texts, tables))
    return body


def counted(
    retention: Retention, periods: Periods, columns: Columns, groups: Ints | None, count_of: int
) -> Ints:
    """Return the table [group, cohort, period] of persons."""
    out = np.zeros((count_of, periods.cohorts, periods.periods + 1), np.int64)
    if not columns:
        return out
    starts, returns = (words(columns, name) for name in "sr")
    people = array(columns["people"]).astype(np.int64)
    group = np.zeros(people.size, np.int64) if groups is None else groups
    if retention.counting == "exact":
        count.returned(starts, returns, people, group, out)
    else:
        shown = [max(0, periods.begun(cohort) - 1) for cohort in range(periods.cohorts)]
        shown_ = np.array(shown, np.int64)
        count.returned_or_later(starts, returns, people, group, shown_, out)
    return out


def words(columns: Columns, name: str) -> NDArray[np.uint64]:
    found = [
        array(columns[f"{name}{word}"])
        for word in range(len(columns))
        if f"{name}{word}" in columns
    ]
    return np.ascontiguousarray(np.stack(found, axis=1))


def table(periods: Periods, counts: Ints) -> Json:
    """Return one group's cohorts, and the average curve over them."""
    zone = periods.grid.window.tzinfo
    cohorts = [
        {
            "start": start.astimezone(zone).isoformat().replace("+00:00", "Z"),
            "size": int(counts[place, 0]),
            "returned": counts[place, : periods.begun(place)].tolist(),
            "complete": periods.complete(place),
        }
        for place, start in enumerate(periods.grid.starts[: periods.cohorts])
    ]
    return {"cohorts": cohorts, "average": list(averages(cohorts, periods.periods))}


def averages(cohorts: list[Json], periods: int) -> Iterator[float | None]:
    """Weight each period by the cohorts' sizes; cells that are not complete are left out."""
    most = max((len(cohort["returned"]) for cohort in cohorts), default=0)
    for period in range(min(periods + 1, most)):
        shown = [
            (cohort["returned"][period], cohort["size"])
            for cohort in cohorts
            if period < len(cohort["returned"]) and cohort["complete"][period]
        ]
        size = sum(whole for _, whole in shown)
        yield sum(part for part, _ in shown) / size if size else None


def by_value(
    retention: Retention, periods: Periods, texts: list[str], tables: Ints
) -> Iterator[Json]:
    """Yield each value's table, the largest first, then the rest together."""
    if retention.breakdown is None:
        return
    sizes = tables[:, :, 0].sum(axis=1)
    found = [place for place in range(len(texts)) if sizes[place]]
    found.sort(key=lambda place: (-int(sizes[place]), texts[place][1:] or "$none", texts[place]))
    limit = retention.breakdown.limit
    for place in found[:limit]:
        yield {"value": value_of(texts[place]), **table(periods, tables[place])}
    if len(found) > limit:
        rest = tables[found[limit:]].sum(axis=0)
        yield {"value": OTHER, **table(periods, rest)}
