"""The shell by keyboard and mouse, in Chromium: palette, theme, time range, menus, charts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.people import People

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture
def page(live_server: LiveServer, browser: Browser, people: People) -> Iterator[Page]:
    """Open the design page as an admin; a script error or a refused resource fails the test."""
    client = Client()
    client.force_login(people.admin)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
    )
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    opened.goto("/design/")
    yield opened
    context.close()
    assert problems == []


def test_the_palette_runs_a_command_by_keyboard(page: Page) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search pages")
    expect(field).to_be_focused()

    page.keyboard.type("theme dark")
    page.keyboard.press("Enter")

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(field).to_be_hidden()


def test_the_palette_says_when_nothing_is_found_and_closes_by_escape(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("zzzz")

    expect(page.get_by_text("Nothing is called “zzzz”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Search pages")).to_be_hidden()


def test_arrows_move_through_the_palette_and_the_reader_is_told(page: Page) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search pages")
    first = field.get_attribute("aria-activedescendant")

    page.keyboard.press("ArrowDown")

    expect(field).not_to_have_attribute("aria-activedescendant", first or "")
    chosen = page.get_by_role("listbox", name="Results").get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)


def test_the_theme_stays_after_a_reload(page: Page) -> None:
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_charts_follow_the_theme_without_a_reload(page: Page) -> None:
    line = page.locator("#chart-lines .scatterlayer .js-line").first
    light = line.get_attribute("style")

    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("menuitemradio", name="Dark").click()

    expect(line).not_to_have_attribute("style", light or "")


def test_the_menu_is_used_by_arrows_and_gives_focus_back(page: Page) -> None:
    button = page.get_by_role("button", name="Account menu")
    button.focus()

    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_focused()
    page.keyboard.press("Escape")

    expect(button).to_be_focused()


def test_a_relative_range_goes_into_the_address(page: Page) -> None:
    page.keyboard.press("r")
    page.get_by_role("radio", name="Last 30 days").click()

    page.wait_for_url(re.compile(r"\?from=-30d$"))
    expect(page.get_by_role("button", name="Last 30 days")).to_be_visible()


def test_an_absolute_range_is_half_open_and_in_the_chosen_zone(page: Page) -> None:
    page.keyboard.press("r")
    page.get_by_label("From", exact=True).fill("2026-03-01T00:00")
    page.get_by_label("Until").fill("2026-03-08T00:00")
    page.get_by_role("button", name="Apply").click()

    page.wait_for_url("**/design/?from=2026-03-01T00%3A00%3A00Z&to=2026-03-08T00%3A00%3A00Z&tz=UTC")
    expect(page.get_by_role("button", name="1 Mar 2026 to 8 Mar 2026")).to_be_visible()


def test_a_range_that_ends_before_it_begins_is_refused_in_place(page: Page) -> None:
    page.keyboard.press("r")
    page.get_by_label("From", exact=True).fill("2026-03-08T00:00")
    page.get_by_label("Until").fill("2026-03-01T00:00")
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("The end must be later than the start.")).to_be_visible()


def test_shortcuts_are_listed_and_do_nothing_while_writing(page: Page) -> None:
    page.locator("#f-search").fill("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()

    page.locator("#f-search").blur()
    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_a_table_sorts_by_its_column_and_says_so(page: Page) -> None:
    head = page.get_by_role("columnheader", name="Events")
    names = page.locator("data-table tbody th")

    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(names.first).to_have_text("page_viewed")
    head.get_by_role("button").click()

    expect(names.first).to_have_text("error_shown")


def test_a_series_can_be_hidden_and_the_others_keep_their_colors(page: Page) -> None:
    chart = page.locator("#chart-area")
    chart.scroll_into_view_if_needed()
    lines = chart.locator(".scatterlayer .js-line")
    expect(lines).to_have_count(3)
    before = {lines.nth(at).get_attribute("style") for at in range(3)}

    chart.get_by_role("button", name="Spool").click()

    expect(lines).to_have_count(2)
    assert {lines.nth(at).get_attribute("style") for at in range(2)} < before


def test_a_chart_shows_its_table_and_gives_its_csv(page: Page) -> None:
    chart = page.locator("#chart-lines")
    chart.hover()
    chart.get_by_role("button", name="Show as table").click()
    table = page.get_by_role("table", name="Sessions by platform")

    expect(table.get_by_role("columnheader", name="Android")).to_be_visible()
    page.keyboard.press("Escape")
    expect(table).to_be_hidden()
    chart.hover()
    with page.expect_download() as download:
        chart.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "Sessions by platform.csv"


def test_values_stay_readable_when_plotly_does_not_load(page: Page) -> None:
    empty = "export default {}"
    page.route(
        "**/plotly-*.js*", lambda route: route.fulfill(body=empty, content_type="text/javascript")
    )
    page.add_init_script("console.error = () => {}")  # the component logs why; here it is known
    page.reload()

    expect(page.locator("#chart-lines").get_by_text("could not be drawn")).to_be_visible()
    expect(page.locator("#chart-lines").get_by_role("table")).to_be_visible()


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_everything_opened_is_accessible(page: Page, look: str) -> None:
    if look == "narrow":
        page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if look == "dark" else "light", reduced_motion="reduce")
    page.add_init_script(path=AXE)
    page.reload()
    page.locator("#chart-lines .main-svg").first.wait_for()

    found = {"page": faults(page)}
    for name in ("Open a dialog", "Open a drawer", "Account menu"):
        page.get_by_role("button", name=name).click()
        found[name] = faults(page)
        page.keyboard.press("Escape")
    page.keyboard.press("r")
    found["time range"] = faults(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search pages").wait_for()
    found["palette"] = faults(page)

    assert {name: seen for name, seen in found.items() if seen} == {}
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """Return every violation that axe finds, minor ones included."""
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in result["violations"]
    ]


def test_the_status_line_says_when_the_portal_stops_answering(page: Page) -> None:
    line = page.locator("status-line")
    expect(line).to_contain_text("Engine")

    page.evaluate(
        """() => {
            console.error = () => {}; // htmx says the same there
            window.fetch = () => Promise.reject(new TypeError('away'));
        }"""
    )

    expect(line).to_contain_text("has not answered since", timeout=12_000)
    expect(line).to_contain_text("Data as of")


def test_a_session_that_ends_does_not_take_the_page_away(page: Page) -> None:
    page.locator("#f-name").fill("Half a sentence")
    page.evaluate(
        """() => {
            const headers = {'HX-Redirect': '/accounts/login/'};
            window.fetch = async () => new Response('', {status: 401, headers});
        }"""
    )

    expect(page.locator("status-line")).to_contain_text("You are signed out.", timeout=12_000)
    expect(page.locator("#f-name")).to_have_value("Half a sentence")
