"""A job at exact times in a thread of its own: for what must not wait for the broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from celery import bootsteps
from django.utils.module_loading import import_string

from portal.lib import clock

log = logging.getLogger(__name__)


class Ticks(threading.Thread):
    """Calls a job at each multiple of `every_s` since 1970 until it is stopped.

    The job gets its time. One that lasts longer than to the next tick leaves that out; whatever it
    raises is logged, and it goes on.
    """

    def __init__(self, name: str, job: Callable[[datetime], object], *, every_s: int) -> None:
        super().__init__(name=name, daemon=True)
        self._job = job
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        while True:
            due = (clock.now().timestamp() // self._every_s + 1) * self._every_s
            if self._wait_until(due):
                return
            try:
                self._job(datetime.fromtimestamp(due, tz=UTC))
            except Exception:
                log.exception("A job broke; it goes on.", extra={"job": self.name})

    def _wait_until(self, due: float) -> bool:
        """Wait for a time; true when it is to stop instead."""
        while (left_s := due - clock.now().timestamp()) > 0:
            if self._stopping.wait(min(left_s, self._every_s)):
                return True
        return self._stopping.is_set()

    def stop(self) -> None:
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=1)


class AllTicks:
    """The jobs of the table `portal_ticks` (portal/celery.py), each in its thread."""

    def __init__(self, table: dict[str, dict[str, Any]]) -> None:
        self._threads = [
            Ticks(name, import_string(entry["job"]), every_s=entry["every_s"])
            for name, entry in table.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for thread in self._threads:
            thread.stop()


class TicksStep(bootsteps.StartStopStep):
    """Part of each worker that is started with `-A portal`."""

    def create(self, parent: Any) -> AllTicks:  # type: ignore[override]  # the stubs forget its result
        return AllTicks(parent.app.conf.portal_ticks)
