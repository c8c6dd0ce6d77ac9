"""Cut a range into the buckets of a zone's calendar. Pure.

Bucket i is [edges[i], edges[i + 1]). Days, weeks (from Monday), months and years begin at the zone's
midnight, so a day may have 23 or 25 hours; hours and minutes are cut in the zone's offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from portal.store.query import TimeRange

Interval = Literal["minute", "hour", "day", "week", "month", "year"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)
WIDTH: dict[Interval, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
CLOCK: tuple[Interval, ...] = ("minute", "hour")
MAX_POINTS = 11_000


class TooManyPoints(ValueError):
    """The range holds more buckets than an answer may have; the text says what to do."""


@dataclass(frozen=True)
class Grid:
    """The buckets that a window touches; the first and last may be cut by the window."""

    window: TimeRange
    interval: Interval
    edges: tuple[datetime, ...]
    week_start: int = 0  # as datetime.weekday() has it

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def starts(self) -> tuple[datetime, ...]:
        return self.edges[:-1]

    @cached_property
    def width_s(self) -> int:
        """Return the width of all buckets in seconds, 0 when they differ."""
        widths = {(end - start) // timedelta(seconds=1) for start, end in pairwise(self.edges)}
        return widths.pop() if len(widths) == 1 else 0

    def complete(self, as_of: datetime) -> list[bool]:
        """Tell for each bucket whether it is over and lies in the window as a whole."""
        end = min(as_of, self.window.end)
        return [
            begins >= self.window.start and ends <= end for begins, ends in pairwise(self.edges)
        ]


def cut(window: TimeRange, interval: Interval, week_start: int = 0) -> Grid:
    """Return the buckets of a window. Raises TooManyPoints."""
    expected = (window.end - window.start) // WIDTH[interval]
    if expected > MAX_POINTS:
        raise TooManyPoints(_advice(window, interval, expected))
    zone = window.tzinfo
    if interval in CLOCK:
        return Grid(window, interval, _clock_edges(window, interval))
    return Grid(window, interval, _dates(window, interval, zone, week_start), week_start)


def _advice(window: TimeRange, interval: Interval, expected: int) -> str:
    wider = [
        name
        for name in INTERVALS[INTERVALS.index(interval) + 1 :]
        if (window.end - window.start) / WIDTH[name] <= MAX_POINTS
    ]
    fix = f"use the interval {wider[0]!r} or a shorter range" if wider else "use a shorter range"
    return f"By {interval} this range has {expected:,} points, more than {MAX_POINTS:,}: {fix}."


def _clock_edges(window: TimeRange, interval: Interval) -> tuple[datetime, ...]:
    width, zone = WIDTH[interval], window.tzinfo
    edges = [_floored(window.start, width, zone)]
    while edges[-1] < window.end:
        at, day_after = edges[-1], edges[-1] + timedelta(days=1)
        if _phase(at, width, zone) == _phase(day_after, width, zone):
            edges += [at + count * width for count in range(1, timedelta(days=1) // width + 1)]
        else:  # some zones change their offset by half an hour: realign after each step
            edges.append(max(_floored(at + width, width, zone), at + timedelta(minutes=1)))
    last = next(place for place, edge in enumerate(edges) if edge >= window.end)
    return tuple(edges[: last + 1])


def _phase(at: datetime, width: timedelta, zone: ZoneInfo) -> timedelta:
    return (at.astimezone(zone).utcoffset() or timedelta(0)) % width


def _floored(at: datetime, width: timedelta, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone).replace(tzinfo=UTC)
    return at - (local - datetime(1, 1, 1, tzinfo=UTC)) % width


def _dates(
    window: TimeRange, interval: Interval, zone: ZoneInfo, week_start: int
) -> tuple[datetime, ...]:
    day = first_date(window.start.astimezone(zone).date(), interval, week_start)
    edges = [midnight(day, zone)]
    while edges[-1] < window.end:
        day = next_date(day, interval)
        begins = midnight(day, zone)
        if begins > edges[-1]:  # a date that the zone skipped has no bucket
            edges.append(begins)
    return tuple(edges)


def first_date(day: date, interval: Interval, week_start: int = 0) -> date:
    """Return the first date of the bucket that a date lies in."""
    if interval == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    if interval == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if interval == "month" else day


def next_date(day: date, interval: Interval) -> date:
    """Return the first date of the bucket after the one that begins on `day`."""
    if interval == "month":
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    if interval == "year":
        return date(day.year + 1, 1, 1)
    return day + WIDTH[interval]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a date begins in a zone.

    Where the clock jumps over midnight, with the jump; where midnight comes twice, with the first.
    Both are what the offset before the change gives.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def shifted(at: datetime, count: int, interval: Interval, zone: ZoneInfo) -> datetime:
    """Move an instant by whole intervals: days and longer ones keep the zone's wall clock."""
    if interval in CLOCK:
        return at + count * WIDTH[interval]
    local = at.astimezone(zone)
    months = {"month": 1, "year": 12}.get(interval)
    if months:
        year, month = divmod(local.year * 12 + local.month - 1 + count * months, 12)
        following = next_date(date(year, month + 1, 1), "month")
        last = (following - timedelta(days=1)).day
        moved = local.replace(year=year, month=month + 1, day=min(local.day, last))
    else:
        moved = local + count * WIDTH[interval]
    return moved.astimezone(UTC)


def previous(window: TimeRange, interval: Interval) -> TimeRange:
    """Return the window before this one, moved by whole intervals so that buckets align.

    It is moved by the least number of intervals that covers the window.
    """
    zone = window.tzinfo
    count = max(1, int((window.end - window.start) / WIDTH[interval]) - 2)
    while shifted(window.start, count, interval, zone) < window.end:
        count += 1
    while count > 1 and shifted(window.start, count - 1, interval, zone) >= window.end:
        count -= 1
    return TimeRange(
        shifted(window.start, -count, interval, zone),
        shifted(window.end, -count, interval, zone),
        window.zone,
    )
