"""Load the sample company: a source, its key, and 90 days through the portal's own door."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from analytics.collect.demo import note
from analytics.collect.demo.company import Event
from analytics.collect.demo.history import DAYS, SEED, History
from analytics.collect.demo.note import Note
from analytics.collect.demo.sending import Outcome, Sender
from analytics.collect.demo.services import as_body, moment_of, past_of
from analytics.ingest import actions, state
from analytics.ingest.models import Source
from portal.lib.instruments import PREFIX

NAME = "Lumen & Loom (sample)"
BATCH = 5_000
CONNECTIONS = 2
DAY_S = 86_400
WRITTEN_WITHIN_S = 300.0

Progress = Callable[[int, int], None]  # events done, events expected


class NotWritten(Exception):
    """The events are accepted, but the writer has not moved them to the engine in time."""


@transaction.atomic
def prepare(data_dir: Path, url: str, today: date, *, days: int = DAYS) -> Note:
    """Return the note of an unfinished load, or make source and key for a new one."""
    found = note.read(data_dir)
    if found is not None and Source.objects.filter(pk=found.source).exists():
        return replace(found, url=url, prefix=PREFIX)
    source = Source.objects.filter(name=NAME).first() or actions.create_source(
        None, name=NAME, service="shop", environment="sample", is_sample=True
    )
    _, key = actions.create_key(None, source)
    last_day = today.isoformat()
    return Note(url, key, source=source.pk, last_day=last_day, days=days, prefix=PREFIX)


def load(data_dir: Path, started: Note, now: datetime, progress: Progress) -> Outcome:
    """Send the history up to `now`; returns what the intake said of all of it.

    Sending it again adds nothing. Raises sending.NotTaken.
    """
    note.write(data_dir, started)
    last_day = date.fromisoformat(started.last_day)
    history = History(last_day, started.source, told_days=started.days)
    expected = history.expected_events()
    total, recent = Outcome(0, 0, 0), deque[list[Event]](maxlen=2)
    for outcome in _sent(batches(kept(history.days(now), recent)), started):
        total = Outcome(
            total.accepted + outcome.accepted,
            total.duplicates + outcome.duplicates,
            total.rejected + outcome.rejected,
        )
        progress(total.accepted + total.duplicates + total.rejected, expected)
    measure([event for day in recent for event in day], started, now)
    note.write(data_dir, replace(started, customers=history.customers))
    return total


def kept(days: Iterable[list[Event]], recent: deque[list[Event]]) -> Iterator[list[Event]]:
    for day in days:
        recent.append(day)
        yield day


def measure(events: list[Event], started: Note, now: datetime) -> None:
    """Send what the services told of the last day, a part at a time. Raises sending.NotTaken."""
    from_s = now.timestamp() - DAY_S
    lately = (event for event in events if moment_of(event) >= from_s)
    sender = Sender(started.url, started.key)
    found: dict[str, list[Any]] = {}
    chance = random.Random(SEED)  # noqa: S311  # a made-up shop
    for sample in past_of(lately, now.timestamp(), chance):
        for name, points in sample.items():
            found.setdefault(name, []).extend(points)
        if sum(map(len, found.values())) > BATCH:
            sender.measure(as_body(found, started.prefix, started.source))
            found = {}
    if found:
        sender.measure(as_body(found, started.prefix, started.source))
    sender.close()


def finish(data_dir: Path, *, pause: Callable[[float], None], progress: Progress) -> None:
    """Wait until the writer has moved all of it, and note that the demo is complete.

    Raises NotWritten.
    """
    waited_s = 0.0
    first = left = state.spool_size().batches
    while left:
        if waited_s > WRITTEN_WITHIN_S:
            raise NotWritten(f"{left} batches still wait in the spool; is the writer running?")
        pause(0.2)
        waited_s += 0.2
        left = state.spool_size().batches
        progress(max(0, first - left), first)
    found = note.read(data_dir)
    if found is not None:
        note.write(data_dir, replace(found, is_complete=True))


def batches(days: Iterable[list[Event]]) -> Iterator[list[Event]]:
    """Cut the days' events into batches of BATCH, in order."""
    waiting: list[Event] = []
    for day in days:
        waiting += day
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            waiting = waiting[BATCH:]
    if waiting:
        yield waiting


@dataclass
class _Lines:
    """One connection for each sending thread."""

    url: str
    key: str

    def __post_init__(self) -> None:
        self._local = threading.local()
        self._opened: list[Sender] = []

    def send(self, batch: list[Event]) -> Outcome:
        if not hasattr(self._local, "sender"):
            self._local.sender = Sender(self.url, self.key)
            self._opened.append(self._local.sender)
        outcome: Outcome = self._local.sender.send(batch)
        return outcome

    def close(self) -> None:
        for sender in self._opened:
            sender.close()


def _sent(found: Iterable[list[Event]], started: Note) -> Iterator[Outcome]:
    """Send batches over CONNECTIONS connections, never many ahead of the answers."""
    lines = _Lines(started.url, started.key)
    running: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        try:
            for batch in found:
                running.add(pool.submit(lines.send, batch))
                if len(running) > CONNECTIONS:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in running)
        finally:
            lines.close()
