"""Web is killed under its viewers: what is watched goes on by itself.

Short in `make test`. The long form of the same:
    FAULT_SOCKETS=500 make test PYTEST_ARGS="tests/faults/test_watching.py"
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.running import RunningPortal, running_portal
from tests.sockets import Address, Heard, opened, stay

SOCKETS = int(os.environ.get("FAULT_SOCKETS", "50"))
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


def portal_is_up(portal: RunningPortal) -> Callable[[], bool]:
    """Tell when the new web process answers at all; until then nobody can come back."""

    def check() -> bool:
        try:
            return httpx.get(f"{portal.url}/healthz", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    return check
