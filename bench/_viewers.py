"""1, 100 and 2,000 browsers on one board that moves every second, all on one web process."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Sequence

import psutil
import uvloop
from django.conf import settings
from django.test import Client as Browser

from bench._pages import EMAIL, asker
from bench._stage import client
from dashboards.models import Dashboard, Widget
from portal.accounts.models import User
from tests.running import RunningPortal
from tests.sockets import Address, Heard, opened

UID = "bench-viewers"
WIDGETS = 4
COUNTS = (1, 100, 2_000)
FOR_S = 20
LATE_LIMIT_S = 1.0


def measured(portal: RunningPortal) -> dict[str, float]:
    """Return how late values are, gaps, and what evaluating and sending takes."""
    with asker(portal):
        pass  # makes the account
    make_board()
    figures: dict[str, float] = {}
    for count in COUNTS:
        figures |= uvloop.run(watched(portal, count))
    many, one = f"{COUNTS[-1]:,} viewers", "1 viewer"
    return figures | {
        f"{many}, p99 late / 1 s": figures[f"{many}: p99 late, s"] / LATE_LIMIT_S,
        f"queries with {many} / with {one}": figures[f"{many}: queries a second"]
        / figures[f"{one}: queries a second"],
    }


def make_board() -> None:
    Dashboard.objects.filter(uid=UID).delete()
    board = Dashboard.objects.create(uid=UID, name="Viewers", is_public=True, time={"from": "-1h"})
    for number in range(WIDGETS):
        query = f"SELECT toUnixTimestamp(now()) AS t, count() + {number} AS n FROM events"
        Widget.objects.create(
            dashboard=board, key=f"w{number}", type="table", kind="table", title="Moves",
            source="sql", query=query, refresh_interval_ms=1_000, y=number,
        )  # fmt: skip


def cookie() -> str:
    browser = Browser()
    browser.force_login(User.objects.get(email=EMAIL))
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"


async def watched(portal: RunningPortal, count: int) -> dict[str, float]:
    heard = Heard()
    address = Address(portal.url, f"/ws/dashboards/{UID}/", [await asyncio.to_thread(cookie)])
    clients = await opened(address, count, heard)
    await asyncio.sleep(2)
    heard.late_s.clear()
    web = psutil.Process(portal.processes()["web"])
    before = (queries(), sum(web.cpu_times()[:2]), heard.messages)
    await asyncio.sleep(FOR_S)
    after = (queries(), sum(web.cpu_times()[:2]), heard.messages)
    for socket in clients:
        socket.transport.close()
    await asyncio.sleep(1)
    asked, cpu_s, sent = (new - old for new, old in zip(after, before, strict=True))
    name = "1 viewer" if count == 1 else f"{count:,} viewers"
    return {
        f"{name}: p99 late, s": quantile(heard.late_s, 0.99),
        f"{name}: median late, s": quantile(heard.late_s, 0.5),
        f"{name}: gaps": heard.gaps,
        f"{name}: lost sockets": heard.closed - count,
        f"{name}: messages a second each": sent / count / FOR_S,
        f"{name}: queries a second": asked / FOR_S,
        f"{name}: web's share of a core": cpu_s / FOR_S,
        f"{name}: load of the machine": os.getloadavg()[0],
    }


def queries() -> int:
    """Return how many queries the engine has been asked for, by whomever."""
    return int(str(client().command("SELECT value FROM system.events WHERE event = 'SelectQuery'")))


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
