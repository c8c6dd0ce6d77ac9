"""Read the rows of a range: kept days from their files, all others from the engine."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.insights.kept import days, memory, merges
from analytics.insights.kept.counts import Counts, ReadColumns, array
from analytics.insights.kept.days import Day, Found, Read, Rows
from analytics.insights.kept.numbers import Persons
from analytics.insights.sql.kept import KeptSelection
from analytics.insights.sql.params import EPOCH, microseconds
from portal.store import client, persons
from portal.store.models import Epoch
from portal.store.native import Columns
from portal.store.query import Query, TimeRange

Array = NDArray[Any]
Numbered = Callable[[NDArray[np.uint64]], NDArray[np.uint32]]
ONE_DAY = timedelta(days=1)
DAY_US = 86_400_000_000
RECENT_S = 86_400.0
NO_ROWS = Rows({"who": np.empty(0, np.uint32), "t": np.empty(0, np.int64)})
# What is not over is read while the days that are over are looked at.
AHEAD = ThreadPoolExecutor(4, thread_name_prefix="kept-rest")
EVENTS_AT_ONCE = 2_000_000  # of one read from the engine, so that memory is bounded


@dataclass(frozen=True)
class Plan:
    """Where the rows of a window are: days that are kept, and how many events the others have.

    `changed` are days that were kept and changed since; `rest` are the rows from `closed` on,
    of what is not over yet.
    """

    window: TimeRange
    as_of: datetime
    numbering: int
    kept: dict[date, Day]
    missing: dict[date, int]
    changed: tuple[date, ...]
    closed: datetime
    rest: Future[Columns]

    @property
    def missing_events(self) -> int:
        return sum(self.missing.values())


@dataclass(frozen=True)
class Shelf:
    """The folder of everything that is kept now, and what this process knows of it."""

    folder: Path
    people: Persons
    losers: merges.Losers = field(default_factory=merges.Losers)
    counts: Counts = field(default_factory=Counts)
    # Up to which merge a file's persons were looked through.
    checked: dict[tuple[Path, date, Read], int] = field(default_factory=dict)

    def numbers_of_losers(self, after: int, up_to: int) -> NDArray[np.uint32]:
        """Return the numbers of those who became another by the merges between."""
        losers = self.losers.between(after, up_to)
        return self.people.known(losers) if losers.size else np.empty(0, np.uint32)


@lru_cache(maxsize=2)
def shelf_at(folder: Path) -> Shelf:
    return Shelf(folder, Persons(folder / "persons"))


@lru_cache(maxsize=8)
def table_id(url: str) -> str:
    """Return what tells this engine's events from those of any other."""
    sql = (
        "SELECT toString(uuid) AS id FROM system.tables"
        " WHERE database = currentDatabase() AND name = 'events'"
    )
    found: str = client.run(Query(sql)).value()
    return found


def shelf(rewrites: int) -> Shelf:
    """Return where rows are kept until stored events change in another way than by new ones."""
    name = f"{table_id(settings.CLICKHOUSE_URL)}-{rewrites}"
    return shelf_at(settings.DATA_DIR / "kept" / name)


