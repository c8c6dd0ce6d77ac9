"""Who persons are: their ids, and what is known of them today. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analytics.insights.definitions.people import PeopleList
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.spans import during
from portal.store.query import Query, TimeRange


def ids(persons: Sequence[int], person: str, days: Collection[date] | None = None) -> Query:
    """Return the newest ids of persons, of some days or of all.

    Columns: `who`, `newest_user`, `newest_anonymous`, `named_at` (of the newest event with a user id).
    """
    params = Params()
    asked = params.add(list(persons), "Array(UInt64)")
    found = [f"{person} IN {asked}"]
    if days is not None:
        listed = [day.isoformat() for day in sorted(days)]
        found.append(f"day IN {params.add(listed, 'Array(Date32)')}")
    sql = f"""
SELECT {person} AS who, argMaxIf(user_id, ts, user_id != '') AS newest_user,
    argMaxIf(anonymous_id, ts, anonymous_id != '') AS newest_anonymous,
    maxIf(ts, user_id != '') AS named_at
FROM events
WHERE {" AND ".join(found)}
GROUP BY who"""
    return Query(sql.strip(), params.values)


def properties(persons: Sequence[int], person: str) -> Query:
    """Return today's properties of persons: `who`, `key`, `latest` (type, string, number, boolean)."""
    params = Params()
    asked = params.add(list(persons), "Array(UInt64)")
    sql = f"""
SELECT {person} AS who, key,
    argMax((type, string, number, boolean), (ts, type)) AS latest
FROM person_properties
WHERE {person} IN {asked}
GROUP BY who, key
ORDER BY key"""
    return Query(sql.strip(), params.values)


def keys(person: str) -> Query:
    """Return which properties persons have: `key`, `types`, `found` (persons); 500 at most."""
    sql = f"""
SELECT key, arraySort(groupUniqArray(type)) AS types, uniq({person}) AS found
FROM person_properties
WHERE type != 'null'
GROUP BY key
ORDER BY found DESC, key
LIMIT 500"""
    return Query(sql.strip(), {})


LATEST = """
        SELECT {person} AS owner, key,
            argMax((type, string, number, boolean), (ts, type)) AS latest
        FROM person_properties
        WHERE {person} != 0
        GROUP BY owner, key"""


@dataclass(frozen=True)
class Page:
    """The part of a list of people that is read at once: `span`, and who comes before it."""

    span: TimeRange
    end: datetime  # of all that is looked at
    after: tuple[int, int] | None  # last seen in microseconds, person
    limit: int


def seen(asked: PeopleList, page: Page, person: str) -> Query:
    """Return who was last seen in a span, newest first: `who`, `at` (microseconds)."""
    params = Params()
    conditions = [
        *during(page.span, params),
        f"{person} != 0",
        *(condition(found, params, person) for found in asked.where),
        *_searched(asked.search, person, params),
    ]
    if page.span.end < page.end:
        later = " AND ".join(during(TimeRange(page.span.end, page.end), params))
        conditions.append(f"{person} NOT IN (SELECT {person} FROM events WHERE {later})")
    having = f"\nHAVING {_after(page.after, params)}" if page.after else ""
    sql = f"""
SELECT {person} AS who, toUnixTimestamp64Micro(max(ts)) AS at
FROM events
WHERE {" AND ".join(conditions)}
GROUP BY who{having}
ORDER BY at DESC, who
LIMIT {params.add(page.limit, "UInt32")}"""
    return Query(sql.strip(), params.values)


def _after(place: tuple[int, int], params: Params) -> str:
    at, who = params.integer(place[0]), params.add(place[1], "UInt64")
    return f"at < {at} OR (at = {at} AND who > {who})"


def _searched(search: str, person: str, params: Params) -> list[str]:
    """Look for a text in every id, and in every text and number that is known today."""
    if not search:
        return []
    text = params.text(search)
    ids = (
        f"SELECT {person} FROM events WHERE positionCaseInsensitiveUTF8(user_id, {text}) > 0"
        f" OR positionCaseInsensitiveUTF8(anonymous_id, {text}) > 0"
    )
    known = f"""SELECT owner FROM ({LATEST.format(person=person)}
        ) WHERE (latest.1 = 'string' AND positionCaseInsensitiveUTF8(latest.2, {text}) > 0)
            OR (latest.1 = 'number' AND toString(latest.3) = {text})"""
    return [f"({person} IN ({ids}) OR {person} IN ({known}))"]


def spans_of_life(persons: Sequence[int], person: str) -> Query:
    """Return of persons `who`, `first`, `last` and `events`."""
    params = Params()
    asked = params.add(list(persons), "Array(UInt64)")
    sql = f"""
SELECT {person} AS who, min(ts) AS first, max(ts) AS last, count() AS events
FROM events
WHERE {person} IN {asked}
GROUP BY who"""
    return Query(sql.strip(), params.values)
