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


def activity(person: str, who: int, zone: str) -> Query:
    """Count a person's events by the id that they count by, name and day of the zone.

    Columns: `user_id`, `device` (an anonymous id), `name`, `on_day`, `events`, `first`, `last`. All
    else that a profile counts is added up from these, so that the events are read once.
    """
    params = Params()
    sql = f"""
SELECT user_id, if(user_id = '', anonymous_id, '') AS device, name,
    toDate32(ts, {params.text(zone)}) AS on_day, count() AS events, min(ts) AS first, max(ts) AS last
FROM events
WHERE {person} = {params.add(who, "UInt64")}
GROUP BY user_id, device, name, on_day"""
    return Query(sql.strip(), params.values)


def sessions(window: TimeRange, person: str, who: int) -> Query:
    """Return `named`, the number of sessions with an id of their own, and `starts`.

    The latter are the beginnings, in microseconds, of the sessions that have none.
    """
    params = Params()
    gap = params.integer(GAP_S * 1_000_000)
    conditions = " AND ".join([*during(window, params), f"{person} = {params.add(who, 'UInt64')}"])
    sql = f"""
SELECT uniqExactIf(session_id, session_id != '') AS named,
    arraySort(groupArrayIf(toUnixTimestamp64Micro(ts), session_id = '')) AS times,
    arrayFilter((at, since) -> since > {gap}, times, arrayDifference(times)) AS later,
    if(empty(times), emptyArrayInt64(), arrayPushFront(later, times[1])) AS starts
FROM events
WHERE {conditions}"""
    return Query(f"SELECT named, starts FROM ({sql.strip()})", params.values)


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
