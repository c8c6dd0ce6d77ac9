"""Edit dashboards: by mouse, by keyboard alone, with somebody else at the same time, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import log_in
from tests.browser.test_every_page import AXE, serious_faults
from tests.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def other(demo: RunningPortal, browser: Browser) -> Iterator[Page]:
    """Return a page of the demo's editor, in another browser."""
    context = browser.new_context(base_url=demo.url)
    opened = context.new_page()
    log_in(opened, *demo.login("editor"))
    yield opened
    context.close()


def box(page: Page, title: str) -> Locator:
    """Return a widget's box on the editor's board."""
    return page.locator("edit-board [data-widget]").filter(has=page.get_by_text(title, exact=True))


def said(page: Page) -> Locator:
    return page.locator("[data-editor-said]")


def make(page: Page, name: str) -> str:
    """Make an empty dashboard and open it in the editor; return its address."""
    page.goto("/dashboards/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/edit/")
    expect(page.locator("live-state")).to_have_attribute("state", "live", timeout=20_000)
    return page.url.removesuffix("edit/")


def add_text(page: Page, title: str, words: str) -> None:
    """Add a text by mouse."""
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("menuitem", name="Text", exact=True).click()
    sheet = page.locator("dialog.edit-sheet")
    sheet.get_by_label("Title").fill(title)
    sheet.get_by_label("Markdown").fill(words)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(box(page, title)).to_be_visible()


def save(page: Page, version: int) -> None:
    page.keyboard.press("Control+s")
    expect(page.get_by_text(f"Saved as version {version}", exact=False).first).to_be_visible()


def drag(page: Page, grip: Locator, dx: float, dy: float) -> None:
    at = grip.bounding_box()
    assert at is not None
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def test_a_dashboard_is_built_from_nothing_with_the_mouse(page: Page) -> None:
    page.goto("/dashboards/")
    page.get_by_role("link", name="New dashboard").click()
    page.get_by_label("Name").fill("By mouse")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/edit/")
    expect(page.get_by_text("Begin with a widget")).to_be_visible()

    add_text(page, "First", "# Hello")
    add_text(page, "Second", "Words")
    expect(box(page, "First").get_by_role("heading", name="Hello")).to_be_visible(timeout=15_000)

    first, second = box(page, "First").bounding_box(), box(page, "Second").bounding_box()
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]  # side by side, 12 columns each
    drag(page, box(page, "First").locator("h2"), 0, first["height"])
    expect(said(page)).to_have_text("First moved to column 1, row 1.")
    drag(page, box(page, "Second").locator("h2"), -first["width"], first["height"])
    expect(said(page)).to_contain_text("Second moved to column 1, row")
    drag(page, box(page, "First").locator("[data-edge=e]"), first["width"] + 16, 0)
    expect(said(page)).to_have_text("First is 24 wide, 6 high.")
    wide = box(page, "First").bounding_box()
    assert wide is not None
    assert wide["width"] > first["width"] * 1.9

    page.get_by_role("button", name="Undo").click()
    expect(said(page)).to_have_text("Undone: First is 24 wide, 6 high.")
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator("live-board [data-widget]")).to_have_count(2)


def test_a_dashboard_is_built_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/dashboards/")
    page.keyboard.press("n")
    page.wait_for_url("**/new/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/")
    add_by_keyboard(page, "Rules")
    page.keyboard.press("Space")
    expect(said(page)).to_contain_text("Picked up.")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(said(page)).to_have_text("Rules moved to column 5, row 1.")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    expect(said(page)).to_have_text("Rules is 11 wide, 7 high.")
    page.keyboard.press("Control+ArrowLeft")
    expect(said(page)).to_have_text("Rules moved to column 4, row 1.")
    page.keyboard.press("d")
    expect(page.locator("edit-board [data-widget]")).to_have_count(2)
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(page.locator("edit-board [data-widget]")).to_have_count(3)
    page.keyboard.press("Delete")
    expect(page.locator("edit-board [data-widget]")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator("edit-board [data-widget]")).to_have_count(3)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Duplicate")
    page.keyboard.press("Escape")
    save(page, 2)


def add_by_keyboard(page: Page, title: str) -> None:
    page.keyboard.press("a")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.type("text")
    page.keyboard.press("Enter")
    sheet = page.locator("dialog.edit-sheet")
    expect(sheet).to_be_visible()
    focus_by_tab(page, sheet.get_by_label("Title", exact=True))
    page.keyboard.type(title)
    page.keyboard.press("Escape")
    expect(box(page, title)).to_be_focused()


