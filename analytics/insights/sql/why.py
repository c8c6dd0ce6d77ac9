"""What the values of many properties counted in two periods, in one scan. Pure.

Measured on 2 million events with 14 properties: grouping sets 0.9 s, one row an event and property
1.1 s, one query a property 1.9 s; reading the properties alone takes 0.3 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.insights.definitions.filters import Property
from analytics.insights.definitions.why import Why
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.spans import during
from analytics.insights.sql.trend import amount_of
from analytics.insights.sql.values import of_event
from analytics.insights.why import Periods
from portal.store.query import Query, Sharded, TimeRange, added

# A property with more values among the first events is not grouped by: it would cost memory.
LOOKED_AT = 100_000
MOST_VALUES = 1_000


@dataclass(frozen=True)
class Read:
    """A property, and the types that its values have: string, number, boolean."""

    property: Property
    types: tuple[str, ...] = ("string", "number", "boolean")


def key(read: Read, params: Params) -> str:
    """Return a value as text that keeps its type, as breakdowns do; only known types are read."""
    operand = of_event(read.property, params)
    if read.property.column:
        return f"if({read.property.column} = '', '', concat('s', {read.property.column}))"
    branches = []
    if operand.text and "string" in read.types:
        branches.append(f"{operand.text[1]}, concat('s', {operand.text[0]})")
    if operand.number and "number" in read.types:
        branches.append(f"{operand.number[1]}, concat('n', toString({operand.number[0]}))")
    if operand.boolean and "boolean" in read.types:
        branches.append(f"{operand.boolean[1]}, if({operand.boolean[0]}, 'btrue', 'bfalse')")
    return f"multiIf({', '.join(branches)}, '')" if branches else "''"


def sizes(why: Why, periods: Periods, reads: Sequence[Read], person: str) -> Query:
    """Count the values of each property among the first events: one row, a column each."""
    params = Params()
    return sizes_of(reads, inside(why, periods, params, person), params)


def sizes_of(reads: Sequence[Read], found: str, params: Params) -> Query:
    """Count the values of each property among the first events that meet a condition."""
    counted = ", ".join(f"uniq(k{place}) AS u{place}" for place in range(len(reads)))
    keys = ", ".join(f"{key(read, params)} AS k{place}" for place, read in enumerate(reads))
    sql = f"""
SELECT {counted}
FROM (
    SELECT {keys}
    FROM events
    WHERE {found}
    LIMIT {params.integer(LOOKED_AT)}
)"""
    return Query(sql.strip(), params.values)


def contributions(why: Why, periods: Periods, reads: Sequence[Read], person: str) -> Query:
    """Count each property's values in both periods, and everything together.

    Columns: `place` (of the property in `reads`; their number for everything together), `key`,
    `now`, `before`, `events_now`, `events_before`, and after them the number of values and the four
    sums over all values of the property. At most MOST_VALUES rows a property, the largest changes
    first.
    """
    params = Params()
    keys = "".join(f"{key(read, params)} AS k{place}, " for place, read in enumerate(reads))
    names = [f"k{place}" for place in range(len(reads))]
    sets = ", ".join([*(f"({name})" for name in names), "()"])
    aggregates = ", ".join(measured(why, params))
    found = ("now", "before", "events_now", "events_before")
    sums = ", ".join(f"sum({name}) OVER (PARTITION BY place) AS all_{name}" for name in found)
    each = f"""SELECT {place_of(names)} AS place, {joined(names)} AS key, {aggregates}
    FROM (
        SELECT {keys}{read_columns(why, person, params)},
            {" AND ".join(during(periods.now, params))} AS is_now
        FROM events
        WHERE {inside(why, periods, params, person)}
    )
    GROUP BY GROUPING SETS ({sets})"""
    most = params.integer(MOST_VALUES)

    def ranked(values: str) -> str:
        return f"""
SELECT place, key, {", ".join(found)}, count() OVER (PARTITION BY place) AS of, {sums}
FROM (
    {values}
)
ORDER BY place, abs(now - before) DESC, key
LIMIT {most} BY place""".strip()

    merge = ranked(added(*found, by=["place", "key"]).merge)
    return Query(ranked(each), params.values, heavy=True, sharded=Sharded(merge, each))


def place_of(names: Sequence[str]) -> str:
    """Return the SQL of which grouping set a row is of.

    `grouping` has a bit for each name, the first the highest, which is 0 where the set has it.
    """
    if not names:
        return "0"
    bits = f"bitXor(toUInt64(grouping({', '.join(names)})), toUInt64({(1 << len(names)) - 1}))"
    return f"if({bits} = 0, {len(names)}, {len(names) - 1} - toUInt64(log2({bits})))"


def joined(names: Sequence[str]) -> str:
    """Return the SQL of a row's key: the columns that its set does not have are empty."""
    return f"concat({', '.join([*names, chr(39) * 2])})" if names else "''"


def read_columns(why: Why, person: str, params: Params) -> str:
    if why.series.math == "unique_users":
        return f"{person} AS whose"
    if why.series.math in {"sum", "avg"}:
        return f"{amount_of(why.series, params)[0]} AS amount"
    return "1 AS one"


def measured(why: Why, params: Params) -> list[str]:
    """Return the four aggregates; the events are counted for averages only."""
    counts = ["0 AS events_now", "0 AS events_before"]
    if why.series.math == "unique_users":
        return [
            "uniqExactIf(whose, is_now) AS now",
            "uniqExactIf(whose, NOT is_now) AS before",
            *counts,
        ]
    if why.series.math == "total":
        return ["countIf(is_now) AS now", "countIf(NOT is_now) AS before", *counts]
    if why.series.math == "avg":
        counts = ["countIf(is_now) AS events_now", "countIf(NOT is_now) AS events_before"]
    return ["sumIf(amount, is_now) AS now", "sumIf(amount, NOT is_now) AS before", *counts]


def inside(why: Why, periods: Periods, params: Params, person: str) -> str:
    """Return the conditions of the events of both periods."""
    both = (periods.before, periods.now)
    span = TimeRange(min(one.start for one in both), max(one.end for one in both), periods.now.zone)
    selection = Selection(why.series.event, span, (*why.where, *why.series.where))
    more = [" OR ".join(f"({' AND '.join(during(one, params))})" for one in both)]
    more[0] = f"({more[0]})"
    if why.series.math in {"sum", "avg"}:
        more.append(amount_of(why.series, params)[1])
    if why.series.math == "unique_users":
        more.append(f"{person} != 0")
    return where(selection, params, person, *more)
