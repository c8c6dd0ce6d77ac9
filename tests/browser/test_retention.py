"""Building retention, lifecycle and stickiness from an empty page, and asking why a number changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Presses the middle of a point of a chart, as plotly places it: trace, then its place.
MIDDLE = """([id, trace, place]) => {
    const plot = document.querySelector(`#${id} .chart-canvas`);
    const { xaxis, yaxis } = plot._fullLayout;
    const { x, y } = plot._fullData[trace];
    const [row, column] = Array.isArray(place) ? place : [place, place];
    const at = plot.getBoundingClientRect();
    const left = at.left + xaxis._offset + xaxis.d2p(x[column]);
    const top = at.top + yaxis._offset + yaxis.d2p(Array.isArray(place) ? y[row] : y[place] / 2);
    return [left, top];
}"""
DATA = "id => document.querySelector(`#${id} .chart-canvas`).data"


def drawn(page: Page, chart: str) -> list[dict[str, Any]]:
    """Return the traces of a chart once it is drawn."""
    page.locator(f"#{chart}").scroll_into_view_if_needed()
    page.locator(f"#{chart} .main-svg").first.wait_for(timeout=15_000)
    found: list[dict[str, Any]] = page.evaluate(DATA, chart)
    return found


def press(page: Page, chart: str, trace: int, place: int | list[int]) -> None:
    """Hover over a point, as plotly needs it, and press it."""
    left, top = page.evaluate(MIDDLE, [chart, trace, place])
    page.mouse.move(left - 3, top)
    page.mouse.move(left, top)
    page.wait_for_timeout(200)  # plotly's hover is throttled
    page.mouse.down()
    page.mouse.up()


def people_in(page: Page) -> int:
    """Count the people of the open drawer, all pages of them."""
    drawer = page.locator("#behind")
    expect(drawer.locator(".behind-person").first).to_be_visible(timeout=15_000)
    while drawer.get_by_role("link", name="Show more").count():
        before = drawer.locator(".behind-person").count()
        drawer.get_by_role("link", name="Show more").click()
        expect(drawer.locator(".behind-person")).not_to_have_count(before, timeout=15_000)
    return drawer.locator(".behind-person").count()


def choose(page: Page, field: Locator, words: str) -> None:
    """Pick an event by keyboard alone."""
    field.click()
    page.keyboard.type(words)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def signed(change: int) -> str:
    sign = {-1: "\N{MINUS SIGN}", 0: "", 1: "+"}[(change > 0) - (change < 0)]
    return f"{sign}{abs(change)}"


def test_a_retention_is_built_read_and_followed_to_its_people(page: Page) -> None:
    page.goto("/explore/retention/")
    choose(page, page.get_by_label("Event of the start"), "signu")
    page.wait_for_url("**start_event=signup**")
    choose(page, page.get_by_label("Event of the return"), "purchas")
    page.wait_for_url("**return_event=purchase**")

    sizes, rates = drawn(page, "retention-grid")
    row = next(n for n, cells in enumerate(rates["z"]) if cells[0])
    returned = round(rates["z"][row][0] * sizes["z"][row][0])
    press(page, "retention-grid", 1, [row, 0])

    expect(page.locator("#behind-title")).to_contain_text("Came back in week 1")
    assert people_in(page) == returned


def test_the_people_of_a_cell_open_by_keyboard_too(page: Page) -> None:
    page.goto("/explore/retention/?start_event=signup&return_event=purchase&interval=week")
    link = page.locator("#cohorts-table tbody tr").nth(2).locator("a[data-people]").last
    said = re.match(r"week \d+: (\d+) of", link.get_attribute("title") or "")
    assert said is not None

    link.focus()
    page.keyboard.press("Enter")

    assert people_in(page) == int(said[1])
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_a_value_s_grid_and_filters_stay_in_the_address(page: Page) -> None:
    page.goto("/explore/retention/?start_event=signup&return_event=*&interval=week")
    page.get_by_role("button", name="Add a filter to the return").click()
    page.locator("#new-property").fill("$platform")
    page.locator("#new-value").fill("web")
    page.locator("#filter-form .button-primary").click()
    page.wait_for_url("**where=**")
    page.locator("#breakdown").fill("$platform")
    page.locator("#breakdown").press("Enter")
    page.wait_for_url("**breakdown=**")
    page.locator("#shown-1").click()
    page.wait_for_url("**shown=**")

    page.reload()

    expect(page.locator("#shown-1")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="$platform is “web”")).to_be_visible()


def test_a_lifecycle_is_built_and_the_part_of_a_bar_opens_its_people(page: Page) -> None:
    page.goto("/explore/lifecycle/")
    choose(page, page.get_by_label("Event that makes a person active"), "purchas")
    page.wait_for_url("**event=purchase**")

    traces = drawn(page, "lifecycle-chart")
    place = next(n for n, trace in enumerate(traces) if trace["name"] == "Dormant")
    press(page, "lifecycle-chart", place, 20)

    expect(page.locator("#behind-title")).to_contain_text("Dormant in the day of")
    assert people_in(page) == -traces[place]["y"][20]


def test_a_stickiness_is_built_and_its_bars_open_their_people(page: Page) -> None:
    page.goto("/explore/stickiness/")
    choose(page, page.get_by_label("Event that makes a person active"), "purchas")
    page.wait_for_url("**event=purchase**")

    (bars,) = drawn(page, "stickiness-chart")
    press(page, "stickiness-chart", 0, 1)

    expect(page.locator("#behind-title")).to_have_text("People active on 2 days")
    assert people_in(page) == bars["y"][1]


def test_a_press_on_a_point_says_why_it_changed(page: Page) -> None:
    page.goto("/explore/trends/?event=purchase&math=total&property=&name=&interval=day&chart=bar")
    (bars, *_) = drawn(page, "trend-chart")

    press(page, "trend-chart", 0, 25)

    expect(page.locator("#behind-title")).to_contain_text("Why did “purchase” change, ")
    now = page.locator("#behind .stat-value").first
    expect(now).to_have_text(str(bars["y"][25]), timeout=15_000)
    page.get_by_label("Against").select_option("same_bucket_last_week")
    before = page.locator("#behind .stat-value").nth(1)
    expect(before).to_have_text(str(bars["y"][18]), timeout=15_000)
    change = bars["y"][25] - bars["y"][18]
    expect(page.locator("#why-change")).to_have_text(signed(change))


def test_why_is_asked_by_keyboard_and_leads_to_the_value_s_trend(page: Page) -> None:
    page.goto("/explore/trends/?event=purchase&math=total&property=&name=&interval=day")
    page.locator("#points summary").click()
    page.locator("#points .number-button").nth(20).focus()
    page.keyboard.press("Enter")

    value = page.locator("#behind .why-property a[title^='The trend where']").first
    expect(value).to_be_visible(timeout=15_000)
    name = value.inner_text()
    value.click()

    page.wait_for_url("**where=**")
    chip = re.compile(rf"[“ ]{re.escape(name)}(”|$|\s)")  # a number stands without quotes
    expect(page.get_by_role("button", name=chip).first).to_be_visible()
