"""From an empty builder to a dashboard, with nothing but mouse and keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_funnel_is_built_saved_and_seen_on_a_dashboard(page: Page) -> None:
    page.goto("/explore/funnels/")
    expect(page.get_by_text("Choose at least two steps")).to_be_visible()

    # Nobody waits for the first answer before typing on.
    for number, event in enumerate(("page_view", "signup"), start=1):
        field = page.get_by_label(f"Event of step {number}")
        field.fill(event)
        field.press("Tab")
    conversion = page.locator("#conversion")
    expect(conversion).to_contain_text("%", timeout=15_000)

    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Save")
    dialog.get_by_label("Name").fill("Signing up")
    dialog.get_by_label("Folder").fill("Growth/Weekly")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Signing up” is saved.")).to_be_visible(timeout=15_000)

    page.get_by_role("button", name="Add to dashboard").click()
    dialog = page.get_by_role("dialog", name="Save")
    expect(dialog.get_by_label("Title")).to_have_value("Signing up")
    dialog.get_by_label("new").fill("Growth board")
    dialog.get_by_role("button", name="Add").click()

    box = page.locator("[data-widget=signing-up]")
    expect(box.locator(".main-svg").first).to_be_visible(timeout=15_000)
    expect(box.locator(".xtick", has_text="2. signup")).to_be_visible()
    expect(page.get_by_text("“Signing up” is on Growth board.")).to_be_visible()

    box.get_by_role("link", name="Open Signing up in Explore").click()
    expect(page.get_by_label("Event of step 2")).to_have_value("signup")


def test_a_saved_insight_is_found_opened_and_updated(page: Page) -> None:
    page.goto("/explore/trends/?event=page_view&math=total&property=&name=&interval=day")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog", name="Save").get_by_label("Name").fill("Views each day")
    page.get_by_role("dialog", name="Save").get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Views each day” is saved.")).to_be_visible(timeout=15_000)

    page.goto("/explore/saved/")
    page.get_by_label("Name or description").fill("views each")
    expect(page.get_by_role("row", name="Signing up")).to_have_count(0)
    page.get_by_role("link", name="Trend Views each day").first.click()
    expect(page.locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)
    page.locator("#math-A").select_option("unique_users")
    page.wait_for_url("**math=unique_users**")
    page.get_by_role("button", name="Update").click()

    expect(page.get_by_text("“Views each day” is updated.")).to_be_visible(timeout=15_000)
    expect(page.locator("#math-A")).to_have_value("unique_users")
