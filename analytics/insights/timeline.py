"""Events newest first, put together by day and session, as a person's page shows them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


@dataclass
class Session:
    """Events of one session on one day, newest first."""

    key: str
    events: list[Json] = field(default_factory=list)

    @property
    def last(self) -> datetime:
        at: datetime = self.events[0]["at"]
        return at

    @property
    def first(self) -> datetime:
        at: datetime = self.events[-1]["at"]
        return at


@dataclass
class Day:
    """The sessions of one day of the zone's calendar, newest first."""

    date: date
    sessions: list[Session] = field(default_factory=list)


def grouped(events: Iterable[Json], starts: Sequence[int], zone: ZoneInfo) -> list[Day]:
    """Put events (`at`, `sessionId`) together; `starts` as `profiles.session_starts` gives them.

    Sessions of two devices may take turns: then each stands as often as they do.
    """
    key_of = keys(starts)
    found: list[Day] = []
    for event in events:
        day = event["at"].astimezone(zone).date()
        if not found or found[-1].date != day:
            found.append(Day(day))
        sessions = found[-1].sessions
        if not sessions or sessions[-1].key != key_of(event):
            sessions.append(Session(key_of(event)))
        sessions[-1].events.append(event)
    return found


def keys(starts: Sequence[int]) -> Callable[[Json], str]:
    """Return what tells sessions apart: the client's id, else the pause before them."""

    def key_of(event: Json) -> str:
        if event["sessionId"]:
            return f"id {event['sessionId']}"
        at_us = (event["at"] - EPOCH) // timedelta(microseconds=1)
        return f"at {bisect_right(starts, at_us)}"

    return key_of
