"""Every page: no serious accessibility fault, nothing wider than the screen, in both themes.

PORTAL_SCREENSHOTS=dir keeps the pictures, for people to look at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = [
    "/",
    "/dashboards/",
    "/dashboards/business/",
    "/dashboards/data-flow/",
    "/dashboards/new/",
    "/dashboards/business/edit/",
    "/dashboards/business/versions/",
    "/dashboards/business/delete/",
    "/library/",
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
    "/metrics/business/",
    "/metrics/business/1/",
    "/metrics/business/new/",
    "/health/",
    "/metrics/explore/",
    "/metrics/explore/?query=sum+by+(process)+(tanqory_process_proportional_memory_bytes)&query=nothing_at_all",
    "/metrics/explore/?query=tanqory_process_proportional_memory_bytes&view=table",
    "/metrics/cardinality/",
    "/settings/prometheus-servers/",
    "/settings/prometheus-servers/new/",
    "/dashboards/performance/",
    "/dashboards/error-tracking/",
    "/sharing/dashboard/1/",
    "/sharing/dashboard/1/change/?is_public=0",
    "/dashboards/business/links/",
    "/dashboards/business/snapshots/",
    "/playlists/",
    "/playlists/new/",
    "/settings/homes/",
    "/teams/",
    "/service-accounts/",
    "/settings/tokens/",
    "/settings/sessions/",
    "/settings/sign-in/",
    "/settings/sign-in/add/oidc/",
    "/settings/sign-in/add/saml/",
    "/settings/sign-in/scim/sso/",
    "/settings/sign-in/sessions/",
    "/accounts/second-factor/",
    "/scrape-targets/",
    "/scrape-targets/1/",
    "/scrape-targets/add/none/",
    "/scrape-targets/add/file/",
    "/audit/",
    "/api/docs/",
    "/design/",
    "/no-such-page/",
]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_accessible(page: Page, path: str) -> None:
    open_page(page, path, "dark", WIDE)
    keep_picture(page, path, "dark")

    assert serious_faults(page) == []
    assert is_too_wide(page) is False

    page.emulate_media(color_scheme="light")
    settle(page)
    page.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
    keep_picture(page, path, "light")

    # Nothing else depends on the theme.
    assert serious_faults(page, "color-contrast", "link-in-text-block") == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_accessible_on_a_phone(page: Page, path: str) -> None:
    open_page(page, path, "light", PHONE)
    keep_picture(page, path, "narrow")

    assert serious_faults(page) == []
    assert is_too_wide(page) is False


def open_page(page: Page, path: str, theme: Literal["dark", "light"], size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    page.add_init_script(path=AXE)
    page.goto(path)
    page.wait_for_load_state("load")
    page.locator("main").wait_for()
    settle(page)


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def settle(page: Page) -> None:
    """Bring every chart into view, where it draws itself, and wait until it has."""
    for chart in page.locator("portal-chart").all():
        if chart.is_visible():
            chart.scroll_into_view_if_needed()
            chart.locator(".main-svg, [data-empty], [data-error]").first.wait_for(timeout=15_000)


def serious_faults(page: Page, *only: str) -> list[Any]:
    """Return axe's serious and critical violations with the places they stand in.

    `only` are the rules that are asked for, all if there is none.
    """
    found = page.evaluate(
        "only => axe.run({resultTypes: ['violations'], ...(only.length && {runOnly: only})})",
        only,
    )
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
