"""Lifecycle and stickiness by looking at every person and bucket. (SEMANTICS 7)"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.insights.events import Event
from tests.insights.oracles.asking import Asked

STATUSES = ("new", "returning", "resurrecting", "dormant")
Point = tuple[datetime, int, bool]


def active(asked: Asked) -> dict[Any, list[Event]]:
    """Return each person's events that count."""
    found: dict[Any, list[Event]] = {}
    for event in asked.meant(asked.body["event"], asked.body.get("where", ())):
        who = asked.world.who(event)
        if who is not None and event.at < asked.end:
            found.setdefault(who, []).append(event)
    return found


def lifecycle(asked: Asked) -> dict[str, list[Point]]:
    """Return the points of each status; of the range's first bucket only what lies in the range."""
    calendar = asked.calendar()
    buckets = calendar.buckets(asked.start, asked.end)
    earlier = buckets[0][0]
    before = calendar.floor(earlier - timedelta(seconds=1))
    people = active(asked).values()
    found: dict[str, list[Point]] = {status: [] for status in STATUSES}
    last = (before, earlier)
    for begin, end in buckets:
        counts = dict.fromkeys(STATUSES, 0)
        for events in people:
            status = status_of(events, (max(begin, asked.start), end), last)
            if status:
                counts[status] += -1 if status == "dormant" else 1
        is_over = asked.start <= begin and end <= min(asked.end, asked.as_of)
        for status in STATUSES:
            found[status].append((begin, counts[status], is_over))
        last = (max(begin, asked.start), end)
    return found


def status_of(
    events: list[Event], now: tuple[datetime, datetime], last: tuple[datetime, datetime]
) -> str:
    is_active = any(now[0] <= event.at < now[1] for event in events)
    was_active = any(last[0] <= event.at < last[1] for event in events)
    if not is_active:
        return "dormant" if was_active else ""
    if events[0].at >= now[0]:
        return "new"
    return "returning" if was_active else "resurrecting"


def stickiness(asked: Asked) -> list[int]:
    """Return how many persons were active in 1, 2, … buckets of the range."""
    calendar = asked.calendar()
    days = [
        len({calendar.floor(event.at) for event in events if event.at >= asked.start})
        for events in active(asked).values()
    ]
    buckets = len(calendar.buckets(asked.start, asked.end))
    return [days.count(number) for number in range(1, buckets + 1)]
