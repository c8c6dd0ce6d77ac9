"""The widget editor: questions, pictures, options and the library, with a preview that follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
MEMORY = "sum by (process) (tanqory_process_resident_memory_bytes)"


@pytest.fixture
def board(page: Page, request: pytest.FixtureRequest) -> str:
    """Make an empty dashboard and return its address."""
    return make(page, request.node.name.removeprefix("test_")[:40])


def make(page: Page, name: str) -> str:
    page.goto("/dashboards/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/edit/")
    return page.url.removesuffix("edit/")


def add(page: Page, kind: str, title: str) -> Locator:
    """Add a widget of a kind, and return the sheet in which it is edited."""
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("menuitem", name=kind, exact=True).click()
    sheet = page.locator("dialog.edit-sheet")
    sheet.get_by_label("Title", exact=True).fill(title)
    return sheet


def choose(sheet: Locator, group: str, label: str) -> None:
    """Choose one of a few by the keyboard's way: the radio button itself is what has the focus."""
    sheet.get_by_role("group", name=group).get_by_label(label, exact=True).check(force=True)


def preview(sheet: Locator) -> Locator:
    return sheet.get_by_role("region", name="Preview", exact=True).last


def close(page: Page) -> None:
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("dialog.edit-sheet")).to_be_hidden()


def save(page: Page, version: int) -> None:
    page.keyboard.press("Control+s")
    expect(page.get_by_text(f"Saved as version {version}", exact=False).first).to_be_visible()


def write(field: Locator, text: str) -> None:
    field.fill(text)
    field.blur()  # or its completions would lie over what is below


def test_queries_are_written_checked_named_and_ordered(page: Page, board: str) -> None:
    page.goto(f"{board}edit/?from=-1h")
    sheet = add(page, "Lines", "Memory")
    query = sheet.get_by_label("Query A", exact=True)

    query.press_sequentially("sum by (process) (tanqory_process_resident_mem", delay=20)
    page.locator("#wf-offers").get_by_text("tanqory_process_resident_memory_bytes").wait_for()
    query.press("Enter")
    expect(sheet.get_by_text("unclosed left parenthesis", exact=False).first).to_be_visible()
    query.press_sequentially(")")
    expect(preview(sheet).locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)
    expect(sheet.locator(".metrics-mistake")).to_have_text("")

    sheet.get_by_label("Legend of query A").fill("{{process}} now")
    expect(preview(sheet).get_by_text("web now").first).to_be_visible(timeout=15_000)
    sheet.get_by_role("button", name="Query", exact=True).click()
    write(sheet.get_by_label("Query B", exact=True), "vector(7)")
    sheet.get_by_role("button", name="Move query B up").click()
    expect(sheet.get_by_label("Query A", exact=True)).to_have_value("vector(7)")
    sheet.get_by_role("button", name="Remove query A").click()
    choose(sheet, "Preview as", "Table")
    expect(preview(sheet).get_by_role("columnheader", name="web now")).to_be_visible(timeout=15_000)

    close(page)
    save(page, 2)
    page.goto(f"{board}?from=-1h")
    expect(page.locator("portal-chart .main-svg").first).to_be_visible(timeout=20_000)


def test_an_insight_is_asked_in_the_form_of_explore(page: Page, board: str) -> None:
    sheet = add(page, "Lines", "Visits")

    choose(sheet, "Source", "Insight")
    sheet.get_by_label("Kind", exact=True).select_option("trend")
    sheet.get_by_label("What is counted in series A").select_option("unique_users")
    sheet.get_by_role("button", name="Add filter").click()
    sheet.locator("#new-property").fill("$platform")
    sheet.locator("#new-value").fill("ios")
    sheet.locator("#filter-form").get_by_role("button", name="Add filter").click()
    expect(sheet.get_by_role("button", name="$platform is", exact=False)).to_be_visible()
    expect(preview(sheet).locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)

    sheet.get_by_label("Kind", exact=True).select_option("funnel")
    sheet.get_by_label("Event of step 1").fill("page_view")
    sheet.get_by_label("Event of step 1").press("Tab")
    sheet.get_by_label("Event of step 2").fill("purchase")
    sheet.get_by_label("Event of step 2").press("Tab")
    expect(sheet.get_by_role("region", name="Picture").get_by_label("Funnel")).to_be_checked()
    expect(preview(sheet).locator("portal-chart .main-svg").first).to_be_visible(timeout=15_000)
    assert page.url.endswith("/edit/")  # the page around it stays where it is
    close(page)
    save(page, 2)


