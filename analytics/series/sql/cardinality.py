"""Where series are many: by metric, label, pair of label and value, and source. Pure.

All of them count live series, which are those that were announced in the last `live` seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.store.query import Query

LIMITS: Mapping[str, str | int | float] = {"max_memory_usage": 1 << 30}
LIVE = "(SELECT * FROM series FINAL WHERE heard_last > now() - {live:UInt32})"
NEW = """
    countIf(heard_first > now() - 3600) AS new_in_hour,
    countIf(heard_first > now() - 86400) AS new_in_day
"""
TOP = 100
ORDERS = {"series": "live", "hour": "new_in_hour", "day": "new_in_day"}


def totals(live_s: int) -> Query:
    """Ask for one row: `live`, `new_in_hour`, `new_in_day`, `metrics`."""
    sql = f"SELECT count() AS live, {NEW}, uniqExact(name) AS metrics FROM {LIVE}"
    return Query(sql, {"live": live_s}, LIMITS)


def metrics(live_s: int, limit: int, *, order: str = "series") -> Query:
    """Ask for `name`, `live`, `new_in_hour`, `new_in_day`, in one of ORDERS, the most first."""
    sql = f"""
        SELECT name, count() AS live, {NEW} FROM {LIVE}
        GROUP BY name ORDER BY {ORDERS[order]} DESC, live DESC, name LIMIT {{most:UInt32}}"""
    return Query(sql, {"live": live_s, "most": limit}, LIMITS)


def labels(live_s: int) -> Query:
    """Ask for every label, the most values first: `label`, `held` (how many values), `live`, `bytes`
    of all values, `top` (its TOP values of most series, as minus how many and the value), and up to
    three values as `examples`.

    In one pass over the pairs of label and value: of a million series there are millions.
    """
    sql = f"""
        SELECT label, count() AS held, sum(series) AS live, sum(series * length(value)) AS bytes,
            groupArraySorted({TOP})((-toInt64(series), value)) AS top,
            arraySort(groupArraySample(3, 1)(value)) AS examples
        FROM (
            SELECT label, value, count() AS series
            FROM {LIVE} ARRAY JOIN mapKeys(labels) AS label, mapValues(labels) AS value
            GROUP BY label, value
        ) GROUP BY label ORDER BY held DESC, live DESC, label"""
    return Query(sql, {"live": live_s}, LIMITS, heavy=True)


def sources(live_s: int) -> Query:
    """Ask for `source`, `live`, `new_in_hour`, `new_in_day`, the most first."""
    sql = f"""
        SELECT source, count() AS live, {NEW} FROM {LIVE}
        GROUP BY source ORDER BY live DESC, source"""
    return Query(sql, {"live": live_s}, LIMITS)


def times() -> Query:
    """Ask for one row: `first` and `last` time of all samples in ms, both 0 without any."""
    moment = "toUnixTimestamp64Milli({}(ts))"
    return Query(
        f"SELECT {moment.format('min')} AS first, {moment.format('max')} AS last FROM samples"
    )
