"""The time range in a page's query string, as static/js/lib/time-range.js writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

RELATIVE = re.compile(r"^-(\d{1,4})(m|h|d|w|mo)$")
EXACT = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
# Before anything was measured: "all time" begins here, and engines still hold such a date.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class BadRange(ValueError):
    """The query string names no time range; the message says which parameter and why."""


@dataclass(frozen=True)
class Chosen:
    """A half-open range [start, end), the zone, and whether it moves with the clock."""

    start: datetime
    end: datetime
    zone: str
    is_relative: bool
    is_all: bool = False


def read(query: Mapping[str, str], now: datetime, *, default: str, zone: str) -> Chosen:
    """Read `from`, `to` and `tz`. Raises BadRange.

    `from` is "-7d" (m, h, d, w, mo back from `to`), "all" or RFC 3339; without `to` it ends now.
    Days, weeks and months back begin at midnight of the zone; minutes and hours do not.
    """
    name = query.get("tz") or zone
    local = _zone(name)
    begin, until = query.get("from") or default, query.get("to") or ""
    end = _instant(until, "to", local) if until else now
    if begin == "all":
        return Chosen(BEGINNING, end, name, is_relative=not until, is_all=True)
    back = RELATIVE.match(begin)
    start = _back(end, int(back[1]), back[2], local) if back else _instant(begin, "from", local)
    if start >= end:
        raise BadRange("`to` must be later than `from`")
    return Chosen(start, end, name, is_relative=not until and back is not None)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise BadRange(f"`tz`: {name!r} is not a time zone such as Europe/Berlin") from problem


def _instant(text: str, name: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise BadRange(
            f"`{name}`: {text!r} is not a time such as 2026-03-01T00:00:00Z"
        ) from problem


def _back(end: datetime, number: int, unit: str, zone: ZoneInfo) -> datetime:
    if unit in EXACT:
        return end - number * EXACT[unit]
    days = number * {"d": 1, "w": 7, "mo": 0}[unit]
    local = end.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 - (number if unit == "mo" else 0), 12)
    if year < 1:
        return BEGINNING
    day = min(local.day, 28) if unit == "mo" else local.day
    midnight = datetime(year, month + 1, day, tzinfo=zone) - timedelta(days=days)
    return midnight.astimezone(UTC)
