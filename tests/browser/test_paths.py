"""Building paths from an empty page, reading them, and meeting the people behind them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
COUNT = re.compile(r"^[\d,]+$")


def built(page: Page) -> None:
    """Choose what leads from a page view to a purchase by keyboard alone."""
    page.goto("/explore/paths/")
    page.get_by_label("Start at this event").click()
    page.keyboard.type("page_vi")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**start=page_view**")
    page.get_by_label("End at this event").click()
    page.keyboard.type("purchase")
    page.keyboard.press("Enter")
    page.wait_for_url("**end=purchase**")
    expect(page.locator("#answer-title")).to_have_text("From page_view to purchase")


def people_of(page: Page, opens: Locator) -> int:
    """Open the people behind a number, and show them all; return how many there are."""
    opens.click()
    drawer = page.locator("#behind")
    expect(drawer.locator(".behind-person").first).to_be_visible(timeout=15_000)
    while drawer.get_by_role("link", name="Show more").count():
        before = drawer.locator(".behind-person").count()
        drawer.get_by_role("link", name="Show more").click()
        expect(drawer.locator(".behind-person")).not_to_have_count(before, timeout=15_000)
    found = drawer.locator(".behind-person").count()
    drawer.get_by_role("button", name="Close").click()
    return found


def test_a_path_is_built_read_and_followed_to_its_people(page: Page) -> None:
    built(page)

    expect(page.locator("portal-chart .sankey-node").first).to_be_visible(timeout=15_000)
    rows = page.locator("#links-table tbody tr")
    expect(rows.first).to_contain_text("page_view")
    counts = [int(one.replace(",", "")) for one in page.locator("#links-table a").all_inner_texts()]
    smallest = min(range(len(counts)), key=counts.__getitem__)

    assert counts[smallest] == people_of(page, page.locator("#links-table a").nth(smallest))


def test_a_press_on_a_link_or_a_node_opens_its_people(page: Page) -> None:
    built(page)
    chart = page.locator("portal-chart")
    expect(chart.locator(".sankey-node").first).to_be_visible(timeout=15_000)
    title = page.locator("#behind-title")

    # In the middle of a link there may be another's label: the event goes to the shape itself.
    chart.locator(".sankey-link").first.dispatch_event("click")
    expect(title).to_have_text(re.compile("People who went from page_view to .+ at step 1"))
    expect(page.locator("#behind .behind-person").first).to_be_visible(timeout=15_000)
    page.keyboard.press("Escape")

    chart.locator(".sankey-node .node-rect").first.click()
    expect(title).to_have_text("People who did page_view at step 1")
    expect(page.locator("#behind .behind-person").first).to_be_visible(timeout=15_000)


def test_filters_and_steps_stay_in_the_address(page: Page) -> None:
    page.goto("/explore/paths/")
    page.get_by_label("Steps", exact=True).fill("3")
    page.get_by_label("Steps", exact=True).press("Enter")
    page.wait_for_url("**steps=3**")
    page.get_by_role("button", name="Add filter").first.click()
    page.locator("#new-property").fill("$platform")
    page.locator("#new-value").fill("web")
    page.locator("#filter-form .button-primary").click()
    page.wait_for_url("**where=**")

    page.reload()

    expect(page.get_by_role("button", name="$platform is “web”")).to_be_visible()
    assert page.get_by_label("Steps", exact=True).input_value() == "3"
