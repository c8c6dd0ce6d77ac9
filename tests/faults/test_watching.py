"""Web or the engine is gone under its viewers: what is watched goes on by itself.

Short in `make test`. The long form of the same:
    FAULT_SOCKETS=500 FAULT_DOWN_S=60 make test PYTEST_ARGS="tests/faults/test_watching.py"
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.running import RunningPortal, running_portal
from tests.sockets import Address, Client, Heard, connected, opened, stay

SOCKETS = int(os.environ.get("FAULT_SOCKETS", "50"))
DOWN_S = float(os.environ.get("FAULT_DOWN_S", "0"))
BACK_WITHIN_S = 10.0
SETTING_UP = """
from django.conf import settings
from django.test import Client
from portal.accounts.models import User
from tests.factories import make_dashboard, make_widget
board = make_dashboard("watched", is_public=True, time={"from": "-1h", "to": ""})
for number in range(3):
    make_widget(board, f"w{number}", kind="line", source="promql", query=f"vector(time()) + {number}",
        y=number * 4)
counted = make_dashboard("counted", is_public=True, time={"from": "-1h", "to": ""})
for number in range(3):
    make_widget(counted, f"n{number}", kind="table", source="sql",
        query=f"SELECT toUnixTimestamp(now()) AS t, 7 + {number} AS n", y=number * 4)
client = Client()
client.force_login(User.objects.get(email="watcher@example.com"))
print(settings.SESSION_COOKIE_NAME + "=" + client.cookies[settings.SESSION_COOKIE_NAME].value)
"""

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("watched"), "--no-demo", within_s=180) as found:
        found.command("create_staff", "watcher@example.com", "--role", "viewer")
        yield found


@pytest.fixture(scope="module")
def cookie(portal: RunningPortal) -> str:
    return portal.command("shell", "--no-imports", "-c", SETTING_UP).splitlines()[-1]


async def until(check: Callable[[], bool], within_s: float) -> float:
    """Wait until something holds; returns the seconds that it took."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while not check():  # noqa: ASYNC110  # sockets are counted, nothing rings
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_every_viewer_is_back_and_in_step_after_web_was_killed(
    portal: RunningPortal, cookie: str
) -> None:
    heard, address = Heard(), Address(portal.url, "/ws/dashboards/watched/", [cookie])
    clients = await opened(address, SOCKETS, heard)
    staying = [
        asyncio.create_task(stay(address, number, heard, client))
        for number, client in enumerate(clients)
    ]
    await until(lambda: len(heard.late_s) >= SOCKETS, within_s=30)

    assert portal.kill("web")
    await until(lambda: heard.closed >= SOCKETS, within_s=30)
    await until(portal_is_up(portal), within_s=60)
    taken_s = await until(lambda: heard.greeted >= 2 * SOCKETS, within_s=60)
    told = len(heard.late_s)
    await until(lambda: len(heard.late_s) >= told + 3 * SOCKETS, within_s=30)

    for task in staying:
        task.cancel()
    await asyncio.gather(*staying, return_exceptions=True)
    await until(lambda: heard.closed >= 2 * SOCKETS, within_s=30)
    assert taken_s < BACK_WITHIN_S
    assert heard.gaps == 0


class Watcher:
    """One socket that never comes back by itself, and the newest value of each widget on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.newest: dict[str, dict[str, Any]] = {}
        client.values = self.newest

    def all_are(self, *, stale: bool) -> Callable[[], bool]:
        def check() -> bool:
            return [bool(one.get("stale")) for one in self.counted().values()] == [stale] * 3

        return check

    def counted(self) -> dict[str, dict[str, Any]]:
        """Return what the engine counted: all but the board's text."""
        return {key: one["data"] for key, one in self.newest.items() if key != "note"}

    def numbers(self) -> dict[str, int]:
        return {key: one["plain"]["rows"][0][1] for key, one in self.counted().items()}


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "hung"])
async def test_values_stay_and_say_since_when_while_the_engine_is_away(
    portal: RunningPortal, cookie: str, way: signal.Signals
) -> None:
    heard, address = Heard(), Address(portal.url, "/ws/dashboards/counted/", [cookie])
    watcher = Watcher(await connected(address, 0, heard))
    await until(watcher.all_are(stale=False), within_s=30)
    before, away = watcher.numbers(), asyncio.create_task(keep_away(portal, way))

    await until(watcher.all_are(stale=True), within_s=60)
    await asyncio.sleep(DOWN_S)
    marked, meanwhile = list(watcher.counted().values()), watcher.numbers()
    await end(away)
    await until(watcher.all_are(stale=False), within_s=60)

    assert [one["state"] for one in marked] == ["ok"] * 3
    assert all(one["stale"]["since"] and one["stale"]["reason"] for one in marked)
    assert watcher.numbers() == meanwhile == before == {"n0": 7, "n1": 8, "n2": 9}
    assert (heard.closed, heard.gaps) == (0, 0)  # the same socket all the time
    watcher.client.transport.close()


async def keep_away(portal: RunningPortal, way: signal.Signals) -> None:
    """Kill the engine as often as it comes back, or stop it, until cancelled."""
    pid = 0
    try:
        while True:
            found = portal.processes().get("engine")
            if found and found != pid:
                pid = found
                with suppress(ProcessLookupError):
                    os.kill(pid, way)
            await asyncio.sleep(0.1)
    finally:
        if way is signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def portal_is_up(portal: RunningPortal) -> Callable[[], bool]:
    """Tell when the new web process answers at all; until then nobody can come back."""

    def check() -> bool:
        try:
            return httpx.get(f"{portal.url}/healthz", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    return check
