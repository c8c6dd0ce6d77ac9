"""In which buckets persons were active, as bit masks. Pure."""

from __future__ import annotations

from analytics.insights.buckets import Grid
from analytics.insights.definitions.activity import Activity
from analytics.insights.sql import masks
from analytics.insights.sql.buckets import index_of
from analytics.insights.sql.params import EPOCH, Params
from analytics.insights.sql.selection import Selection, where
from portal.store.query import UNITED, Query, TimeRange, added

BEGINNING = EPOCH.replace(year=1900)


def buckets(activity: Activity, grid: Grid, person: str) -> Query:
    """Count persons by the number of buckets in which they were active: `buckets`, `people`."""
    params = Params()
    words = masks.words_of(grid)
    active = masks.columns("m", words, "bucket", "groupBitOr({bit})")
    count = " + ".join(f"bitCount({name})" for name in masks.names("m", words))
    selection = Selection(activity.event, grid.window, activity.where, activity.sampling)
    sql = f"""
SELECT {count} AS buckets, count() AS people
FROM (
    SELECT {active}
    FROM (
        SELECT {person} AS who, {index_of(grid, params)} AS bucket
        FROM events
        WHERE {where(selection, params, person, f"{person} != 0")}
    )
    GROUP BY who
)
GROUP BY buckets
ORDER BY buckets"""
    return Query(
        sql.strip(),
        params.values,
        sharded=added("people", by=["buckets"], then="ORDER BY buckets"),
    )


def members(activity: Activity, grid: Grid, person: str, buckets: int) -> Query:
    """Return who was active in so many buckets: `who`, `at` (microseconds of their first event)."""
    params = Params()
    selection = Selection(activity.event, grid.window, activity.where, activity.sampling)
    sql = f"""
SELECT {person} AS who, toUnixTimestamp64Micro(min(ts)) AS at
FROM events
WHERE {where(selection, params, person, f"{person} != 0")}
GROUP BY who
HAVING uniqExact({index_of(grid, params)}) = {params.integer(buckets)}"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def living(activity: Activity, window: TimeRange, grid: Grid, person: str, bucket: int) -> Query:
    """Return who was active in a bucket or the one before, and what makes their status.

    Columns: `who`, `at` (microseconds of their first event in either), `is_first` (their very first
    event lies in the bucket), `now` and `before` (active in which).
    """
    params = Params()
    everything = TimeRange(BEGINNING, window.end, window.zone)
    selection = Selection(activity.event, everything, activity.where, activity.sampling)
    begin = params.instant(max(window.start, grid.edges[bucket]))
    end, before = params.instant(grid.edges[bucket + 1]), params.instant(grid.edges[bucket - 1])
    edge = params.instant(grid.edges[bucket])
    inside = f"(ts >= {begin} AND ts < {end})"
    earlier = f"ts >= {before} AND ts < {edge}"
    if bucket > 1:
        earlier += f" AND ts >= {params.instant(window.start)}"
    sql = f"""
SELECT {person} AS who, toUnixTimestamp64Micro(minIf(ts, ({earlier}) OR {inside})) AS at,
    min(ts) >= {begin} AS is_first, max({inside}) AS now, max(({earlier})) AS before
FROM events
WHERE {where(selection, params, person, f"{person} != 0", f"ts < {end}")}
GROUP BY who
HAVING now OR before"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def lives(activity: Activity, window: TimeRange, grid: Grid, person: str) -> Query:
    """Count persons by when they first came and when they were active.

    The grid begins with the bucket before the window. Columns: `first` (the bucket of the very first
    event when that lies in the window, else 0), `m0`, `m1`, … (active), `people`.
    """
    params = Params()
    words = masks.words_of(grid)
    active = masks.columns("m", words, "bucket", "groupBitOr({bit})")
    everything = TimeRange(BEGINNING, window.end, window.zone)
    selection = Selection(activity.event, everything, activity.where, activity.sampling)
    start, edge = params.instant(window.start), params.instant(grid.edges[0])
    # Of the window's first bucket only what lies in the window counts as active.
    own = f"ts >= {start} OR ts < {params.instant(grid.edges[1])}"
    keys = ["first", *masks.names("m", words)]
    listed = ", ".join(keys)
    sql = f"""
SELECT {listed}, count() AS people
FROM (
    SELECT argMin(if(at >= {start}, bucket, 0), at) AS first, {active}
    FROM (
        SELECT {person} AS who, ts AS at,
            if(ts >= {edge} AND ({own}), {index_of(grid, params)}, {masks.NOWHERE}) AS bucket
        FROM events
        WHERE {where(selection, params, person, f"{person} != 0")}
    )
    GROUP BY who
)
WHERE {masks.is_any("m", words)}
GROUP BY {listed}"""
    return Query(sql.strip(), params.values, sharded=added("people", by=keys))
