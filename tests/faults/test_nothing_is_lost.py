"""Kill -9 of any process, while a client sends: every acknowledged event counts exactly once.

Short in `make test`. The long form of the same:
    FAULT_EVENTS=50000 FAULT_KILLS=10 make test PYTEST_ARGS="tests/faults"
"""

from __future__ import annotations

import os
import random
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import RunningPortal, eventually, has_ended, running_portal, trend

EVENTS = int(os.environ.get("FAULT_EVENTS", "4000"))
KILLS = int(os.environ.get("FAULT_KILLS", "2"))
BATCH = 100
DAY = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("faults"), "--no-demo") as found:
        found.command("create_staff", "faults@example.com", "--role", "analyst")
        yield found


@pytest.fixture(scope="module")
def token(portal: RunningPortal) -> str:
    return portal.command("create_token", "faults@example.com")


def batches(name: str) -> Iterator[dict[str, object]]:
    for first in range(0, EVENTS, BATCH):
        yield {
            "events": [
                {
                    "id": str(uuid.uuid4()),
                    "name": name,
                    "userId": f"{name}-{number}",
                    "timestamp": f"2026-03-01T{number % 24:02}:00:00Z",
                }
                for number in range(first, first + BATCH)
            ]
        }


class RetryingClient:
    """Sends each batch until it is acknowledged, as an SDK with a queue does."""

    def __init__(self, portal: RunningPortal, name: str) -> None:
        self.url = f"{portal.url}/api/v1/events"
        key = portal.command("create_source", f"source-{name}")
        self.headers = {"Authorization": f"Bearer {key}"}
        self.name = name
        self.acknowledged = 0
        self.failures: list[str] = []
        self.go_on = threading.Semaphore(0)

    def send_all(self, slices: int = 1) -> None:
        """Send in slices; each but the first waits for `go_on`, so that kills fall in between."""
        turns = {EVENTS * turn // slices // BATCH for turn in range(1, slices)}
        with httpx.Client(headers=self.headers, timeout=10) as http:
            for number, body in enumerate(batches(self.name)):
                if number in turns:
                    self.go_on.acquire(timeout=120)
                eventually(lambda body=body: self._send(http, body), within_s=120, what="sent")  # type: ignore[misc]  # bound per batch
                self.acknowledged += BATCH

    def _send(self, http: httpx.Client, body: dict[str, object]) -> bool:
        try:
            answer = http.post(self.url, json=body)
        except httpx.HTTPError:
            return False
        if answer.status_code >= 500:
            return False
        if answer.status_code != 200 or answer.json()["rejected"]:
            self.failures.append(answer.text)
        return True


@pytest.mark.parametrize("victim", ["web", "writer", "engine", "valkey", "postgres"])
def test_acknowledged_events_count_once_whatever_is_killed(
    portal: RunningPortal, token: str, victim: str
) -> None:
    client = RetryingClient(portal, f"killed_{victim}")
    sender = threading.Thread(target=client.send_all, args=[KILLS])
    moments = random.Random(victim)

    sender.start()
    for _ in range(KILLS):
        eventually(portal.is_ready, within_s=60, what="everything runs again")
        client.go_on.release()
        sender.join(timeout=moments.uniform(0.02, 0.5))
        eventually(lambda: portal.kill(victim), within_s=60, what=f"{victim} is killed")
    sender.join(timeout=600)

    assert client.failures == []
    assert client.acknowledged == EVENTS
    question = {
        **DAY,
        "interval": "hour",
        "refresh": True,
        "series": [
            {"event": client.name, "math": "total"},
            {"event": client.name, "math": "unique_users"},
        ],
    }

    def totals() -> list[float]:
        try:
            return [series["total"] for series in trend(portal, token, **question)["series"]]
        except (httpx.HTTPError, AssertionError):
            return []

    # Both at once: fewer users than events would be a double, fewer of both a loss.
    eventually(lambda: totals() == [EVENTS, EVENTS], within_s=60, what=f"{EVENTS} events once each")
    assert totals() == [EVENTS, EVENTS]


def test_intake_and_pages_answer_while_valkey_is_stopped(portal: RunningPortal, token: str) -> None:
    pid = portal.processes()["valkey"]
    os.kill(pid, signal.SIGSTOP)
    try:
        client = RetryingClient(portal, "valkey_stopped")
        client.send_all()
        page = httpx.get(f"{portal.url}/accounts/login/", timeout=10)
        assert client.acknowledged == EVENTS
        assert page.status_code == 200
        eventually(
            lambda: trend(
                portal, token, **DAY, interval="day",
                series=[{"event": client.name, "math": "total"}],
            )["series"][0]["total"] == EVENTS,
            within_s=60, what="events counted without Valkey",
        )  # fmt: skip
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_second_start_has_the_same_data(tmp_path: Path) -> None:
    with running_portal(tmp_path / "var", "--no-demo") as first:
        first.command("create_staff", "again@example.com", "--role", "analyst")
        token = first.command("create_token", "again@example.com")
        client = RetryingClient(first, "kept")
        client.send_all()
        children = list(first.processes().values())

    assert all(has_ended(pid) for pid in children)
    with running_portal(tmp_path / "var", "--no-demo") as second:
        question = {**DAY, "interval": "day", "series": [{"event": "kept", "math": "total"}]}
        eventually(
            lambda: trend(second, token, **question)["series"][0]["total"] == EVENTS,
            within_s=30, what="the same data",
        )  # fmt: skip
