"""Which series there are, and what their labels are called and hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.series.matching import Matcher
from analytics.series.sql.conditions import NAME, Params, column, condition
from portal.store.query import Query

Sets = Sequence[Sequence[Matcher]]
# The engine hears of a series once an hour (writing.ANNOUNCED_AGAIN_AFTER), and a bit later.
SLACK_MS = 65 * 60_000
FIRST_MS, LAST_MS = -2_208_988_800_000, 10_413_791_999_999  # 1900 to 2299


def ids(sets: Sets, start_ms: int, end_ms: int, limit: int) -> Query:
    """Ask for `id`, ascending."""
    params: Params = {}
    sql = (
        f"SELECT id FROM series WHERE {condition(sets, params)} {_alive(start_ms, end_ms, params)}"
    )
    return Query(f"{sql} ORDER BY id{_limited(limit, params)}", params)


def label_names(sets: Sets, start_ms: int, end_ms: int, limit: int) -> Query:
    """Ask for `label`: the names of all labels, in order."""
    params: Params = {"own": NAME}
    alive = _alive(start_ms, end_ms, params)
    sql = f"""
        SELECT DISTINCT arrayJoin(names) AS label FROM (
            SELECT id, any(arrayPushBack(mapKeys(labels), {{own:String}})) AS names FROM series
            WHERE {condition(sets, params)} {alive}
        ) ORDER BY label{_limited(limit, params)}"""
    return Query(sql, params)


def label_values(name: str, sets: Sets, start_ms: int, end_ms: int, limit: int) -> Query:
    """Ask for `held`: the values of one label, in order."""
    params: Params = {}
    # The metrics' names without a look at the rows' labels: they are asked of every page.
    held = "name" if name == NAME else column(name, params)
    alive = _alive(start_ms, end_ms, params)
    sql = f"""
        SELECT DISTINCT held FROM (
            SELECT id, any({held}) AS held FROM series
            WHERE {condition(sets, params)} {alive}
        ) WHERE held != '' ORDER BY held{_limited(limit, params)}"""
    return Query(sql, params)


def _alive(start_ms: int, end_ms: int, params: Params) -> str:
    params |= {"alive_from": known_ms(start_ms - SLACK_MS), "alive_to": known_ms(end_ms)}
    return (
        "GROUP BY id HAVING max(last_at) > fromUnixTimestamp64Milli({alive_from:Int64})"
        " AND min(first_at) <= fromUnixTimestamp64Milli({alive_to:Int64})"
    )


def known_ms(ms: int) -> int:
    """Return the moment, or the nearest that the engine has a time for."""
    return min(max(ms, FIRST_MS), LAST_MS)


def _limited(limit: int, params: Params) -> str:
    if not limit:
        return ""
    params["most"] = limit
    return " LIMIT {most:UInt64}"
