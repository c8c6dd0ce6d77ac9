"""Trends as SQL. Pure.

One query a series answers points and totals: states per cell are merged for the total, so that a
person counts once over the whole range without reading the events twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import InCohort, Property
from analytics.insights.definitions.trend import (
    OVER_VALUES,
    PERCENTILES,
    Breakdown,
    Math,
    Series,
)
from analytics.insights.sql import sessions
from analytics.insights.sql.buckets import bucketing
from analytics.insights.sql.cohorts import Asked, key_by_cohort
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.values import Key, key_of, latest, number_of, of_event, of_person
from portal.store.query import UNITED, Query, Sharded, added

EXACT_UP_TO = 1_000_000
OTHER = "$other"
# What makes one number of those that shards counted, where anything does.
ADDED = {
    "count": "sum",
    "uniqExact": "sum",
    "uniqExactIf": "sum",
    "sum": "sum",
    "min": "min",
    "max": "max",
}
BEST_FIRST = "total DESC NULLS LAST, if(key = '', '$none', substring(key, 2)), key"


@dataclass(frozen=True)
class Part:
    """One aggregate function of a cell; a math divides its first part by its second."""

    function: str
    arguments: str

    def state(self) -> str:
        return f"{self.function_state()}({self.arguments})"

    def function_state(self) -> str:
        name, bracket, rest = self.function.partition("(")
        return f"{name}State{bracket}{rest}"

    def merged(self, state: str) -> str:
        name, bracket, rest = self.function.partition("(")
        return f"{name}Merge{bracket}{rest}({state})"

    def merged_state(self, state: str) -> str:
        name, bracket, rest = self.function.partition("(")
        return f"{name}MergeState{bracket}{rest}({state})"

    def direct(self) -> str:
        return f"{self.function}({self.arguments})"


@dataclass(frozen=True)
class Source:
    """Everything a series' queries share: the selection, the SQL of the person, the breakdown."""

    series: Series
    selection: Selection
    person: str
    breakdown: Breakdown | None = None
    is_approximate: bool = False  # percentiles by t-digest
    has_gaps: bool = False  # some events carry no session id

    @property
    def session(self) -> str:
        return "session" if self.has_gaps else sessions.identified(self.person)


def parts_of(source: Source, params: Params) -> tuple[Part, ...]:
    """Return the aggregates of the series' math."""
    math, person = source.series.math, source.person
    if math in PERCENTILES:
        name = "quantileTDigest" if source.is_approximate else "quantileExactInclusive"
        return (Part(f"{name}({PERCENTILES[math]})", _number(source, params)),)
    if math in OVER_VALUES:
        return (Part(math, _number(source, params)),)
    if math == "per_user_average":
        return (Part("count", ""), Part("uniqExactIf", f"{person}, {person} != 0"))
    if math == "unique_sessions":
        return (Part("uniqExact", source.session),)
    return (Part("count", ""),) if math == "total" else (Part("uniqExact", person),)


def points(source: Source, grid: Grid, top: Sequence[str]) -> Query:
    """Count a series per label and bucket.

    Columns: `label` (place in `top`, from 1; 0 is everything else), `buckets` (numbers of the
    grid's bucketing), then for each part `points` (as long as `buckets`) and `total`.
    """
    params = Params()
    parts = parts_of(source, params)
    sql = f"""
SELECT label, groupArray(bucket) AS buckets,
    {_finished(parts)}
FROM (
    {_cells(source, grid, label_of(source, top, params), "label", params)}
)
GROUP BY label"""
    return Query(sql.strip(), params.values, sharded=_added_points(parts, has_totals=True))


def split_points(source: Source, grid: Grid) -> Query:
    """Count a series without a breakdown per bucket only: columns `label`, `buckets`, `points`.

    With `totals` this takes half the time of merging the states of sets of persons.
    """
    params = Params()
    parts = parts_of(source, params)
    counted = ", ".join(f"{part.direct()} AS s{place}" for place, part in enumerate(parts))
    gathered = ", ".join(f"groupArray(s{place}) AS points{place}" for place in range(len(parts)))
    sql = f"""
SELECT 0 AS label, groupArray(bucket) AS buckets, {gathered}
FROM (
    SELECT {bucketing(grid, params).expression} AS bucket, {counted}
    FROM {events_of(source, params)}
    WHERE {where_of(source, params)}
    GROUP BY bucket
)"""
    return Query(sql.strip(), params.values, sharded=_added_points(parts, has_totals=False))


