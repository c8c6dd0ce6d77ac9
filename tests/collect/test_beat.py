"""Beat in a thread of the worker: it sends, it survives a broken round, it stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery

from portal.lib import beat
from portal.lib.beat import Beat


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    made = Celery("beaten", broker="memory://", set_as_current=False)
    made.conf.update(
        beat_schedule_filename=str(tmp_path / "schedule"),
        beat_schedule={"often": {"task": "beaten.job", "schedule": timedelta(seconds=0.05)}},
    )
    yield made
    made.close()


def test_due_jobs_are_sent_until_it_is_stopped(app: Celery) -> None:
    sent = threading.Event()
    app.send_task = lambda *args, **kwargs: sent.set()  # type: ignore[method-assign,assignment]  # leaves the machine
    clock = Beat(app)

    clock.start()

    assert sent.wait(10)
    clock.stop()
    assert not clock.is_alive()


def test_it_begins_again_when_something_breaks_it(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "AGAIN_AFTER_S", 0)
    rounds: list[int] = []
    again = threading.Event()

    class Broken:
        def __init__(self, app: Celery, **options: object) -> None:
            rounds.append(len(rounds))

        def start(self) -> None:
            if len(rounds) > 2:
                again.set()
                clock._stopping.wait(10)
            raise OSError("the schedule's file is gone")

        def stop(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr(beat, "Service", Broken)
    clock = Beat(app)
    clock.start()

    assert again.wait(10)
    clock.stop()
    assert not clock.is_alive()
