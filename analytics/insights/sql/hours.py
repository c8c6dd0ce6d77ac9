"""Counts of events out of the engine's counts by hour (schema 0003). Pure.

A query that reads them is right without them, too: it only says what they say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import Property
from analytics.insights.sql.params import EPOCH, Params
from analytics.insights.sql.trend import Source
from portal.store.query import Query, TimeRange

HOUR_US = 3_600_000_000
HOUR = f"intDiv(toUnixTimestamp64Micro(ts), {HOUR_US})"
MOMENT = timedelta(microseconds=1)
STANDARD = ("platform", "version", "service", "environment")


@dataclass(frozen=True)
class Unit:
    """What counts come by: an expression that numbers the units since 1970, and their length."""

    expression: str
    length: timedelta


DAYS = Unit("toInt32(day)", timedelta(days=1))
HOURS = Unit(HOUR, timedelta(hours=1))


def unit_of(source: Source, grid: Grid) -> Unit | None:
    """Return the longest unit that answers a source exactly; None when none does."""
    is_count = source.series.math == "total" and source.selection.sampling == 1
    if not is_count or source.selection.where or grid.window.start < EPOCH:
        return None
    if source.breakdown is not None and not _is_standard(source.breakdown.property):
        return None
    for unit in (DAYS, HOURS):
        if all((edge - EPOCH) % unit.length == timedelta(0) for edge in grid.edges):
            return unit if _whole(grid.window, unit) else None
    return None


def _whole(window: TimeRange, unit: Unit) -> range:
    """Return the numbers of the units that lie in a window as a whole."""
    return range(-((EPOCH - window.start) // unit.length), (window.end - EPOCH) // unit.length)


def _is_standard(found: object) -> bool:
    return isinstance(found, Property) and found.column in STANDARD


def counted(source: Source, unit: Unit) -> Query:
    """Count the events of each unit: `unit`, `raw` (the breakdown's value, or ''), `events`.

    What the window has of its first and last unit is counted by the events themselves.
    """
    params = Params()
    window, whole = source.selection.window, _whole(source.selection.window, unit)
    start, end = (EPOCH + number * unit.length for number in (whole.start, whole.stop))
    breakdown = source.breakdown.property if source.breakdown else None
    raw = breakdown.column if isinstance(breakdown, Property) else "''"
    name = source.selection.event
    named = [] if name is None else [f"name = {params.text(name)}"]

    def part(since: datetime, until: datetime, *more: str) -> str:
        days = f"day >= {params.day(since)}", f"day <= {params.day(until - MOMENT)}"
        return f"""
SELECT {unit.expression} AS unit, {raw} AS raw, count() AS events
FROM events
WHERE {" AND ".join([*named, *days, *more])}
GROUP BY unit, raw"""

    numbers = (params.integer(number) for number in (whole.start, whole.stop))
    hours = "{0} >= {1} AND {0} < {2}".format(HOUR, *numbers)
    parts = [part(start, end, *([hours] if unit is HOURS else []))]
    for since, until in ((window.start, start), (end, window.end)):
        if since < until:
            between = f"ts >= {params.instant(since)} AND ts < {params.instant(until)}"
            parts.append(part(since, until, between))
    return Query("\nUNION ALL".join(parts).strip(), params.values)


def cells(rows: Iterable[tuple[int, str, int]], unit: Unit, grid: Grid) -> dict[str, list[int]]:
    """Sum units up to the buckets of a grid, for each raw value."""
    starts = [(edge - EPOCH) // unit.length for edge in grid.starts]
    found: dict[str, list[int]] = {}
    for number, raw, events in rows:
        found.setdefault(raw, [0] * len(grid))[bisect_right(starts, number) - 1] += events
    return found