def totals(source: Source) -> Query:
    """Count a series without a breakdown over its whole window: one row, `total` of each part."""
    params = Params()
    parts = parts_of(source, params)
    counted = ", ".join(f"{part.direct()} AS total{place}" for place, part in enumerate(parts))
    sql = f"""
SELECT {counted}
FROM {events_of(source, params)}
WHERE {where_of(source, params)}"""
    sharded = None
    if is_additive(parts):
        names = (f"total{place}" for place in range(len(parts)))
        joined = (f"{join_of(parts)}(shards.{name}) AS {name}" for name in names)
        sharded = Sharded(f"SELECT {', '.join(joined)} FROM shards")
    return Query(sql.strip(), params.values, sharded=sharded)


def is_split(math: Math) -> bool:
    """Tell whether points and total are cheaper apart than by merging states.

    Sets of persons are slow to merge; what adds up needs no states at all.
    """
    sets = {"unique_users", "unique_sessions", "per_user_average"}
    return math in sets or math in {"total", "sum", "min", "max"}


def ranked_points(source: Source, grid: Grid) -> Query:
    """Count a series per breakdown value and bucket, the best values apart, in one pass.

    Columns: `label` (rank by total, then name, from 1; 0 is everything else), `key` of the value,
    then as `points`.
    """
    params = Params()
    parts = parts_of(source, params)
    key = key_by(source, params)
    limit = params.add(source.breakdown.limit if source.breakdown else 1, "UInt32")
    numbered = [f"s{place}" for place in range(len(parts))]
    merged = ", ".join(
        f"{part.merged_state(f'cell.{place + 2}')} AS s{place}" for place, part in enumerate(parts)
    )
    sql = f"""
SELECT label, any(shown) AS key, groupArray(bucket) AS buckets,
    {_finished(parts)}
FROM (
    SELECT if(rank <= {limit}, rank, 0) AS label, if(rank <= {limit}, key, '') AS shown,
        cell.1 AS bucket, {merged}
    FROM (
        SELECT key, cells, row_number() OVER (ORDER BY {BEST_FIRST}) AS rank
        FROM (
            SELECT {key.typed("raw")} AS key, groupArray((bucket, {", ".join(numbered)})) AS cells,
                {_total(parts, numbered)} AS total
            FROM (
    {_cells(source, grid, key.raw, "raw", params)}
            )
            GROUP BY raw
        )
    )
    ARRAY JOIN cells AS cell
    GROUP BY label, shown, bucket
)
GROUP BY label
ORDER BY label"""
    return Query(sql.strip(), params.values)


def ranking(source: Source) -> Query:
    """Rank the values of the breakdown by their total, then by name.

    Columns: `key` and `total`, best first, at most the breakdown's limit.
    """
    params = Params()
    parts = parts_of(source, params)
    key = key_by(source, params)
    limit = source.breakdown.limit if source.breakdown else 1
    best = f"ORDER BY {BEST_FIRST} LIMIT {params.add(limit, 'UInt32')}"
    names = [f"t{place}" for place in range(len(parts))]
    measured = [f"{part.direct()} AS {name}" for part, name in zip(parts, names, strict=True)]
    each = f"""
SELECT {key.typed("raw")} AS key, {", ".join(names)}
FROM (
    SELECT {key.raw} AS raw, {", ".join(measured)}
    FROM {events_of(source, params)}
    WHERE {where_of(source, params)}
    GROUP BY raw
)"""
    sql = f"SELECT key, {' / '.join(names)} AS total FROM ({each}) {best}"
    sharded = None
    if is_additive(parts):
        total = " / ".join(f"{join_of(parts)}({name})" for name in names)
        merge = f"SELECT key, {total} AS total FROM shards GROUP BY key {best}"
        sharded = Sharded(merge, each.strip())
    return Query(sql, params.values, sharded=sharded)


def is_additive(parts: Sequence[Part]) -> bool:
    """Tell whether what shards counted makes the whole: each person is on one of them."""
    return all(part.function in ADDED for part in parts)


def join_of(parts: Sequence[Part]) -> str:
    """Return the function that makes one of what the shards counted."""
    return ADDED[parts[0].function]


def _added_points(parts: Sequence[Part], *, has_totals: bool) -> Sharded | None:
    """Say how the points of shards become one; None where their states must be merged."""
    if not is_additive(parts):
        return None
    places, join = range(len(parts)), join_of(parts)
    arrays = ", ".join(f"shards.points{place}" for place in places)
    points = "".join(f", found.{place + 2} AS points{place}" for place in places)
    totals = "".join(f", total{place}" for place in places) if has_totals else ""
    added = "".join(f", {join}(shards.total{place}) AS total{place}" for place in places)
    return Sharded(f"""SELECT label, found.1 AS buckets{points}{totals}
FROM (
    SELECT label, {join}Map(shards.buckets, {arrays}) AS found{added if has_totals else ""}
    FROM shards GROUP BY label
)""")


