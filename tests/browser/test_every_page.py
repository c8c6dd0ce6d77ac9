"""Every page: no serious accessibility fault, nothing wider than the screen, in both themes.

PORTAL_SCREENSHOTS=dir keeps the pictures, for people to look at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = [
    "/",
    "/dashboards/",
    "/dashboards/business/",
    "/dashboards/data-flow/",
    "/explore/trends/",
    "/explore/funnels/",
    "/explore/funnels/?event=page_view&label=&event=purchase&label=&window=14&unit=day&breakdown=%24platform",
    "/explore/trends/why/?event=page_view&math=total&property=&name=&interval=day&point=%5B0%2Cnull%2Cnull%5D",
    "/explore/retention/",
    "/explore/retention/?start_event=signup&return_event=*&interval=week&breakdown=%24platform&compare=previous_period",
    "/explore/lifecycle/",
    "/explore/stickiness/?event=page_view&compare=previous_period",
    "/explore/sessions/",
    "/explore/sessions/?breakdown=%24platform&measure=median_seconds",
    "/explore/paths/",
    "/explore/paths/?start=page_view&steps=8&least=5",
    "/explore/saved/",
    "/explore/cohorts/",
    "/explore/cohorts/new/",
    "/explore/cohorts/new/?list=1",
    "/explore/events/",
    "/explore/people/",
    "/explore/people/merge/",
    "/explore/schema/",
    "/settings/tokens/",
    "/api/docs/",
    "/design/",
    "/no-such-page/",
]
LOOKS = {
    "light": {"width": 1440, "height": 900},
    "dark": {"width": 1440, "height": 900},
    "narrow": {"width": 390, "height": 844},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_accessible(page: Page, path: str, look: str) -> None:
    page.set_viewport_size({"width": LOOKS[look]["width"], "height": LOOKS[look]["height"]})
    page.emulate_media(color_scheme="dark" if look == "dark" else "light", reduced_motion="reduce")
    page.add_init_script(path=AXE)

    page.goto(path)
    page.wait_for_load_state("load")
    page.locator("main").wait_for()
    settle(page)
    keep_picture(page, path, look)

    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def settle(page: Page) -> None:
    """Bring every chart into view, where it draws itself, and wait until it has."""
    for chart in page.locator("portal-chart").all():
        if chart.is_visible():
            chart.scroll_into_view_if_needed()
            chart.locator(".main-svg, [data-empty], [data-error]").first.wait_for(timeout=15_000)


def serious_faults(page: Page) -> list[Any]:
    """Return axe's serious and critical violations with the places they stand in."""
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:5]])
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]


def keep_picture(page: Page, path: str, look: str) -> None:
    folder = os.environ.get("PORTAL_SCREENSHOTS")
    if folder:
        name = path.strip("/").replace("/", "-") or "home"
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}-{look}.png"), full_page=True)
