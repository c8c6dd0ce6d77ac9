"""Which versions and deployments were first seen in a window. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from portal.store.query import Query, TimeRange

LOOK_BACK = timedelta(days=7)  # what was not seen for so long is new again
LONGEST = timedelta(days=100)  # of a longer range the last part; more marks than that say nothing
MOST = 100


def versions(window: TimeRange, person: str) -> Query:
    """Find versions that began in a window. Columns: `service`, `name`, `first`."""
    return _first(window, person, "version", ())


def deployments(window: TimeRange, person: str, prop: str, events: Sequence[str]) -> Query:
    """Find values of a property of these events that began in a window; columns as `versions`."""
    return _first(window, person, "strings[{property:String}]", events, prop)


def _first(
    window: TimeRange, person: str, value: str, events: Sequence[str], prop: str = ""
) -> Query:
    params = Params()
    start = max(window.start, window.end - LONGEST)
    looked_at = replace(window, start=start - LOOK_BACK)
    more = [f"name IN {params.texts(events)}"] if events else []
    sql = f"""
SELECT service, {value} AS value, min(ts) AS first FROM events
WHERE {where(Selection(None, looked_at), params, person, *more)} AND value != ''
GROUP BY service, value HAVING first >= {params.instant(start)}
ORDER BY first DESC LIMIT {MOST}"""
    values = params.values | ({"property": prop} if prop else {})
    return Query(sql.strip(), values)
