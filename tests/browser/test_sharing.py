"""Share a dashboard with a team from the keyboard, and take it back while somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import log_in
from tests.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BOARD = "/dashboards/data-flow/"


@pytest.fixture
def other(demo: RunningPortal, browser: Browser) -> Iterator[Page]:
    """Return a page of the demo's viewer, in another browser."""
    context = browser.new_context(base_url=demo.url)
    opened = context.new_page()
    log_in(opened, *demo.login("viewer"))
    yield opened
    context.close()


@pytest.fixture
def sharing(page: Page, demo: RunningPortal) -> Iterator[Page]:
    """Return the page of sharing of a board that is closed to all staff; it is opened again."""
    page.goto(BOARD)
    page.get_by_role("link", name="Share").press("Enter")
    expect(page.get_by_role("heading", name="Who can see", exact=False).first).to_be_visible()
    here = page.url
    switch(page, "Close to all staff")
    yield page
    page.goto(here)
    switch(page, "Open to all staff")


def switch(page: Page, name: str) -> None:
    """Press a button that shows who gains and who loses, and confirm, by keyboard."""
    page.get_by_role("button", name=name).press("Enter")
    expect(page.get_by_role("heading", name="Who loses")).to_be_visible()
    expect(page.get_by_role("button", name="Do it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Open pages follow within seconds.")).to_be_visible()


def test_a_team_sees_what_is_shared_with_it_and_loses_it_within_5_s(
    sharing: Page, other: Page, demo: RunningPortal
) -> None:
    here = sharing.url
    make_team(sharing, "Payments", demo.login("viewer")[0])
    closed = other.goto(BOARD)
    assert closed is not None
    assert closed.status == 404

    sharing.goto(here)
    sharing.get_by_role("button", name="Share with").press("Enter")
    expect(sharing.get_by_label("Person, team or role")).to_be_focused()
    sharing.keyboard.type("Payments (team)")
    sharing.keyboard.press("Tab")  # to the level, which is view
    sharing.keyboard.press("Tab")
    sharing.keyboard.press("Enter")
    expect(sharing.get_by_text("Payments (team) may now view it.")).to_be_visible()

    other.goto(BOARD)
    expect(other.locator("[data-widget]").first).to_be_visible()
    expect(other.locator("live-state")).to_have_attribute("state", "live", timeout=15_000)

    sharing.get_by_role("button", name="Remove Payments (team)").press("Enter")
    expect(sharing.get_by_text("It is no longer shared with Payments (team).")).to_be_visible()
    began = monotonic()
    expect(other.get_by_text("You may no longer see this dashboard.")).to_be_visible(timeout=5_000)

    assert monotonic() - began < 5
    answer = other.goto(BOARD)
    assert answer is not None
    assert answer.status == 404


def make_team(page: Page, name: str, member: str) -> None:
    page.goto("/teams/")
    page.get_by_role("button", name="New team").press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_label("Add a person").fill(member)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