def focus_by_tab(page: Page, field: Locator) -> None:
    """Press Tab until a field has the focus."""
    for _ in range(40):
        if field.evaluate("field => field === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(field).to_be_focused()


def test_a_draft_survives_a_reload(page: Page) -> None:
    make(page, "With a draft")
    add_text(page, "Not saved", "Words")
    page.reload()  # at once: before anything has reached the server, or after
    expect(page.get_by_text("You have an unsaved draft from", exact=False)).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(box(page, "Not saved")).to_be_visible()
    save(page, 2)


def test_a_conflict_of_two_browsers_is_decided_field_by_field(page: Page, other: Page) -> None:
    address = make(page, "Of two people")
    add_text(page, "Shared", "Words")
    add_text(page, "Other", "More words")
    save(page, 2)
    share(page, address)
    other.goto(f"{address}edit/")
    expect(box(other, "Shared")).to_be_visible()
    expect(page.get_by_text("is editing", exact=False)).to_be_visible(timeout=10_000)

    rename(page, "Shared", "Mine")
    rename(other, "Shared", "Theirs")
    save(other, 3)
    expect(page.get_by_text("saved version 3 meanwhile", exact=False)).to_be_visible(timeout=8_000)
    rename(page, "Other", "Mine alone")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", name="One conflict to decide")).to_be_visible()
    expect(page.get_by_role("radio", name="Mine")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as version 4", exact=False).first).to_be_visible()

    expect(box(page, "Theirs")).to_be_visible()
    expect(box(page, "Mine alone")).to_be_visible()
    expect(box(other, "Mine alone")).to_be_visible(timeout=8_000)  # it had changed nothing since


def rename(page: Page, title: str, to: str) -> None:
    box(page, title).focus()
    page.keyboard.press("Enter")
    page.locator("dialog.edit-sheet").get_by_label("Title", exact=True).fill(to)
    page.keyboard.press("Escape")
    expect(box(page, to)).to_be_focused()


def share(page: Page, address: str) -> None:
    """Let the demo's editor change a dashboard."""
    page_of_sharing = page.context.new_page()
    page_of_sharing.goto(address)
    page_of_sharing.get_by_role("link", name="Share").click()
    page_of_sharing.get_by_role("button", name="Share with").click()
    page_of_sharing.get_by_label("Person, team or role").fill("editor (role)")
    page_of_sharing.get_by_label("May").last.select_option(label="edit: also change it")
    page_of_sharing.get_by_role("button", name="Share", exact=True).click()
    expect(page_of_sharing.get_by_text("may now", exact=False).first).to_be_visible()
    page_of_sharing.close()


def test_a_change_is_seen_where_the_dashboard_is_open_and_an_old_version_comes_back(
    page: Page, other: Page
) -> None:
    address = make(page, "Watched")
    add_text(page, "Before", "Words")
    save(page, 2)
    share(page, address)
    other.goto(address)
    other.evaluate("window.isSamePage = true")
    expect(other.get_by_role("heading", name="Before")).to_be_visible()

    rename(page, "Before", "After")
    save(page, 3)
    expect(other.get_by_role("heading", name="After")).to_be_visible(timeout=8_000)
    page.goto(f"{address}versions/")
    expect(page.get_by_text("from Before to After", exact=False)).to_be_visible()
    page.get_by_role("button", name="Restore version 2").click()
    expect(page.get_by_text("This is version 4 now, as 2 was.")).to_be_visible()

    expect(other.get_by_role("heading", name="Before")).to_be_visible(timeout=8_000)
    assert other.evaluate("window.isSamePage") is True


def test_who_loses_the_right_is_shut_out_of_the_editor_within_5_s(page: Page, other: Page) -> None:
    address = make(page, "For a while")
    add_text(page, "Here", "Words")
    save(page, 2)
    share(page, address)
    other.goto(f"{address}edit/")
    expect(box(other, "Here")).to_be_visible()
    expect(other.locator("live-state")).to_have_attribute("state", "live", timeout=15_000)

    page.goto(address)
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Remove editor (role)").click()
    expect(page.get_by_text("It is no longer shared with editor", exact=False)).to_be_visible()
    began = monotonic()
    expect(other.get_by_role("heading", name="You may no longer", exact=False)).to_be_visible(
        timeout=5_000
    )

    assert monotonic() - began < 5
    answer = other.goto(f"{address}edit/")
    assert answer is not None
    assert answer.status == 404


def test_rows_fold_and_stay_so_and_tabs_turn_in_place(page: Page) -> None:
    address = make(page, "In parts")
    add_text(page, "Above", "Words")
    page.keyboard.press("a")
    page.get_by_role("menuitem", name="Row that folds").click()
    page.locator("dialog.edit-sheet").get_by_label("Title").fill("Details")
    page.keyboard.press("Escape")
    add_text(page, "Inside", "More words")
    page.keyboard.press("t")
    page.get_by_label("Title of the tab").fill("Second")
    page.keyboard.press("Enter")
    add_text(page, "Elsewhere", "Other words")
    save(page, 2)

    page.goto(address)
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("heading", name="Inside")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Details")).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("heading", name="Inside")).to_be_hidden()

    page.evaluate("window.isSamePage = true")
    page.get_by_role("link", name="Second", exact=True).click()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    expect(page).to_have_url(f"{address}?tab=second")
    page.go_back()
    expect(page.get_by_role("heading", name="Above")).to_be_visible()
    assert page.evaluate("window.isSamePage") is True


def test_the_dialogs_of_the_editor_are_accessible(page: Page) -> None:
    page.add_init_script(path=AXE)
    page.goto("/dashboards/business/edit/")
    expect(page.locator("edit-board [data-widget]").first).to_be_visible()

    page.keyboard.press("a")
    expect(page.get_by_role("menu", name="Add")).to_be_visible()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu", name="Add")).to_be_hidden()
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Settings of the dashboard")).to_be_visible()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    box(page, "Page views").focus()
    page.keyboard.press("m")
    expect(page.get_by_role("menu", name="Page views")).to_be_visible()
    assert serious_faults(page) == []
