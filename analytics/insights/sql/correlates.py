"""What people did in their attempts at a funnel: events and values, by who converted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.insights.definitions.funnel import Exclusion, Funnel, Step
from analytics.insights.sql.funnel import reach
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.why import Read, joined, key, place_of, sizes_of
from portal.store.query import Query, Table, TimeRange

STRUCTURE = "who UInt64, since Int64, until Int64, converted UInt8"
MOST_VALUES = 300


@dataclass(frozen=True)
class Attempts:
    """Who tried: a table of STRUCTURE, times in microseconds, both ends included."""

    funnel: Funnel
    window: TimeRange
    person: str
    table: Table


def sizes(attempts: Attempts, reads: Sequence[Read]) -> Query:
    """Count the values of each property among the first events looked at: one row, a column each."""
    params = Params()
    return sizes_of(reads, _looked_at(attempts, params), params)


def counted(attempts: Attempts, reads: Sequence[Read]) -> Query:
    """Count who had an event with each value of each property during the attempt.

    Columns: `place` (of the property in `reads`), `key` (typed, '' when not set), `converters`,
    `drop_offs`. At most MOST_VALUES rows a property, the most frequent first.
    """
    params = Params()
    table = params.table(attempts.table)
    keys = ", ".join(f"{key(read, params)} AS k{place}" for place, read in enumerate(reads))
    names = [f"k{place}" for place in range(len(reads))]
    sets = ", ".join(f"({name})" for name in names)
    found = _looked_at(attempts, params)
    sql = f"""
SELECT {place_of(names)} AS place, {joined(names)} AS key,
    uniqExactIf(done.who, converted) AS converters,
    uniqExactIf(done.who, NOT converted) AS drop_offs
FROM (
    SELECT {attempts.person} AS who, toUnixTimestamp64Micro(ts) AS at, {keys}
    FROM events
    WHERE {found} AND {attempts.person} IN (SELECT who FROM {table})
) AS done
INNER JOIN {table} AS attempt ON done.who = attempt.who
WHERE at >= since AND at <= until
GROUP BY GROUPING SETS ({sets})
ORDER BY place, converters + drop_offs DESC, key
LIMIT {params.integer(MOST_VALUES)} BY place"""
    return Query(sql.strip(), params.values, heavy=True)


def later_steps(funnel: Funnel) -> list[str]:
    """Return the events that converters have because they converted."""
    wanted: list[Step | Exclusion] = [*funnel.steps[1:], *funnel.exclusions]
    return sorted({one.event for one in wanted if one.event is not None})


def _looked_at(attempts: Attempts, params: Params) -> str:
    funnel, person = attempts.funnel, attempts.person
    selection = Selection(None, reach(funnel, attempts.window), funnel.where, funnel.sampling)
    own = later_steps(funnel)
    more = [f"name NOT IN {params.texts(own)}"] if own else []
    return where(selection, params, person, f"{person} != 0", *more)
