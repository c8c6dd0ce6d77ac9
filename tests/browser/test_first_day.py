"""What a new user does on the first day, in Debian's Chromium against a real demo portal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import log_in
from tests.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_logging_in_shows_a_business_dashboard_that_moves(
    demo: RunningPortal, browser: Browser
) -> None:
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()

    log_in(page, *demo.login("viewer"))
    page.goto("/dashboards/business/")
    figures = page.locator("[data-widget] [data-figure]")
    expect(figures.first).to_have_text(re.compile(r"\d"))
    first = figures.all_inner_texts()

    # No reload: the socket brings the demo's trickle of new events.
    expect(figures).not_to_have_text(first, timeout=30_000)
    context.close()


def test_live_views_resume_by_themselves_after_web_was_killed(
    demo: RunningPortal, page: Page
) -> None:
    page.goto("/dashboards/business/")
    state = page.locator("[data-live-state]").first
    expect(state).to_contain_text("Live", timeout=15_000)

    demo.kill("web")

    expect(state).not_to_contain_text("Live", timeout=15_000)
    expect(state).to_contain_text("Live", timeout=30_000)


def test_the_command_palette_goes_places_by_keyboard(page: Page) -> None:
    page.goto("/")

    page.keyboard.press("Control+k")
    page.keyboard.type("trends")
    page.keyboard.press("Enter")

    page.wait_for_url("**/explore/trends/**")


def test_a_trend_answers_with_chart_table_and_sql(page: Page) -> None:
    page.goto("/explore/trends/")

    expect(page.locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)
    expect(page.locator("table").first).to_be_visible()
    expect(page.get_by_text("How is this counted?").first).to_be_visible()
