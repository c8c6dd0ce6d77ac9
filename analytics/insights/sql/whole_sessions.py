"""Sessions counted as wholes: how many, how long, with what they began and ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.insights.buckets import Grid
from analytics.insights.definitions.sessions import Sessions
from analytics.insights.definitions.trend import Series
from analytics.insights.sql.buckets import index_of
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.sessions import Reading, walks
from analytics.insights.sql.trend import OTHER, Source, events_of, key_by
from portal.store.query import Query, TimeRange

# grouping(label, bucket, entry, exit): a set bit is a column that a row is not grouped by.
POINTS, TOTALS, ENTRIES, EXITS, OVERALL = 0b0011, 0b0111, 0b1101, 0b1110, 0b1111


@dataclass(frozen=True)
class Cell:
    """Which sessions of an answer are meant; None is all of them."""

    bucket: int | None = None
    key: str | None = None  # typed; OTHER is whatever is not among `keys`
    entry: str | None = None
    exit: str | None = None
    is_bounce: bool = False


def ranking(asked: Sessions, window: TimeRange, person: str) -> Query:
    """Return the breakdown's values by their sessions, then by name, one more than are shown."""
    params = Params()
    limit = asked.breakdown.limit if asked.breakdown else 0
    sql = f"""
SELECT key, count() AS sessions
FROM ({_sessions(asked, window, person, params)})
GROUP BY key
ORDER BY sessions DESC, if(key = '', '$none', substring(key, 2)), key
LIMIT {params.add(limit + 1, "UInt32")}"""
    return Query(sql.strip(), params.values)


def counted(asked: Sessions, grid: Grid, person: str, keys: Sequence[str]) -> Query:
    """Count sessions by value and bucket, by value, by entry, by exit, and all.

    Columns: `level` (POINTS, TOTALS, ENTRIES, EXITS or OVERALL), `label` (place of the value in
    `keys` from 1, 0 for the rest), `bucket`, `entry`, `exit`, `sessions`, `people`, `total_spent` (sum of
    microseconds), `median` (microseconds), `events`, `bounces` (sessions of one event).
    """
    params = Params()
    label = f"indexOf({params.texts(keys)}, key)" if asked.breakdown else "1"
    sql = f"""
SELECT grouping(label, bucket, entry, exit) AS level, label, bucket, entry, exit,
    count() AS sessions, uniqExactIf(who, who != 0) AS people, sum(spent) AS total_spent,
    quantileExactInclusive(0.5)(spent) AS median, sum(size) AS events, countIf(size = 1) AS bounces
FROM (
    SELECT toUInt16({label}) AS label, toUInt16({index_of(grid, params)}) AS bucket,
        entry, exit, who, spent, size
    FROM ({_sessions(asked, grid.window, person, params)})
)
GROUP BY GROUPING SETS ((label, bucket), (label), (entry), (exit), ())
ORDER BY level, label, bucket, sessions DESC, entry, exit"""
    return Query(sql.strip(), params.values)


def members(asked: Sessions, grid: Grid, person: str, cell: Cell, keys: Sequence[str]) -> Query:
    """Return whose sessions are meant: `who`, `at` (microseconds of the first one's beginning)."""
    params = Params()
    found = ["who != 0"]
    if cell.bucket is not None:
        found.append(f"{index_of(grid, params)} = {params.integer(cell.bucket)}")
    if cell.key == OTHER:
        found.append(f"NOT has({params.texts(keys)}, key)")
    elif cell.key is not None:
        found.append(f"key = {params.text(cell.key)}")
    if cell.entry is not None:
        found.append(f"entry = {params.text(cell.entry)}")
    if cell.exit is not None:
        found.append(f"exit = {params.text(cell.exit)}")
    if cell.is_bounce:
        found.append("size = 1")
    sql = f"""
SELECT who, min(toUnixTimestamp64Micro(ts)) AS at
FROM ({_sessions(asked, grid.window, person, params)})
WHERE {" AND ".join(found)}
GROUP BY who"""
    return Query(sql.strip(), params.values)


def _sessions(asked: Sessions, window: TimeRange, person: str, params: Params) -> str:
    """Return the query of one row a session that is asked for.

    Columns: `who`, `ts` and `day` (of its first event), `spent` (microseconds), `size` (events),
    `entry`, `exit` (names), `key` (the breakdown's first value set).
    """
    selection = Selection(None, window, (), asked.sampling)
    source = Source(Series(None), selection, person, asked.breakdown)
    passes = _passes(asked, person, params)
    key = key_by(source, params)
    reading = Reading(
        person,
        where(selection, params, person, f"({person} != 0 OR session_id != '')"),
        asked.session_gap_minutes,
        events_of(source, params),
    )
    chosen = "" if asked.is_all else "\n    WHERE arrayExists(one -> one.5, session)"
    return f"""SELECT who, length(session) AS size, session[-1].1 - session[1].1 AS spent,
        fromUnixTimestamp64Micro(session[1].1, 'UTC') AS ts, toDate32(ts) AS day,
        session[1].4 AS entry, session[-1].4 AS exit,
        arrayFirst(one -> one.6 != '', session).6 AS key
    FROM (
            {walks(reading, ["name", passes, key.typed(key.raw)], params)}
    ){chosen}"""


def _passes(asked: Sessions, person: str, params: Params) -> str:
    named = [] if asked.event is None else [f"name = {params.text(asked.event)}"]
    return " AND ".join([*named, *(condition(one, params, person) for one in asked.where)]) or "1"