def test_a_filter_that_is_being_written_outlives_the_answer_to_an_earlier_change(
    page: Page, board: str
) -> None:
    sheet = add(page, "Lines", "Visits")
    choose(sheet, "Source", "Insight")
    sheet.get_by_label("Kind", exact=True).select_option("trend")
    counted = sheet.get_by_label("What is counted in series A")
    expect(counted).to_be_visible()
    held: list[Route] = []
    page.route("**unique_users**", lambda route: held.append(route), times=1)

    with page.expect_request("**unique_users**"):
        counted.select_option("unique_users")
    sheet.get_by_role("button", name="Add filter").click()
    sheet.locator("#new-property").fill("$platform")
    with page.expect_response("**unique_users**"):
        held[0].continue_()
    sheet.locator("#new-value").fill("ios")
    sheet.locator("#filter-form").get_by_role("button", name="Add filter").click()

    expect(sheet.get_by_role("button", name="$platform is", exact=False)).to_be_visible()
    expect(counted).to_have_value("unique_users")


def test_options_change_what_the_preview_shows(page: Page, board: str) -> None:
    sheet = add(page, "Number", "Memory")
    write(sheet.get_by_label("Query A", exact=True), "vector(1500)")
    sheet.get_by_role("combobox", name="Unit").fill("milliseconds")
    page.get_by_role("option", name="ms Milliseconds").click()
    expect(preview(sheet)).to_contain_text("1.5 s")

    sheet.get_by_text("Mappings", exact=True).click()
    sheet.get_by_role("button", name="Add a mapping").click()
    sheet.get_by_label("Mapping 1: value").fill("1500")
    sheet.get_by_label("Mapping 1: shown text").fill("Slow")
    expect(preview(sheet)).to_contain_text("Slow")

    sheet.get_by_text("Links", exact=True).click()
    sheet.get_by_role("button", name="Add a link").click()
    sheet.get_by_label("Link 1: address").fill("javascript:alert(1)")
    expect(preview(sheet)).to_contain_text("config.links")
    expect(sheet.locator("[data-option=links] [data-problem]").first).to_contain_text("https://")


def test_a_library_widget_is_changed_once_for_all(page: Page, board: str) -> None:
    sheet = add(page, "Text", "Greeting")
    sheet.get_by_label("Markdown").fill("Hello *all*")
    sheet.get_by_label("Or keep this one there").fill("Greeting of the day")
    sheet.get_by_role("button", name="Save to library").click()
    expect(sheet.get_by_text("This box shows", exact=False)).to_be_visible()
    expect(sheet.get_by_label("Markdown")).to_be_disabled()
    close(page)
    save(page, 2)
    key = page.locator("edit-board [data-widget]").get_attribute("data-widget")

    other = make(page, "the other of the two")
    sheet = add(page, "Text", "")
    sheet.get_by_label("Use from the library").select_option(
        label="Greeting of the day (1 dashboard)"
    )
    expect(preview(sheet)).to_contain_text("Hello all")
    expect(sheet.get_by_label("Title", exact=True)).to_have_value("Greeting of the day")
    close(page)
    save(page, 2)

    page.goto(f"{board}edit/?widget={key}")
    sheet = page.locator("dialog.edit-sheet")
    sheet.get_by_role("button", name="Edit for all").click()
    sheet.get_by_label("Markdown").fill("Good evening")
    sheet.get_by_role("button", name="Save for 2 dashboards").click()
    expect(page.get_by_text("is changed on 2 dashboards", exact=False).first).to_be_visible()
    page.goto(other)
    expect(page.get_by_text("Good evening")).to_be_visible()
    page.goto("/library/")
    expect(page.get_by_role("row", name="Greeting of the day", exact=False)).to_contain_text("2")


@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_accessible_and_no_wider_than_the_screen(page: Page, board: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    sheet = add(page, "Lines", "Memory")
    write(sheet.get_by_label("Query A", exact=True), MEMORY)
    for heading in ("Thresholds", "Mappings", "Overrides", "Transformations"):
        sheet.get_by_text(heading, exact=True).click()
    sheet.get_by_role("button", name="Add a step").click()
    sheet.get_by_role("button", name="Add an override").click()
    sheet.get_by_role("button", name="Add a transformation").click()
    expect(preview(sheet)).not_to_be_empty()

    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('dialog.edit-sheet', {resultTypes: ['violations']})")

    faults = [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert faults == []
    assert sheet.evaluate("sheet => sheet.scrollWidth - sheet.clientWidth") <= 0


def test_what_explore_metrics_shows_is_added_to_a_dashboard(page: Page, board: str) -> None:
    page.goto("/metrics/explore/?query=up&query=vector(1)&view=stacked")

    page.get_by_role("button", name="Add to dashboard").click()
    page.get_by_label("Title").fill("Up")
    page.get_by_label("Dashboard", exact=True).select_option(board.rstrip("/").split("/")[-1])
    page.get_by_role("button", name="Add", exact=True).click()

    page.wait_for_url(f"{board}**")
    expect(page.get_by_role("heading", name="Up", exact=True)).to_be_visible()
