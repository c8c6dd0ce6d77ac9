"""Building a cohort from the empty page, and asking a question of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def choose(page: Page, field: str, typed: str) -> None:
    """Choose from a picker by the keyboard alone."""
    page.locator(field).click()
    page.keyboard.type(typed)
    expect(page.locator(".pick-option:visible").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


@contextmanager
def counted_again(page: Page) -> Iterator[None]:
    """Wait until the rows stand there anew and the preview has counted them."""
    with page.expect_response(re.compile("/cohorts/preview/$")):
        yield


def number_in(text: str | None) -> int:
    found = re.search(r"\d[\d,]*", text or "")
    assert found
    return int(found[0].replace(",", ""))


def test_a_cohort_is_built_saved_and_asked_about(page: Page) -> None:
    page.goto("/explore/cohorts/")
    page.get_by_role("link", name="New cohort").click()
    page.get_by_label("Name", exact=True).fill("Buyers of late")

    with counted_again(page):
        choose(page, "#r1-event", "purch")
    size = page.locator("#preview-size")
    expect(size).to_have_text(re.compile(r"\d"), timeout=15_000)
    everybody = number_in(size.text_content())
    with counted_again(page):
        page.locator("#r1-span").select_option("last")
    with counted_again(page):
        page.locator("#r1-days").fill("20")
        page.locator("#r1-days").press("Tab")
    expect(size).not_to_have_text(f"{everybody:,}", timeout=15_000)

    with counted_again(page):
        page.get_by_role("button", name="Add condition").click()
    expect(page.locator("#r2-event")).to_be_focused()
    with counted_again(page):
        page.locator("#r2-kind").select_option("property")
    with counted_again(page):
        choose(page, "#r2-property", "plan")
    with counted_again(page):
        choose(page, "#r2-value", "")
    page.get_by_role("button", name="Save cohort").click()

    expect(page.get_by_role("heading", name="Buyers of late", level=1)).to_be_visible()
    members = number_in(page.locator("#cohort-size").text_content())
    assert 0 < members < everybody
    expect(page.locator(".behind-person").first).to_be_visible()

    page.get_by_role("link", name="Trend of these people").click()
    expect(page.locator(".chip", has_text="in “Buyers of late”")).to_be_visible()
    expect(page.locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)


def test_a_trend_is_broken_down_and_filtered_by_a_cohort(page: Page) -> None:
    page.goto("/explore/cohorts/new/")
    page.get_by_label("Name", exact=True).fill("Searchers")
    with counted_again(page):
        choose(page, "#r1-event", "search")
    page.get_by_role("button", name="Save cohort").click()
    page.wait_for_url(re.compile(r"/explore/cohorts/\d+/$"))
    page.goto("/explore/trends/")

    choose(page, "#breakdown", "searchers")
    expect(page.locator("#breakdown")).to_have_value("Cohort: Searchers", timeout=15_000)
    expect(page.locator("#answer-title")).to_contain_text("by cohort Searchers")
    page.get_by_role("button", name="Add filter").first.click()
    page.locator("#new-kind").select_option("cohort")
    page.locator("#new-cohort").select_option(label="Searchers")
    page.locator("#filter-form").get_by_role("button", name="Add filter").click()

    chip = page.locator(".chip", has_text="in “Searchers”")
    expect(chip).to_be_visible(timeout=15_000)
    chip.get_by_role("button").first.click()
    expect(page.locator("#new-cohort")).to_be_visible()
    page.locator("#new-cohort-op").select_option("not_in")
    page.locator("#filter-form").get_by_role("button", name="Change filter").click()
    expect(page.locator(".chip", has_text="not in “Searchers”")).to_be_visible(timeout=15_000)
