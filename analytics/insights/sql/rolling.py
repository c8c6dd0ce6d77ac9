"""Weekly and monthly active users: persons active in the days that end with each bucket. Pure.

A person's events are reduced to the cells between window borders; each cell counts for a run of
buckets, and only the ends of the joined runs leave the engine: +1 where a person becomes active,
-1 where they stop. Their running sum is the answer, exact, at one row a person and cell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import gcd

from analytics.insights.buckets import Grid, shifted
from analytics.insights.definitions.trend import ROLLING_DAYS
from analytics.insights.sql.params import EPOCH, Params, microseconds
from analytics.insights.sql.spans import begins_a_day
from analytics.insights.sql.trend import (
    BEST_FIRST,
    Source,
    events_of,
    key_by,
    label_of,
    where_of,
)
from portal.store.query import Query, Sharded, TimeRange, added

DAY_S = 86_400
MAX_UNITS = 30_000


@dataclass(frozen=True)
class Windows:
    """Bucket i counts persons active in [opens[i], closes[i])."""

    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]

    def cells(self) -> tuple[list[datetime], list[int], list[int]]:
        """Return the cells' starts and the run of buckets [first, stop) that each counts for."""
        starts = sorted({*self.opens, *self.closes})[:-1]
        first = [bisect_right(self.closes, at) for at in starts]
        stop = [bisect_right(self.opens, at) for at in starts]
        return starts, first, stop


def windows(grid: Grid, days: int) -> Windows:
    """Return each bucket's rolling window; the last ends with the range, if that cuts it."""
    zone = grid.window.tzinfo
    closes = tuple(min(edge, grid.window.end) for edge in grid.edges[1:])
    return Windows(tuple(shifted(end, -days, "day", zone) for end in closes), closes)


def reaching_back(source: Source, grid: Grid) -> Source:
    """Move a source's selection to the events that count for any bucket's window."""
    begins = windows(grid, ROLLING_DAYS[source.series.math]).opens[0]
    window = TimeRange(begins, grid.window.end, grid.window.zone)
    return replace(source, selection=replace(source.selection, window=window))


def ranking(source: Source, grid: Grid, place: int) -> Query:
    """Rank the values of the breakdown by who was active in one bucket's window, then by name.

    Columns: `key`, best first, at most the breakdown's limit; values that count for no bucket are
    left out.
    """
    params = Params()
    wide = reaching_back(source, grid)
    found = windows(grid, ROLLING_DAYS[source.series.math])
    starts, first, stop = found.cells()
    cell = cell_of(starts, grid.window.end, params)
    is_counted = params.add([a < b for a, b in zip(first, stop, strict=True)], "Array(Bool)")
    opens, closes = params.instant(found.opens[place]), params.instant(found.closes[place])
    key = key_by(source, params)
    limit = source.breakdown.limit if source.breakdown else 1
    best = f"ORDER BY {BEST_FIRST} LIMIT {params.add(limit, 'UInt32')}"
    each = f"""SELECT {key.typed("raw")} AS key, total
FROM (
    SELECT {key.raw} AS raw,
        uniqExactIf({source.person}, ts >= {opens} AND ts < {closes}) AS total
    FROM {events_of(wide, params)}
    WHERE {where_of(wide, params)}
    GROUP BY raw
    HAVING max({is_counted}[{cell}])
)"""
    whole = f"SELECT key, sum(shards.total) AS total FROM shards GROUP BY key {best}"
    sharded = Sharded(f"SELECT key FROM ({whole})", each)
    return Query(f"SELECT key FROM ({each}) {best}", params.values, sharded=sharded)


def rolling(source: Source, grid: Grid, top: Sequence[str]) -> Query:
    """Count the persons who become (+) and cease to be (-) active, per label and bucket.

    Columns: `label`, `place` (bucket; one past the last is possible), `change`.
    """
    params = Params()
    wide = reaching_back(source, grid)
    starts, first, stop = windows(grid, ROLLING_DAYS[source.series.math]).cells()
    firsts = params.add(first, "Array(Int64)")
    stops = params.add(stop, "Array(Int64)")
    sql = f"""
SELECT label, tupleElement(run, 1) AS place, sum(tupleElement(run, 2)) AS change
FROM (
    SELECT label,
        arraySort(groupArray(cell)) AS cells,
        arrayMap(c -> {firsts}[c], cells) AS begins,
        arrayMap(c -> {stops}[c], cells) AS ends,
        arrayMap((b, e) -> greatest(b, e), begins, arrayPushFront(arrayPopBack(ends), 0)) AS fresh,
        arrayFilter((b, e) -> b < e, fresh, ends) AS opened,
        arrayFilter((e, b) -> b < e, ends, fresh) AS closed,
        arrayJoin(arrayConcat(arrayMap(b -> (b, 1), opened), arrayMap(e -> (e, -1), closed))) AS run
    FROM (
        SELECT {label_of(source, top, params)} AS label, {source.person} AS who,
            {cell_of(starts, grid.window.end, params)} AS cell
        FROM {events_of(wide, params)}
        WHERE {where_of(wide, params)}
        GROUP BY label, who, cell
    )
    GROUP BY label, who
)
GROUP BY label, place"""
    return Query(sql.strip(), params.values, sharded=added("change", by=["label", "place"]))


def cell_of(starts: Sequence[datetime], end: datetime, params: Params) -> str:
    """Return the SQL of an event's cell, counted from 1.

    Cells differ in length, but all are made of equal units: the unit is computed, its cell looked
    up in a constant array, which costs a third of a search among the starts.
    """
    seconds = [int((at - starts[0]).total_seconds()) for at in starts]
    unit_s = gcd(*seconds, DAY_S) or DAY_S
    length = int((end - starts[0]).total_seconds() // unit_s) + 1
    if length > MAX_UNITS:
        borders = params.add(seconds, "Array(Int64)")
        places = params.add(list(range(1, len(seconds) + 1)), "Array(UInt16)")
        return (
            f"transform(roundDown({_since(starts[0], 1, params)}, {borders}), {borders}, {places})"
        )
    table = [bisect_right(seconds, unit * unit_s) for unit in range(length)]
    cells = params.add(table, "Array(UInt16)")
    if unit_s == DAY_S and begins_a_day(starts[0]):
        first = params.integer((starts[0] - EPOCH).days)
        return f"{cells}[toInt32(day) - {first} + 1]"
    return f"{cells}[{_since(starts[0], unit_s, params)} + 1]"


def _since(at: datetime, unit_s: int, params: Params) -> str:
    unit = params.integer(unit_s * 1_000_000)
    return f"intDiv(toUnixTimestamp64Micro(ts) - {params.integer(microseconds(at))}, {unit})"


def running(changes: dict[int, int], length: int) -> list[int]:
    """Sum up changes to the number of persons at each bucket."""
    total, values = 0, []
    for place in range(length):
        total += changes.get(place, 0)
        values.append(total)
    return values
