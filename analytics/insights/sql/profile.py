"""One person: when they were here, under which ids, what they did. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.insights.definitions.filters import InCohort
from analytics.insights.sql.cohorts import Asked, membership
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.sessions import GAP_S
from analytics.insights.sql.spans import during
from portal.store.query import Query, TimeRange

IDENTIFIED = "user_identified"
MAX_TOLD = 10_000


def known(persons: Sequence[int], person: str) -> Query:
    """Return those of these persons who have events: `who`."""
    params = Params()
    asked = params.add(list(persons), "Array(UInt64)")
    sql = f"SELECT {person} AS who FROM events WHERE {person} IN {asked} GROUP BY who"
    return Query(sql, params.values)


def life(person: str, who: int) -> Query:
    """Return `first`, `last`, `events`, `sessions` and `starts`.

    The latter are the beginnings, in microseconds, of the sessions that have no id of their own.
    """
    params = Params()
    gap = params.integer(GAP_S * 1_000_000)
    sql = f"""
SELECT min(ts) AS first, max(ts) AS last, count() AS events,
    uniqExactIf(session_id, session_id != '') + length(starts) AS sessions,
    arraySort(groupArrayIf(toUnixTimestamp64Micro(ts), session_id = '')) AS times,
    arrayFilter((at, since) -> since > {gap}, times, arrayDifference(times)) AS later,
    if(empty(times), emptyArrayInt64(), arrayPushFront(later, times[1])) AS starts
FROM events
WHERE {person} = {params.add(who, "UInt64")}"""
    outer = f"SELECT first, last, events, sessions, starts FROM ({sql.strip()})"
    return Query(outer, params.values)


def ids(person: str, who: int) -> Query:
    """Return by the id that an event counts by: `user_id`, `anonymous_id`, `events`, `first`, `last`."""
    params = Params()
    sql = f"""
SELECT user_id, if(user_id = '', anonymous_id, '') AS device, count() AS events,
    min(ts) AS first, max(ts) AS last
FROM events
WHERE {person} = {params.add(who, "UInt64")}
GROUP BY user_id, device
ORDER BY last DESC, user_id, device"""
    return Query(sql.strip(), params.values)


def told(person: str, who: int) -> Query:
    """Return what the newest events told of a person: `ts`, `properties`, newest first."""
    params = Params()
    sql = f"""
SELECT ts, properties
FROM events
WHERE name = '{IDENTIFIED}' AND {person} = {params.add(who, "UInt64")}
ORDER BY ts DESC, position DESC
LIMIT {MAX_TOLD}"""
    return Query(sql.strip(), params.values)


def names(person: str, who: int) -> Query:
    """Return which events a person did: `name`, `events`, most frequent first."""
    params = Params()
    sql = f"""
SELECT name, count() AS events FROM events WHERE {person} = {params.add(who, "UInt64")}
GROUP BY name ORDER BY events DESC, name"""
    return Query(sql.strip(), params.values)


def days(window: TimeRange, person: str, who: int) -> Query:
    """Return a person's events by day of the window's zone: `day`, `events`."""
    params = Params()
    conditions = " AND ".join([f"{person} = {params.add(who, 'UInt64')}", *during(window, params)])
    sql = f"""
SELECT toDate32(ts, {params.text(window.zone)}) AS day, count() AS events
FROM events
WHERE {conditions}
GROUP BY day"""
    return Query(sql.strip(), params.values)


def cohorts(found: Sequence[InCohort], person: str, stored_as: Sequence[int]) -> Query:
    """Return one row with, for each cohort, whether a person is in it: `c0`, `c1`, ...

    The tables are narrowed to the person's rows, so that a rule costs next to nothing; `stored_as`
    are the numbers under which these may stand.
    """
    params = Params()
    asked = Asked(params, person, condition)
    columns = ", ".join(
        f"max({membership(one, asked)}) AS c{place}" for place, one in enumerate(found)
    )
    numbers = ", ".join(str(int(one)) for one in stored_as)
    only = f"person IN ({numbers})"
    filters = f"{{'events': '{only}', 'person_properties': '{only}'}}"
    sql = f"SELECT {columns} FROM events"
    return Query(sql, params.values, {"additional_table_filters": filters})
