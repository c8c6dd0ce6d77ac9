"""A dashboard is looked at in other ways without loading: variables, time, comparison, notes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
METRIC = "tanqory_process_proportional_memory_bytes"
PROCESS = {
    "name": "process", "label": "Process", "kind": "query", "sort": "name", "multi": True,
    "include_all": True, "value": ["$__all"], "query": f"label_values({METRIC}, process)",
}  # fmt: skip


def widget(key: str, kind: str, title: str, y: int, **config: Any) -> dict[str, Any]:
    return {
        "id": key, "title": title, "source": "promql", "refresh_interval": 5_000,
        "query": f'sum by (process) ({METRIC}{{process=~"$process"}})',
        "position": {"x": 0, "y": y, "w": 24, "h": 5}, "config": {"kind": kind, **config},
    }  # fmt: skip


def board(page: Page) -> str:
    """Make a dashboard with a variable, a chart of it and a figure for each of its values."""
    page.goto("/dashboards/")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    document = {
        "name": "Processes", "time": {"from": "-1h", "to": ""}, "variables": [PROCESS],
        "widgets": [
            widget("memory", "line", "Memory of $process", 0, unit="bytes"),
            widget("each", "stat", "$process", 5, repeat={"variable": "process"}),
        ],
    }  # fmt: skip
    answer = page.request.post(
        "/api/v1/dashboards", data=document, headers={"X-CSRFToken": token, "Referer": page.url}
    )
    assert answer.status == 201, answer.text()
    return str(answer.json()["uid"])


def test_variables_and_time_are_chosen_by_keyboard_in_place(page: Page) -> None:
    page.goto(f"/dashboards/{board(page)}/")
    title = page.locator('[data-widget="memory"] h2')
    expect(title).to_have_text("Memory of All", timeout=15_000)
    expect(page.locator("portal-chart .scatterlayer").first).to_be_visible(timeout=30_000)
    loads: list[str] = []
    page.on("domcontentloaded", lambda opened: loads.append(opened.url))

    page.keyboard.press("v")
    page.keyboard.press("Enter")
    page.keyboard.type("web")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**var-process=web")
    expect(title).to_have_text("Memory of web", timeout=15_000)
    expect(page.locator('[data-widget^="each"]')).to_have_count(1, timeout=15_000)
    expect(page.locator('[data-widget="each--web"] h2')).to_have_text("web")

    page.keyboard.press("c")
    page.wait_for_url("**compare=previous_period**")
    page.keyboard.press("[")
    page.wait_for_url(re.compile(r"from=20\d\d-"))
    expect(page.locator("time-range button").first).not_to_contain_text("Last hour")
    for _ in range(3):
        page.go_back()
    expect(title).to_have_text("Memory of All", timeout=15_000)
    expect(page.locator("time-range button").first).to_contain_text("Last hour")
    assert loads == []


def test_a_note_is_put_onto_the_charts_where_one_clicks(page: Page) -> None:
    page.goto(f"/dashboards/{board(page)}/")
    plot = page.locator('[data-widget="memory"] .nsewdrag').first
    plot.wait_for(timeout=30_000)

    plot.click(modifiers=["Control"])
    dialog = page.get_by_role("dialog", name="Add a note to the charts")
    dialog.get_by_label("What happened").fill("The cache was warmed")
    dialog.get_by_role("button", name="Add note").click()

    expect(page.get_by_text("stands on the charts")).to_be_visible()
    expect(page.locator('[data-widget="memory"] .shapelayer path')).not_to_have_count(
        0, timeout=30_000
    )


def test_a_link_to_this_moment_shows_it_again(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/dashboards/{board(page)}/?var-process=web")
    page.get_by_role("button", name="Refresh, compare, marks, link").click()
    page.get_by_role("button", name=re.compile("Copy link to this moment")).click()
    expect(page.get_by_text("Copied: whoever opens it")).to_be_visible(timeout=15_000)

    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.get_by_label("What happened").press("Control+v")
    address = page.get_by_label("What happened").input_value()

    assert re.search(r"from=20.*to=20.*as_of=20.*var-process=web", address)


def test_variables_are_written_with_a_preview_of_what_they_offer(page: Page) -> None:
    page.goto(f"/dashboards/{board(page)}/edit/")
    page.get_by_role("button", name="Settings of the dashboard").click()
    form = page.locator("variable-list")

    expect(form.locator("[data-preview=process] .badge", has_text="web")).to_be_visible(
        timeout=30_000
    )
    form.locator(".variable-row-name").first.click()
    form.get_by_label("Name", exact=True).fill("which")
    form.get_by_label("Name", exact=True).press("Tab")
    expect(form.locator(".variable-row-name code")).to_have_text("$which")
    expect(form.locator("[data-preview=which] .badge", has_text="web")).to_be_visible(
        timeout=30_000
    )
