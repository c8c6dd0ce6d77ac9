"""A public link in a browser that nobody signed in to, a TV that shows a playlist, and the kiosk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_every_page import is_too_wide, serious_faults
from tests.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture
def stranger(demo: RunningPortal, browser: Browser) -> Iterator[Page]:
    """Open a page in a browser without a session; script errors fail the test."""
    context = browser.new_context(base_url=demo.url, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.add_init_script(path=AXE)
    yield opened
    assert context.cookies() == []
    context.close()
    assert problems == []


def make_link(page: Page, at: str, name: str, kind: str = "link") -> str:
    """Make a link with the form, and return the address that is shown once."""
    page.goto(at)
    page.get_by_label("For whom").fill(name)
    page.get_by_label("What it is").select_option(kind)
    page.get_by_role("button", name="Make it").press("Enter")
    expect(page.get_by_text("It is shown only this once")).to_be_visible()
    return page.locator(".code code").first.inner_text().strip()


def test_a_stranger_watches_and_is_shut_out_within_5_s(page: Page, stranger: Page) -> None:
    address = make_link(page, "/dashboards/business/links/", "A customer")

    stranger.goto(address)
    expect(stranger.locator("[data-widget]").first).to_be_visible()
    expect(stranger.locator("live-state")).to_have_attribute("state", "live", timeout=15_000)
    expect(stranger.get_by_role("navigation")).to_have_count(0)
    assert serious_faults(stranger) == []
    moved = stranger.locator(".widget-stat [data-figure]").nth(1)  # page views
    before = moved.inner_text()
    expect(moved).not_to_have_text(before, timeout=60_000)

    stranger.set_viewport_size({"width": 390, "height": 844})
    assert is_too_wide(stranger) is False

    page.get_by_role("button", name="Revoke A customer").press("Enter")
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    began = monotonic()
    expect(stranger.get_by_text("This link no longer works")).to_be_visible(timeout=5_000)

    assert monotonic() - began < 5


def test_a_tv_shows_a_playlist_without_a_login(page: Page, stranger: Page) -> None:
    page.goto("/playlists/new/")
    page.get_by_label("Name").fill("Wall")
    page.get_by_label("Seconds for each").fill("5")
    for name in ("Business", "Data flow"):
        page.get_by_label("Add a dashboard").select_option(label=name)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("heading", name="Wall")).to_be_visible()
    page.get_by_role("link", name="Screens").press("Enter")
    address = make_link(page, page.url, "Lobby TV", "screen")

    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="Business")).to_be_visible()
    expect(stranger.locator("live-state")).to_have_attribute("state", "live", timeout=15_000)
    expect(stranger.get_by_role("heading", name="Data flow")).to_be_visible(timeout=20_000)
    stranger.keyboard.press(" ")
    expect(stranger.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    stranger.keyboard.press("ArrowLeft")
    expect(stranger.get_by_role("heading", name="Business")).to_be_visible(timeout=15_000)
    expect(stranger.locator("live-state")).to_have_attribute("state", "live", timeout=15_000)


def test_the_kiosk_shows_the_dashboard_alone(page: Page) -> None:
    page.goto("/dashboards/business/")
    sidebar = page.get_by_role("navigation", name="Main")
    expect(sidebar).to_be_visible()

    page.keyboard.press("K")
    expect(sidebar).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?kiosk$"))
    page.reload()
    expect(sidebar).to_be_hidden()
    page.keyboard.press("Escape")

    expect(sidebar).to_be_visible()
    expect(page).to_have_url(re.compile(r"/dashboards/business/$"))


def test_the_list_is_used_by_keyboard(page: Page) -> None:
    page.goto("/dashboards/")
    words = page.get_by_label("Name, description or tag")
    words.fill("data flow")
    expect(page.locator("[data-found]")).to_have_count(1)
    words.press("ArrowDown")
    expect(page.get_by_role("link", name="Data flow")).to_be_focused()
    page.keyboard.press("s")
    star = page.get_by_role("button", name="Star Data flow")
    expect(star).to_have_attribute("aria-pressed", "true", timeout=15_000)

    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_contain_text("Data flow")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Data flow")).to_be_visible()
