"""The list of events, newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from analytics.insights.definitions.events import EventList, Place
from analytics.insights.sql.params import EPOCH, Params
from analytics.insights.sql.selection import Selection, where
from portal.store.query import Query, TimeRange

COLUMNS = (
    "id", "name", "user_id", "anonymous_id", "session_id", "ts", "received_at", "platform",
    "version", "service", "environment", "flags", "source", "properties",
)  # fmt: skip
# Most lists end within the newest day; only those that do not pay for reading further back.
STEPS = (timedelta(days=1), timedelta(days=7), timedelta(days=60))


def listing(asked: EventList, window: TimeRange, person: str, *, limit: int) -> Query:
    """Return the newest events of a window: COLUMNS and `person`."""
    params = Params()
    selection = Selection(asked.name or None, window, asked.where)
    more = [f"user_id = {params.text(asked.user_id)}"] if asked.user_id else []
    if asked.person is not None:
        more.append(f"{person} = {params.add(asked.person, 'UInt64')}")
    if asked.after:
        more.append(_after(asked.after, params))
    sql = f"""
SELECT {", ".join(COLUMNS)}, {person} AS person
FROM events
WHERE {where(selection, params, person, *more)}
ORDER BY ts DESC, source DESC, id DESC
LIMIT {params.add(limit, "UInt32")}"""
    return Query(sql.strip(), params.values)


def _after(place: Place, params: Params) -> str:
    at = params.instant(moment(place.at_us))
    source, event_id = params.add(place.source, "UInt32"), params.text(place.id)
    return f"(ts, source, id) < ({at}, {source}, {event_id})"


def moment(at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=at_us)


def spans(window: TimeRange, after: Place | None) -> Iterator[TimeRange]:
    """Cut a window into spans from the newest to the oldest, each longer than the one before."""
    end = window.end
    if after:
        # The event of the cursor itself must be inside, for those of the same instant.
        end = min(end, moment(after.at_us + 1))
    for step in STEPS:
        start = max(window.start, _midnight(end - step))
        if start < end:
            yield TimeRange(start, end, window.zone)
            end = start
    if window.start < end:
        yield TimeRange(window.start, end, window.zone)


def _midnight(at: datetime) -> datetime:
    """Spans begin with a day in UTC, where the column `day` does."""
    return datetime(at.year, at.month, at.day, tzinfo=UTC)
