"""Jobs count how long they waited and how long they took."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from portal.celery import app as portal_app
from portal.lib import instruments
from portal.lib.jobs import Job


@pytest.fixture
def app() -> Iterator[Celery]:
    made = Celery(
        "timed", broker="memory://", backend="cache+memory://", set_as_current=False,
        task_cls="portal.lib.jobs:Job",
    )  # fmt: skip
    yield made
    made.close()


def counted(name: str, **labels: str) -> float:
    return instruments.registry.get_sample_value(instruments.PREFIX + name, labels) or 0


def test_waiting_and_work_are_timed_by_job_and_how_it_ended(app: Celery) -> None:
    @app.task(name="somewhere.tasks.dig")
    def dig(deep: bool) -> None:
        if not deep:
            raise ValueError("too hard")

    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        dig.apply_async(kwargs={"deep": True}, headers={"mine": "1"}).get(timeout=10)
        with pytest.raises(ValueError, match="too hard"):
            dig.delay(deep=False).get(timeout=10)

    assert counted("job_queue_lag_seconds_count", job="dig") == 2
    assert counted("job_duration_seconds_count", job="dig", status="success") == 1
    assert counted("job_duration_seconds_count", job="dig", status="failure") == 1


def test_every_job_of_the_portal_is_timed() -> None:
    assert issubclass(portal_app.Task, Job)
