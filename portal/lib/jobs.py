"""Jobs that say how long they waited for a worker, and how long they took."""

from __future__ import annotations

import time
from typing import Any

from celery import Task

from portal.lib import clock, instruments

SENT_AT, BEGAN = "portal_sent_at", "portal_began"
BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120)

queue_lag = instruments.histogram(
    "job_queue_lag_seconds",
    "How long jobs waited between being sent and being begun",
    ("job",),
    buckets=BUCKETS,
)
duration = instruments.histogram(
    "job_duration_seconds", "How long jobs took", ("job", "status"), buckets=BUCKETS
)


class Job(Task):  # type: ignore[type-arg]  # generic in the stubs only
    """What every task of the portal is (portal/celery.py: task_cls)."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """Send it, with the time in its headers."""
        headers = {**(options.pop("headers", None) or {}), SENT_AT: clock.now().timestamp()}
        return super().apply_async(*args, headers=headers, **options)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        sent_at = getattr(self.request, SENT_AT, None)
        if isinstance(sent_at, int | float):
            queue_lag.labels(self.called).observe(max(0.0, clock.now().timestamp() - sent_at))
        self.request.update({BEGAN: time.perf_counter()})

    def after_return(
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        began = getattr(self.request, BEGAN, None)
        if began is not None:
            duration.labels(self.called, status.lower()).observe(time.perf_counter() - began)

    @property
    def called(self) -> str:
        """The function's name; there is one task of each."""
        return str(self.name).rpartition(".")[2]
