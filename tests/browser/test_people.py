"""People in Debian's Chromium: from the list to a profile, and a split that is undone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page import AXE, serious_faults, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
APPLIED_MS = 90_000  # two rewritings of the engine on a busy machine


def open_a_customer(page: Page) -> None:
    """Open the profile of a customer whose device was joined."""
    page.goto("/explore/people/")
    page.get_by_label("Search people").fill("customer-1-00")
    page.get_by_label("Search people").press("Enter")
    customers = page.locator(".people-name a", has_text="customer-1-00")
    expect(customers.first).to_be_visible()
    expect(page).to_have_url(re.compile("q=customer-1-00"))
    for address in [link.get_attribute("href") or "" for link in customers.all()[:20]]:
        page.goto(address)
        if page.get_by_label(re.compile("Split off anon-")).count() == 1:
            return
    raise AssertionError("no customer of the demo has two ids")


def figures(page: Page) -> tuple[int, int]:
    """Read unique users before and after off a preview."""
    words = page.locator("#users-change").inner_text().replace(",", "")
    before, after = (int(one) for one in words.split(" → "))
    return before, after


def test_a_split_is_previewed_applied_and_undone(page: Page) -> None:
    page.add_init_script(path=AXE)
    open_a_customer(page)
    address, title = page.url, page.locator(".page-title p").inner_text()
    settle(page)
    assert serious_faults(page) == []

    page.get_by_label(re.compile("Split off anon-")).check()
    page.get_by_role("button", name="Split off what is chosen").click()
    before, after = figures(page)
    assert after == before + 1
    moved = int(page.locator("#events-moved").inner_text().replace(",", ""))
    assert moved > 0
    assert serious_faults(page) == []
    page.get_by_label("Why").fill("The laptop is shared")
    page.get_by_role("button", name="Split", exact=True).click()
    expect(page.get_by_text("every number is as before").first).to_be_visible()
    expect(page.get_by_text("Done:")).to_be_visible(timeout=APPLIED_MS)

    page.goto(address)
    left = page.locator(".page-title p").inner_text()
    assert events_of(left) == events_of(title) - moved
    page.get_by_role("link", name="Undo").click()
    before, after = figures(page)
    assert after == before - 1
    page.get_by_label("Why").fill("It was one person after all")
    page.get_by_role("button", name="Undo a split").click()
    expect(page.get_by_text("Done:")).to_be_visible(timeout=APPLIED_MS)
    page.goto(address)
    assert page.locator(".page-title p").inner_text() == title


def events_of(title: str) -> int:
    return int(title.split(" ")[0].replace(",", ""))


def test_the_timeline_is_narrowed_and_an_event_opens(page: Page) -> None:
    open_a_customer(page)

    name = page.locator("#event option").nth(1).get_attribute("value") or ""
    page.get_by_label("Only this event").select_option(name)

    expect(page).to_have_url(re.compile(f"event={name}"))
    rows = page.locator("#timeline .event-row")
    expect(rows.locator(".event-name").filter(has_not_text=name)).to_have_count(0)
    rows.first.locator("summary").click()
    expect(rows.first.locator(".event-body")).to_contain_text("Received")
