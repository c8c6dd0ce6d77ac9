"""The fields that all insights share: time range, zone, and whether the cache may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analytics.insights.definitions.reading import Reader
from portal.lib.field_error import FieldError
from portal.lib.time_range import BadRange, read
from portal.store.query import TimeRange
from portal.store.sources import CACHE_BUCKET

COMMON = ("from", "to", "time_zone", "refresh")
DEFAULT_FROM = "-30d"
OLDEST, NEWEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """A request split into its window and the definition that is left."""

    window: TimeRange
    params: dict[str, Any]
    refresh: bool


def parse_asked(body: Any, now: datetime, default_zone: str) -> Asked:
    """Take the common fields out of a request's body.

    `from` defaults to 30 days before `to`, from midnight of the zone on; `to` to now. Both take
    RFC 3339 or a date (midnight of the zone); `from` also takes "-7d", "-12h", "-2w", "-3mo".
    Raises FieldError.
    """
    reader = Reader(body)
    given = {name: reader.text(name, "") for name in ("from", "to", "time_zone")}
    refresh = reader.flag("refresh")
    window = parse_window(given, now, default_zone)
    params = {name: value for name, value in reader.values.items() if name not in COMMON}
    return Asked(window, params, refresh)


def parse_window(given: Mapping[str, str], now: datetime, default_zone: str) -> TimeRange:
    """Read `from`, `to` and `time_zone`. Raises FieldError."""
    query = {
        "from": given.get("from", ""),
        "to": given.get("to", ""),
        "tz": given.get("time_zone", ""),
    }
    try:
        chosen = read(query, tick_after(now), default=DEFAULT_FROM, zone=default_zone)
    except BadRange as problem:
        message = str(problem).replace("`tz`", "`time_zone`")
        raise FieldError(message.split("`")[1], message) from problem
    start = OLDEST if chosen.is_all else chosen.start
    for name, at in (("from", start), ("to", chosen.end)):
        if not OLDEST <= at <= NEWEST:
            raise FieldError(name, f"`{name}` must lie between 1900 and 2299.")
    return TimeRange(start, chosen.end, chosen.zone)


def tick_after(now: datetime) -> datetime:
    """Return the end of the cache's bucket, so that all who ask "until now" ask the same."""
    return now + (datetime.min.replace(tzinfo=UTC) - now) % CACHE_BUCKET
