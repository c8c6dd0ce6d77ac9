"""Exploring metrics with the keyboard: completion, a mistake, a number, and what it took."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
METRIC = "tanqory_process_proportional_memory_bytes"


def test_a_query_is_written_with_completion_mended_and_read(page: Page) -> None:
    page.goto("/metrics/explore/")
    editor, offers = page.get_by_label("Query A", exact=True), page.locator("#metrics-offers")

    page.keyboard.type("max(tanqory_process_prop")
    expect(offers.get_by_role("option", name=METRIC)).to_be_visible(timeout=15_000)
    page.keyboard.press("Enter")
    expect(editor).to_have_value(f"max({METRIC}")
    page.keyboard.type("{proc")
    expect(offers.get_by_role("option").first).to_contain_text("process", timeout=15_000)
    page.keyboard.press("Tab")
    expect(offers.get_by_role("option", name="valkey")).to_be_visible(timeout=15_000)
    page.keyboard.type("valk")
    expect(offers.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(editor).to_have_value(f'max({METRIC}{{process="valkey"')
    page.keyboard.type("}")
    expect(page.locator("#mistake-A")).to_contain_text("unclosed left parenthesis")
    expect(editor).to_have_attribute("aria-invalid", "true")
    page.keyboard.type(")")
    expect(page.locator("#mistake-A")).to_be_empty()

    page.keyboard.press("Control+Enter")
    page.wait_for_url("**valkey**")
    expect(page.locator("portal-chart .scatterlayer").first).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Table", exact=True).click()
    page.wait_for_url("**view=table**")
    value = page.locator("#metrics-answer tbody td.num").first
    assert int((value.get_attribute("data-value") or "0").partition(".")[0]) > 1_000_000
    page.locator(".metrics-explain summary").click()
    expect(page.locator(".metrics-explain .metrics-node").first).to_have_text(re.compile(r"^max\("))


def test_a_metric_is_found_in_the_list_and_narrowed_by_a_label(page: Page) -> None:
    page.goto("/metrics/explore/")
    page.get_by_label("Search metrics").fill("proportional")
    page.get_by_role("button", name=re.compile(METRIC)).click()
    page.locator("#metrics-browser").get_by_role("button", name="Insert").click()
    expect(page.get_by_label("Query A", exact=True)).to_have_value(METRIC)
    page.wait_for_url(f"**query={METRIC}&**")  # into an empty line: it is asked at once
    page.locator("#metrics-browser").get_by_role("button", name=re.compile("engine")).first.click()

    page.wait_for_url("**query=**engine**")
    expect(page.get_by_label("Query A", exact=True)).to_have_value(
        re.compile(METRIC + r'\{process="engine"\}')
    )
