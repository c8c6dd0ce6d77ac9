"""The range that a picture shows, as PromQL takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analytics.promql.steps import Window
from analytics.series import browsing
from portal.lib.time_range import BEGINNING
from portal.store import client

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window_between(start: datetime, end: datetime, *, is_here: bool = True) -> Window:
    """Return a range; "all time" begins with the oldest sample that the portal keeps.

    From 1970 on a picture would be all empty but for its last pixel, in steps of months. Of other
    servers (`is_here` false) nobody knows since when they keep.
    """
    if start == BEGINNING and is_here:
        start = max(start, oldest_before(end))
    return Window(ms_of(start), ms_of(end))


def oldest_before(end: datetime) -> datetime:
    try:
        first_ms = browsing.oldest_ms()
    except (client.QueryFailed, client.EngineUnavailable):
        return BEGINNING  # the query itself will say it
    found = BEGINNING if first_ms is None else EPOCH + timedelta(milliseconds=first_ms)
    return found if found < end else BEGINNING


def ms_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)
