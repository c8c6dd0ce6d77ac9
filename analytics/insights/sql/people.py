"""Who persons are: their ids, and what is known of them today. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.insights.sql.params import Params
from portal.store.query import Query


def ids(persons: Sequence[int], person: str) -> Query:
    """Return the newest ids of persons: `who`, `user_id`, `anonymous_id`."""
    params = Params()
    asked = params.add(list(persons), "Array(UInt64)")
    sql = f"""
SELECT {person} AS who, argMaxIf(user_id, ts, user_id != '') AS user_id,
    argMaxIf(anonymous_id, ts, anonymous_id != '') AS anonymous_id
FROM events
WHERE {person} IN {asked}
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
