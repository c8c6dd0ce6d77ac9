"""People in Debian's Chromium: from the list to a profile, and a split that is undone."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from analytics.collect.demo import note
from portal.lib import clock
from tests.browser.test_every_page import AXE, serious_faults, settle
from tests.running import RunningPortal, eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
APPLIED_MS = 90_000  # two rewritings of the engine on a busy machine
LAPTOP, PHONE = 3, 5  # events without and with the user id


def open_a_customer(page: Page) -> None:
    """Open the profile of a customer whose device was joined."""
    page.goto("/explore/people/")
    page.get_by_label("Search people").fill("customer-1-00")
    page.get_by_label("Search people").press("Enter")
    customers = page.locator(".people-name a", has_text="customer-1-00")
    expect(customers.first).to_be_visible()
    expect(page).to_have_url(re.compile("q=customer-1-00"), timeout=30_000)
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


def send_somebody(demo: RunningPortal) -> str:
    """Let somebody come whose events are these only; returns the user id.

    The demo's own customers go on visiting while a test looks at them.
    """
    day, laptop = clock.now() - timedelta(days=3), {"anonymousId": "sue-laptop"}
    known = {"userId": "sue-shares", "anonymousId": "sue-phone"}
    events = [
        *({"name": "page_view", "sessionId": "sue-1", **laptop} for _ in range(LAPTOP)),
        {"name": "user_identified", "sessionId": "sue-2", **laptop, "userId": "sue-shares"},
        *({"name": "page_view", "sessionId": "sue-3", **known} for _ in range(PHONE - 1)),
    ]
    for minute, event in enumerate(events):
        event["timestamp"] = (day + timedelta(minutes=minute)).isoformat()
    written = note.read(demo.data_dir)
    assert written is not None
    key = {"Authorization": f"Bearer {written.key}"}
    sent = httpx.post(f"{demo.url}/api/v1/events", json={"events": events}, headers=key, timeout=30)
    assert sent.status_code == 200, sent.text
    return "sue-shares"


def events_shown(page: Page, address: str) -> int:
    """Read the number of events off a profile; 0 while nobody is known there."""
    answer = page.request.get(address)
    found = re.search(r"([\d,]+) events in", answer.text()) if answer.ok else None
    return int(found[1].replace(",", "")) if found else 0


def test_a_split_is_previewed_applied_and_undone(demo: RunningPortal, page: Page) -> None:
    page.add_init_script(path=AXE)
    address, both = f"/explore/people/id/{send_somebody(demo)}/", LAPTOP + PHONE
    eventually(lambda: events_shown(page, address) == both, within_s=60, what="both are one person")
    page.goto(address)
    title = page.locator(".page-title p").inner_text()
    settle(page)
    assert serious_faults(page) == []

    page.get_by_label(re.compile("Split off sue-laptop")).check()
    page.get_by_role("button", name="Split off what is chosen").click()
    before, after = figures(page)
    assert after == before + 1
    assert page.locator("#events-moved").inner_text() == str(LAPTOP)
    assert serious_faults(page) == []
    page.get_by_label("Why").fill("The laptop is shared")
    page.get_by_role("button", name="Split", exact=True).click()
    expect(page.get_by_text("every number is as before").first).to_be_visible()
    expect(page.get_by_text("Done:")).to_be_visible(timeout=APPLIED_MS)

    assert events_shown(page, address) == PHONE
    page.goto(address)
    page.get_by_role("link", name="Undo").click()
    before, after = figures(page)
    assert after == before - 1
    page.get_by_label("Why").fill("It was one person after all")
    page.get_by_role("button", name="Undo a split").click()
    expect(page.get_by_text("Done:")).to_be_visible(timeout=APPLIED_MS)
    page.goto(address)
    assert page.locator(".page-title p").inner_text() == title


def test_the_timeline_is_narrowed_and_an_event_opens(page: Page) -> None:
    open_a_customer(page)

    name = page.locator("#event option").nth(1).get_attribute("value") or ""
    page.get_by_label("Only this event").select_option(name)

    expect(page).to_have_url(re.compile(f"event={name}"))
    rows = page.locator("#timeline .event-row")
    expect(rows.locator(".event-name").filter(has_not_text=name)).to_have_count(0)
    rows.first.locator("summary").click()
    expect(rows.first.locator(".event-body")).to_contain_text("Received")
