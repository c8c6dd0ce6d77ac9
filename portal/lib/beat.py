"""Celery's clock as a thread of the worker: its own `--beat` forks a process of 85 MB."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import Celery, bootsteps
from celery.beat import Service

LONGEST_SLEEP_S = 1  # how long a stop may take
AGAIN_AFTER_S = 5.0

log = logging.getLogger(__name__)


class Beat(threading.Thread):
    """Sends periodic jobs until it is stopped; begins again when something breaks it."""

    def __init__(self, app: Celery) -> None:
        super().__init__(name="beat", daemon=True)
        self._app = app
        self._stopping = threading.Event()
        self._service: Service | None = None

    def run(self) -> None:
        self._app.set_current()
        while not self._stopping.is_set():
            self._service = Service(self._app, max_interval=LONGEST_SLEEP_S)
            try:
                self._service.start()
            except Exception:
                log.exception("Beat broke; it begins again.")
                self._stopping.wait(AGAIN_AFTER_S)

    def stop(self) -> None:
        self._stopping.set()
        if self._service is not None:
            self._service.stop()
        self.join(timeout=2 * LONGEST_SLEEP_S)


class BeatStep(bootsteps.StartStopStep):
    """Part of each worker that is started with `-A portal`; there is one."""

    def create(self, parent: Any) -> Beat:  # type: ignore[override]  # the stubs forget its result
        return Beat(parent.app)
