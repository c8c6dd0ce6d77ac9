"""The buckets of a zone's calendar, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True)
class Calendar:
    """Hours and minutes in zones whose clock changes by whole hours; days and longer in all."""

    interval: str
    zone: str = "UTC"
    week_start: str = "monday"

    def floor(self, at: datetime) -> datetime:
        """Return the beginning of the bucket that an instant lies in."""
        local = at.astimezone(ZoneInfo(self.zone))
        if self.interval in STEPS:
            past = timedelta(
                minutes=local.minute if self.interval == "hour" else 0,
                seconds=local.second, microseconds=local.microsecond,
            )  # fmt: skip
            return at.astimezone(UTC) - past
        return self.begins(self.first_date(local.date()))

    def first_date(self, day: date) -> date:
        if self.interval == "week":
            while day.strftime("%A").lower() != self.week_start:
                day -= timedelta(days=1)
        if self.interval in {"month", "year"}:
            day = day.replace(day=1)
        return day.replace(month=1) if self.interval == "year" else day

    def begins(self, day: date) -> datetime:
        """Return the first instant that has this date, or a later one where the zone left it out."""
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def after(self, begin: datetime) -> datetime:
        """Return the beginning of the bucket after the one that begins then."""
        if self.interval in STEPS:
            return begin + STEPS[self.interval]
        day = begin.astimezone(ZoneInfo(self.zone)).date()
        while True:
            day += timedelta(days=1)
            if day == self.first_date(day) and self.begins(day) > begin:
                return self.begins(day)

    def buckets(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return (begin, end) of all buckets that a range touches."""
        found = []
        at = self.floor(start)
        while at < end:
            found.append((at, self.after(at)))
            at = found[-1][1]
        return found

    def moved(self, at: datetime, count: int) -> datetime:
        """Move an instant by so many intervals of wall clock time."""
        if self.interval in STEPS:
            return at + count * STEPS[self.interval]
        local = at.astimezone(ZoneInfo(self.zone))
        if self.interval in {"day", "week"}:
            days = count * (7 if self.interval == "week" else 1)
            return (local + timedelta(days=days)).astimezone(UTC)
        months = local.year * 12 + local.month - 1 + count * (12 if self.interval == "year" else 1)
        for day in range(local.day, 27, -1):
            try:
                return local.replace(year=months // 12, month=months % 12 + 1, day=day).astimezone(
                    UTC
                )
            except ValueError:  # the month is shorter
                continue
        return local.replace(year=months // 12, month=months % 12 + 1).astimezone(UTC)

    def previous(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Move a range back by the least number of whole intervals that covers it."""
        count = 1
        while self.moved(start, count) < end:
            count += 1
        return self.moved(start, -count), self.moved(end, -count)
