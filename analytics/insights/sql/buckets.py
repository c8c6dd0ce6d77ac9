"""In which bucket an event lies, as SQL. Pure.

Measured on one event's rows, against 13 ms for the bare scan of `ts`: by `day` 9 ms, arithmetic
18 ms, the engine's calendar 25 ms, a search among the edges 45 ms. The first that fits is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from analytics.insights.buckets import CLOCK, Grid, first_date
from analytics.insights.sql.params import Params, microseconds
from analytics.insights.sql.selection import begins_a_day

FIRST_DATE = date(1970, 1, 1)
# 1970-01-01 was a Thursday; 4,000 weeks keep the division above zero back to 1900.
WEEK_SHIFT = 3 + 4_000 * 7


@dataclass(frozen=True)
class Bucketing:
    """An expression that answers a number per event, and which bucket each number means."""

    expression: str
    numbers: dict[int, int]


def bucketing(grid: Grid, params: Params) -> Bucketing:
    """Choose the cheapest exact way to cut a grid."""
    if grid.interval not in CLOCK and all(begins_a_day(edge) for edge in grid.edges):
        return _by_date(grid, "day")
    if grid.width_s:
        return _evenly(grid, params)
    if grid.interval not in CLOCK:
        return _by_date(grid, f"toDate32(ts, {params.text(grid.window.zone)})")
    return _among(grid, params)


def _by_date(grid: Grid, local_date: str) -> Bucketing:
    """Count dates, Mondays or months since 1970 in the zone."""
    dates = [_named_date(start, end, grid) for start, end in pairwise(grid.edges)]
    if grid.interval == "month":
        numbers = [month_number(day) for day in dates]
        expression = f"toInt32(toRelativeMonthNum({local_date}))"
    elif grid.interval == "week":
        numbers = [week_number(day) for day in dates]
        expression = f"toUInt16(intDiv(toInt32({local_date}) + {WEEK_SHIFT}, 7))"
    else:
        numbers = [day_number(day) for day in dates]
        expression = f"toInt32({local_date})"
    return Bucketing(expression, {number: index for index, number in enumerate(numbers)})


def _named_date(start: datetime, end: datetime, grid: Grid) -> date:
    """Return the first date of a bucket. Its middle lies in it whatever the clock did at its start."""
    middle = start + (end - start) / 2
    return first_date(middle.astimezone(grid.window.tzinfo).date(), grid.interval)


def day_number(day: date) -> int:
    return (day - FIRST_DATE).days


def week_number(day: date) -> int:
    return (day_number(day) + WEEK_SHIFT) // 7


def month_number(day: date) -> int:
    return day.year * 12 + day.month


def _evenly(grid: Grid, params: Params) -> Bucketing:
    first = params.integer(microseconds(grid.edges[0]))
    width = params.integer(grid.width_s * 1_000_000)
    expression = f"toUInt16(intDiv(toUnixTimestamp64Micro(ts) - {first}, {width}))"
    return Bucketing(expression, {index: index for index in range(len(grid))})


def _among(grid: Grid, params: Params) -> Bucketing:
    edges = [int((edge - grid.edges[0]).total_seconds()) for edge in grid.starts]
    places = params.add(edges, "Array(Int64)")
    first = params.integer(microseconds(grid.edges[0]))
    expression = f"roundDown(intDiv(toUnixTimestamp64Micro(ts) - {first}, 1000000), {places})"
    return Bucketing(expression, {edge: index for index, edge in enumerate(edges)})
