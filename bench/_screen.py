"""A board of 20 widgets at one update a second in Chromium: the main thread, and the first paint."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from typing import Any

from django.conf import settings
from django.test import Client as Browser
from playwright.sync_api import Page, sync_playwright

from bench._pages import EMAIL, asker
from dashboards.models import Dashboard, Widget
from portal.accounts.models import User
from tests.running import RunningPortal

UID = "bench-screen"
WIDGETS = 20
FOR_S = 15
PAINTS = 5
BUSY_LIMIT, PAINT_LIMIT_MS = 0.30, 1_000.0
WAVE = 'label_replace(sin(vector(time() / {} + {})), "s", "{}", "", "")'
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


def measured(portal: RunningPortal) -> dict[str, float]:
    """Return the main thread's share, by processor time, and when something is first seen."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium here (apt-get install chromium): nothing is drawn")
        return {}
    make_board()
    cookie = cookie_of(portal)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(base_url=portal.url, viewport={"width": 1440, "height": 1100})
        context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict will do
        found = seen(context.new_page())
        browser.close()
    return found


def make_board() -> None:
    Dashboard.objects.filter(uid=UID).delete()
    board = Dashboard.objects.create(uid=UID, name="Screen", is_public=True, time={"from": "-1h"})
    for number in range(WIDGETS):
        waves = (WAVE.format(60 + 9 * at, number, name) for at, name in enumerate("abc"))
        Widget.objects.create(
            dashboard=board, key=f"w{number}", type="chart", kind="line", title=f"Widget {number}",
            source="promql", query=" or ".join(waves), refresh_interval_ms=1_000,
            x=number % 4 * 6, y=number // 4 * 3, w=6, h=3,
        )  # fmt: skip


def cookie_of(portal: RunningPortal) -> dict[str, Any]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread
    with asker(portal):
        pass  # makes the account
    browser = Browser()
    browser.force_login(User.objects.get(email=EMAIL))
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": browser.cookies[name].value, "url": portal.url}


def seen(page: Page) -> dict[str, float]:
    paints = []
    for _ in range(PAINTS):
        page.goto(f"/dashboards/{UID}/")
        page.locator(".js-plotly-plot").first.wait_for()
        paints.append(float(page.evaluate(PAINTED)))
    metrics = page.context.new_cdp_session(page)
    # Processor time: other work on the machine must not count.
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.wait_for_timeout(8_000)
    page.evaluate(
        "window.drawn = 0; document.addEventListener('chart:drawn', () => { drawn += 1; })"
    )
    before, began = task_s(metrics), time.monotonic()
    page.wait_for_timeout(FOR_S * 1_000)
    took = time.monotonic() - began
    busy = (task_s(metrics) - before) / took
    return {
        "main thread / 30 %": busy / BUSY_LIMIT,
        "first contentful paint, median / 1 s": statistics.median(paints) / PAINT_LIMIT_MS,
        "main thread, % of a core": busy * 100,
        "charts drawn a second": float(page.evaluate("drawn")) / took,
        "first contentful paint, median ms": statistics.median(paints),
    }


def task_s(metrics: Any) -> float:
    listed = metrics.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in listed if one["name"] == "TaskDuration"))