def _cells(source: Source, grid: Grid, group: str, name: str, params: Params) -> str:
    """Return the query of one row of states per group and bucket."""
    parts = parts_of(source, params)
    states = ", ".join(f"{part.state()} AS s{place}" for place, part in enumerate(parts))
    return f"""SELECT {group} AS {name}, {bucketing(grid, params).expression} AS bucket,
        {states}
    FROM {events_of(source, params)}
    WHERE {where_of(source, params)}
    GROUP BY {name}, bucket"""


def _finished(parts: Sequence[Part]) -> str:
    """Return the columns of the answer: each part's points and its total."""
    return ",\n    ".join(
        f"groupArray(finalizeAggregation(s{place})) AS points{place},"
        f" {part.merged(f's{place}')} AS total{place}"
        for place, part in enumerate(parts)
    )


def _total(parts: Sequence[Part], states: Sequence[str]) -> str:
    """Return what a value is ranked by; an average over no person is null, and comes last."""
    merged = [part.merged(state) for part, state in zip(parts, states, strict=True)]
    return merged[0] if len(merged) == 1 else f"{merged[0]} / nullIf({merged[1]}, 0)"


def at_most(source: Source) -> Query:
    """Return how many events could have a value, read from the primary key: one row, `events`."""
    params = Params()
    bare = Selection(source.selection.event, source.selection.window)
    found = where(bare, params, source.person)
    return Query(f"SELECT count() AS events FROM events WHERE {found}", params.values)


def cell_sizes(source: Source, grid: Grid) -> Query:
    """Return the number of values in the fullest bucket and in all: one row, `largest`, `all`."""
    params = Params()
    counted = replace(source, series=replace(source.series, math="avg"))
    sql = f"""
SELECT max(n) AS largest, sum(n) AS all
FROM (
    SELECT {bucketing(grid, params).expression} AS bucket, count() AS n
    FROM {events_of(counted, params)}
    WHERE {where_of(counted, params)}
    GROUP BY bucket
)"""
    return Query(sql.strip(), params.values)


def sessionless(source: Source) -> Query:
    """Count the selected events of persons that carry no session id."""
    params = Params()
    found = where(
        source.selection, params, source.person, "session_id = ''", f"{source.person} != 0"
    )
    sql = f"SELECT count() AS n FROM events WHERE {found}"
    return Query(sql, params.values, sharded=added("n"))


def members(source: Source) -> Query:
    """Return the persons of the selected events: `who`, `at` (microseconds of their first)."""
    params = Params()
    found = where_of(source, params)
    sql = f"""
SELECT {source.person} AS who, toUnixTimestamp64Micro(min(ts)) AS at
FROM {events_of(source, params)}
WHERE {found} AND {source.person} != 0
GROUP BY who"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def last_seen(event: str) -> Query:
    """Return one row: how many events have this name, and when the last one happened."""
    sql = "SELECT count() AS events, max(ts) AS last FROM events WHERE name = {name:String}"
    return Query(sql, {"name": event})


def _number(source: Source, params: Params) -> str:
    return amount_of(source.series, params)[0]


def amount_of(series: Series, params: Params) -> tuple[str, str]:
    """Return the SQL of the number that a series measures, and of whether there is one."""
    if series.number_column:
        return number_of(series.number_column)
    name = params.text(series.measured)
    return f"numbers[{name}]", f"mapContains(numbers, {name})"


def where_of(source: Source, params: Params) -> str:
    series, more = source.series, []
    if series.math in OVER_VALUES:
        more.append(amount_of(series, params)[1])
    if series.math in {"unique_users", "wau", "mau"}:
        more.append(f"{source.person} != 0")
    if series.math == "unique_sessions":
        more.append(f"{source.session} != 0")
    return where(source.selection, params, source.person, *more)


def label_of(source: Source, top: Sequence[str], params: Params) -> str:
    """Return the SQL of a row's place in `top`, from 1; 0 for any other."""
    if source.breakdown is None or not top:
        return "toUInt16(0)"
    places = ", ".join(f"toUInt16({place})" for place in range(1, len(top) + 1))
    key = key_by(source, params)
    raw = params.texts([key.raw_of(one) for one in top])
    return f"transform({key.raw}, {raw}, [{places}], toUInt16(0))"


def key_by(source: Source, params: Params) -> Key:
    if source.breakdown is None:
        return Key("''", is_plain=False)
    found = source.breakdown.property
    if isinstance(found, InCohort):
        return key_by_cohort(found, Asked(params, source.person, condition))
    return key_of(of_person() if found.of == "person" else of_event(found, params))


def events_of(source: Source, params: Params) -> str:
    """Return what to read from: the events, with today's person property beside them if asked."""
    read = "events"
    if source.has_gaps:
        read = f"{sessions.by_gaps(source.selection.window, source.person, params)} AS events"
    found = source.breakdown.property if source.breakdown else None
    if not isinstance(found, Property) or found.of == "event":
        return read
    people = latest(found, source.person, params)
    return f"{read} LEFT ANY JOIN {people} AS people ON {source.person} = owner"
