"""How many events each day has: what tells that a kept day is still right.

The engine counts them from its index. It keeps events in parts that never change, each of one month:
as long as a month consists of the same parts, its days have the counts that they had.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from numpy.typing import NDArray

from analytics.insights.sql.kept import events_by_day, parts_by_month
from analytics.insights.sql.params import EPOCH
from portal.store.native import Coded, Columns
from portal.store.query import Query

ReadColumns = Callable[[Query], Columns]
Names = tuple[str, ...] | None  # of events; None: all
Sizes = dict[date, int]
ONE_DAY = timedelta(days=1)
EARLIEST = date(1900, 1, 1)  # that the engine's dates reach
LATEST = date(2299, 12, 31)
OLDEST_MONTH = 0  # the engine keeps what is older than 2000 together
MOST = 10_000  # months that are remembered, of all names


@dataclass(frozen=True)
class Month:
    """What a month's days had while it consisted of certain parts."""

    parts: int
    sizes: Sizes


@dataclass(frozen=True)
class Counts:
    """What this process knows of one table; safe in threads."""

    known: dict[tuple[Names, int], Month] = field(default_factory=dict)

    def by_day(self, names: Names, first: date, last: date, read: ReadColumns) -> Sizes:
        """Count the events of some names per day; days without any are left out.

        Raises client.QueryFailed, client.EngineUnavailable.
        """
        wanted = range(month_of(first), month_of(last) + 1)
        # Before the counts: parts that come in between are counted, and looked at again.
        parts = {month: mark for month, mark in marks(read(parts_by_month())) if month in wanted}
        known = {month: self.known.get((names, month)) for month in parts}
        stale = [month for month, one in known.items() if one is None or one.parts != parts[month]]
        if stale:
            known |= self.count(names, stale, parts, read)
        return {
            day: events
            for month in sorted(parts)
            for day, events in found_in(known[month]).items()
            if first <= day <= last
        }

    def count(
        self, names: Names, stale: Collection[int], parts: dict[int, int], read: ReadColumns
    ) -> dict[int, Month]:
        """Count whole months, and remember them."""
        first, last = first_day(min(stale)), last_day(max(stale))
        counted = list(by_day(read(events_by_day(names, first, last))))
        found = {
            month: Month(parts[month], {day: n for day, n in counted if month_of(day) == month})
            for month in stale
        }
        if len(self.known) > MOST:
            self.known.clear()
        self.known.update({(names, month): one for month, one in found.items()})
        return found


def found_in(month: Month | None) -> Sizes:
    return month.sizes if month else {}


def month_of(day: date) -> int:
    """Return the partition that the engine keeps a day in (schema 0001)."""
    return day.year * 100 + day.month if day.year >= 2000 else OLDEST_MONTH


def first_day(month: int) -> date:
    return date(month // 100, month % 100, 1) if month else EARLIEST


def last_day(month: int) -> date:
    """Return a day that is no earlier than the month's last, and before the next month's second."""
    if month == OLDEST_MONTH:
        return date(1999, 12, 31)
    year, number = divmod(month, 100)
    return min(LATEST, date(year + number // 12, number % 12 + 1, 1) - ONE_DAY)


def marks(columns: Columns) -> Iterator[tuple[int, int]]:
    if columns:
        months, parts = (array(columns[name]).tolist() for name in ("month", "mark"))
        yield from zip(months, parts, strict=True)


def by_day(columns: Columns) -> Iterator[tuple[date, int]]:
    if columns:
        days, events = (array(columns[name]).tolist() for name in ("day_number", "events"))
        for day, count in zip(days, events, strict=True):
            yield EPOCH.date() + day * ONE_DAY, count


def array(column: NDArray[Any] | Coded) -> NDArray[Any]:
    return column.codes if isinstance(column, Coded) else column