def forget() -> None:
    """Throw away everything that is kept."""
    shelf_at.cache_clear()
    memory.forget()
    shutil.rmtree(settings.DATA_DIR / "kept", ignore_errors=True)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    """One reading at hand: of one selection, in one state of who is who."""

    selection: KeptSelection
    read_columns: ReadColumns
    merged: int
    person: str
    shelf: Shelf
    folder: Path

    @classmethod
    def begin(cls, selection: KeptSelection, read_columns: ReadColumns) -> Reading:
        merged = merges.settled()
        epoch = Epoch.current()  # after the merges: it tells of all of them
        person = persons.expression(pending=epoch.pending_overrides > 0)
        kept = shelf(epoch.rewrites)
        folder = kept.folder / hashlib.sha256(selection.name.encode()).hexdigest()[:32]
        return cls(selection, read_columns, merged, person, kept, folder)

    def plan(self, window: TimeRange, as_of: datetime) -> Plan:
        """Find out which days are kept. Raises client.QueryFailed, client.EngineUnavailable."""
        mark = self.shelf.people.begun()
        first, closed = window.start.date(), min(as_of.astimezone(UTC).date(), day_after(window))
        rest = self.reading_on(window, midnight(closed))
        sizes: dict[date, int] = {}
        if first < closed:
            names = self.selection.names
            sizes = self.shelf.counts.by_day(names, first, closed - ONE_DAY, self.read_columns)
        if self.folder.exists():
            os.utime(self.folder)  # what is used least goes first: kept.room
        old = {day: days.load(self.folder, day) for day in sizes}
        valid = {
            day: found
            for day, found in old.items()
            if found and found.read.numbering == mark and self.is_right(found, day, sizes[day])
        }
        missing = {day: events for day, events in sizes.items() if day not in valid}
        changed = tuple(day for day in missing if old[day] is not None)
        return Plan(
            window,
            as_of,
            mark,
            valid,
            missing,
            changed,
            midnight(closed),
            rest,
        )

    def is_right(self, found: Day, day: date, events: int) -> bool:
        """Tell whether kept rows are still what the engine would answer."""
        if found.read.events != events:
            return False
        place = (self.folder, day, found.read)
        known = max(found.read.merges, self.shelf.checked.get(place, 0))
        losers = self.shelf.numbers_of_losers(known, self.merged)
        if losers.size and np.isin(losers, found.rows.columns["who"]).any():
            return False
        self.shelf.checked[place] = self.merged
        return True

    def rows(self, plan: Plan) -> Found:
        """Return the rows of a plan; keeps the days that had to be read.

        Raises numbers.Renumbered when somebody deleted the folder meanwhile.
        """
        parts = portions(plan.missing, plan.kept)
        fresh = {day: found for part in parts for day, found in self.fresh(part, plan)}
        found = dict(sorted((plan.kept | fresh).items()))
        inside = [trimmed(one.rows, plan.window, day) for day, one in found.items()]
        rest, ids = self.open_rows(plan)
        since = plan.as_of.timestamp() - RECENT_S
        changed = [day for day, one in plan.kept.items() if one.read.changed_at > since]
        reads = tuple((day, one.read) for day, one in found.items())
        until = min(plan.window.end, plan.closed)
        return Found(
            tuple(days.sealed(block) for block in inside if len(block)),
            days.sealed(rest),
            ids,
            (self.folder, plan.window.start, until, reads),
            until,
            tuple(sorted({*changed, *plan.changed})),
        )

    def keep(self, plan: Plan) -> None:
        """Read the missing days, one portion after the other, and forget the rows again."""
        for part in portions(plan.missing, plan.kept):
            for _ in self.fresh(part, plan):
                pass

    def fresh(self, sizes: dict[date, int], plan: Plan) -> Iterator[tuple[date, Day]]:
        """Read days that lie together from the engine, and keep them."""
        window = TimeRange(midnight(min(sizes)), midnight(max(sizes) + ONE_DAY))
        columns = self.read_columns(self.selection.rows(window, self.person))
        rows = NO_ROWS
        if columns:
            rows = self.ordered(
                columns, window, lambda who: self.shelf.people.given(who, plan.numbering)
            )
        of_day = rows.columns["t"] // DAY_US
        for day, events in sizes.items():
            found = days.compact(days.chosen(rows, of_day == (day - EPOCH.date()).days))
            changed_at = plan.as_of.timestamp() if day in plan.changed else 0.0
            read = Read(events, self.merged, plan.numbering, changed_at)
            kept = Day(found, read)
            days.write(self.folder, day, kept)
            yield day, kept

    def open_rows(self, plan: Plan) -> tuple[Rows, NDArray[np.uint64]]:
        """Return what is not over yet; the ids are those of all numbers."""
        columns = plan.rest.result()
        _, ids = self.shelf.people.numbers(np.empty(0, np.uint64), plan.numbering)
        if not columns:
            return NO_ROWS, ids

        def numbered(who: NDArray[np.uint64]) -> NDArray[np.uint32]:
            nonlocal ids
            numbers, ids = self.shelf.people.numbers(who, plan.numbering)
            return numbers

        return self.ordered(columns, rest_of(plan.window, plan.closed), numbered), ids

    def reading_on(self, window: TimeRange, closed: datetime) -> Future[Columns]:
        """Begin to read from the engine what is not over yet."""
        if window.end <= closed:
            nothing: Future[Columns] = Future()
            nothing.set_result({})
            return nothing
        query = self.selection.rows(rest_of(window, closed), self.person)
        return AHEAD.submit(copy_context().run, self.read_columns, query)

    def ordered(self, columns: Columns, window: TimeRange, numbered: Numbered) -> Rows:
        """Bring rows of a window into their order. Where ids decide, the engine is asked again."""
        by = "position" if self.selection.is_ordered else "mask"
        rows = days.ordered(numbered(array(columns["who"])), columns, by=by)
        if not self.selection.is_ordered:
            return rows
        instants = days.tied(rows)
        if instants.size:
            query = self.selection.rows(window, self.person, instants.tolist())
            columns = days.replaced(columns, instants, self.read_columns(query))
            rows = days.ordered(numbered(array(columns["who"])), columns, by=by)
        del rows.columns["position"]
        return rows


def rest_of(window: TimeRange, closed: datetime) -> TimeRange:
    """Return the part of a window that is not over."""
    return TimeRange(max(window.start, closed), window.end, window.zone)


def day_after(window: TimeRange) -> date:
    """Return the first day that begins at or after the end of a window."""
    return (window.end + ONE_DAY - timedelta(microseconds=1)).date()


def portions(missing: dict[date, int], kept: Collection[date]) -> Iterator[dict[date, int]]:
    """Cut days into portions that are read at once: no kept day between, not too many events."""
    part: dict[date, int] = {}
    for day in sorted({*missing, *kept}):
        is_full = sum(part.values()) + missing.get(day, 0) > EVENTS_AT_ONCE
        if part and (is_full or day in kept):
            yield part
            part = {}
        if day in missing:
            part[day] = missing[day]
    if part:
        yield part


def trimmed(rows: Rows, window: TimeRange, day: date) -> Rows:
    """Leave out what lies outside the window."""
    begin, end = microseconds(window.start), microseconds(window.end)
    first = microseconds(midnight(day))
    if begin <= first and first + DAY_US <= end:
        return rows
    t = rows.columns["t"]
    return days.chosen(rows, (t >= begin) & (t < end))
