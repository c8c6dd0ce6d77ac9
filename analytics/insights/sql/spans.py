"""When an event happened, as SQL conditions that lead into the primary key. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analytics.insights.sql.params import Params
from portal.store.query import TimeRange

DAY = timedelta(days=1)


def during(window: TimeRange, params: Params) -> list[str]:
    """Return the conditions that an event lies in the window."""
    last = window.end - timedelta(microseconds=1)
    found = [f"day >= {params.day(window.start)}", f"day <= {params.day(last)}"]
    if not begins_a_day(window.start):
        found.append(f"ts >= {params.instant(window.start)}")
    if not begins_a_day(window.end):
        found.append(f"ts < {params.instant(window.end)}")
    return found


def begins_a_day(at: datetime) -> bool:
    """Tell whether an instant is midnight in UTC, where the column `day` changes."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) % DAY == timedelta(0)
