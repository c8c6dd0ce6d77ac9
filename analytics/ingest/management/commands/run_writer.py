"""Run the writer until SIGTERM or Ctrl-C; `manage.py up` does it."""

from __future__ import annotations

import fcntl
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from analytics.ingest import quarantine, spool, state
from analytics.ingest.instruments import writer_batch, writer_failures
from analytics.ingest.pushing import Pushes
from analytics.ingest.sample_writer import SampleWriter
from analytics.ingest.writer import Writer
from portal.lib import clock, memory
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
IDLE_S = 0.1
RETRY_S = 0.5
CHORES_S = 2.0


class Command(BaseCommand):
    help = "Move accepted events from the spool to the engine."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with only_writer():
            run(stop)


@contextmanager
def only_writer() -> Iterator[None]:
    """Hold the lock of this data directory's spool."""
    file = spool.path().with_name("writer.lock")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(f"Another writer runs on {settings.DATA_DIR}.") from error
        yield


def run(stop: Event) -> None:
    """Write until told to stop; whatever fails is tried again."""
    writer = Writer(spool.Spool(spool.path()))
    samples = SampleWriter(writer.spool)
    pushes = Pushes(writer.spool)
    chores_at = 0.0
    while not stop.is_set():
        # Each for itself: events wait for PostgreSQL, samples do not.
        rounds = [guarded(lambda: timed_round(writer)), guarded(lambda: timed_round(samples))]
        if time.monotonic() > chores_at:
            guarded(lambda: pushed(pushes))
            guarded(lambda: chores(writer))
            chores_at = time.monotonic() + CHORES_S
        if None in rounds:
            stop.wait(RETRY_S)
        elif not any(rounds):
            stop.wait(IDLE_S)


def guarded(step: Callable[[], int]) -> int | None:
    """Run one step; None when something that it needs is away."""
    try:
        return step()
    except (EngineUnavailable, DatabaseError) as error:
        log.warning("The writer waits: %s", str(error).splitlines()[0])
        writer_failures.labels(type(error).__name__).inc()
        connection.close()
    except QueryFailed as error:
        log.error("The engine refused the writer: %s", error, extra={"code": error.code})  # noqa: TRY400  # the traceback is ours, not the cause
        writer_failures.labels("QueryFailed").inc()
    return None


def timed_round(writer: Writer | SampleWriter) -> int:
    began = time.perf_counter()
    done = writer.round(clock.now())
    if done:
        writer_batch.observe(time.perf_counter() - began)
    return done


def pushed(pushes: Pushes) -> int:
    pushes.step(clock.now())
    return 0


def chores(writer: Writer) -> int:
    """Do what is not urgent: quarantine, re-keying, figures, the spool's and our own size."""
    state.note(writer.spool, clock.now())
    quarantine.take_in(writer.spool)
    writer.chores(clock.now())
    writer.spool.shrink()
    memory.give_back()
    return 0
