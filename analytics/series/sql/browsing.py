"""Which metrics there are, and what is in their labels. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.series.resolutions import ALL
from portal.store.query import Query

# `last_at` is coarse: a living series is announced once an hour.
ALIVE = "last_at >= fromUnixTimestamp64Milli({since:Int64})"


def oldest() -> Query:
    """Ask each resolution for its number of rows and its first time in ms; parts know it unread."""
    first = "toUnixTimestamp64Milli(toDateTime64(min(ts), 3, 'UTC'))"
    each = (f"SELECT count() AS number, {first} AS first FROM {one.table}" for one in ALL)
    return Query(f"SELECT number, first FROM ({' UNION ALL '.join(each)})", {})


def metrics(words: Sequence[str], since_ms: int, limit: int) -> Query:
    """Ask for `name` and how many series have it; names that begin with the first word lead."""
    params: dict[str, object] = {"since": since_ms, "most": limit}
    holds = ""
    for number, word in enumerate(words):
        holds += f" AND positionCaseInsensitive(name, {{word{number}:String}}) > 0"
        params[f"word{number}"] = word
    first = "positionCaseInsensitive(name, {word0:String}) != 1, " if words else ""
    return Query(
        f"""
        SELECT toString(name) AS metric, uniqExact(id) AS found FROM series
        WHERE {ALIVE}{holds} GROUP BY name ORDER BY {first}name LIMIT {{most:UInt32}}
        """,
        params,
    )


def sayings(names: Sequence[str]) -> Query:
    """Ask for name, type, help and unit: of each name what was said last."""
    return Query(
        """
        SELECT name, argMax(type, last_at), argMax(help, last_at), argMax(unit, last_at)
        FROM metric_metadata WHERE name IN {names:Array(String)} GROUP BY name
        """,
        {"names": list(names)},
    )


def labels(metric: str, since_ms: int, values: int) -> Query:
    """Ask for a label, how many values it has, and those with most series."""
    return Query(
        f"""
        SELECT label, count() AS found, groupArray({{most:UInt32}})(value),
            groupArray({{most:UInt32}})(held)
        FROM (
            SELECT label, value, count() AS held FROM (
                SELECT id, any(labels) AS pairs FROM series
                WHERE name = {{metric:String}} AND {ALIVE} GROUP BY id
            ) ARRAY JOIN mapKeys(pairs) AS label, mapValues(pairs) AS value
            GROUP BY label, value ORDER BY held DESC, value
        )
        GROUP BY label ORDER BY found DESC, label
        """,
        {"metric": metric, "since": since_ms, "most": values},
    )


def life(metric: str) -> Query:
    """Ask for first and last, in milliseconds, and how many series there were."""
    return Query(
        """
        SELECT toUnixTimestamp64Milli(min(first_at)), toUnixTimestamp64Milli(max(last_at)),
            uniqExact(id)
        FROM series WHERE name = {metric:String}
        """,
        {"metric": metric},
    )
