"""The browser's modules say what Python says; run in Chromium, without a portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.lib import chart_theme
from tests.browser.modules import HOST, load
from tests.lib.test_text import TABLE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ["Web", "iOS", "Android", "日本", "🙂 z", "", "a", "b", "c", "d", "e", "f", "g", "h"]

Evaluate = Callable[..., Any]


def test_numbers_are_said_as_python_says_them(tab: Page) -> None:
    load(tab, "portal/lib/format.js")
    ask = "rows => rows.map(([value, unit, , decimals]) => it.humanize(value, unit, decimals))"

    said = tab.evaluate(ask, TABLE)

    assert said == [row[2] for row in TABLE]


def test_times_are_said_as_python_says_them(tab: Page) -> None:
    load(tab, "portal/lib/format.js")
    now = "2026-11-23T12:00:00Z"
    ask = "([at, zone, now]) => it.moment(new Date(at), zone, new Date(now))"

    assert tab.evaluate(ask, ["2026-11-23T11:56:40Z", "Europe/Berlin", now]) == "12:56, 3 min ago"
    assert tab.evaluate(ask, ["2026-09-22T12:00:00Z", "UTC", now]) == "22 Sep, 12:00, 62 d ago"
    assert (
        tab.evaluate(ask, ["2025-10-19T12:00:00Z", "UTC", now]) == "19 Oct 2025, 12:00, 400 d ago"
    )


def test_axes_have_round_ticks_in_words(tab: Page) -> None:
    load(tab, "portal/lib/format.js")
    ask = "([low, high, unit]) => it.ticks(low, high, unit).labels"

    assert tab.evaluate(ask, [0, 18_600, ""]) == ["0", "5k", "10k", "15k"]
    assert tab.evaluate(ask, [0, 0.33, "s"]) == ["0 s", "100 ms", "200 ms", "300 ms"]
    assert tab.evaluate(ask, [0, 400, "s"]) == ["0 s", "2 min", "4 min", "6 min"]
    assert tab.evaluate(ask, [0, 2, "count"]) == ["0", "1", "2"]
    assert tab.evaluate(ask, [0, 11, "count"]) == ["0", "5", "10"]


def test_an_axis_begins_at_zero_where_the_figure_wants_it_and_a_lone_point_is_seen(
    tab: Page,
) -> None:
    load(tab, "portal/lib/chart-axes.js")
    drawn = tab.evaluate(
        """() => {
          const lone = { type: 'scatter', mode: 'lines', x: ['2026-03-01T10:00'], y: [9.5] };
          const line = { type: 'scatter', mode: 'lines', x: ['2026-03-01T10:00', '2026-03-01T11:00'], y: [9, 10] };
          const zero = { yaxis: { rangemode: 'tozero' } }, own = {};
          it.labelAxis(zero, [lone, line], 'per_s');
          it.labelAxis(own, [lone, line], 'per_s');
          it.fitAxis({}, [lone, line]);
          return { zero: zero.yaxis.range[0], own: own.yaxis.range[0], modes: [lone.mode, line.mode] };
        }"""
    )

    assert drawn == {"zero": 0, "own": 9, "modes": ["markers", "lines"]}


def test_series_get_the_slots_that_python_gives(tab: Page) -> None:
    load(tab, "portal/lib/chart-theme.js")
    ask = "names => [...it.assign(names)].map(([name, at]) => [name, at.slot, at.round])"

    found = {name: (slot, turn) for name, slot, turn in tab.evaluate(ask, NAMES)}

    assert found == chart_theme.assign(NAMES)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_painted_as_python_paints_them(tab: Page, theme: chart_theme.Theme) -> None:
    load(tab, "portal/lib/chart-theme.js")
    figure = {
        "data": [
            {"type": "scatter", "name": "Web", "x": [1, 2], "y": [2, 3], "stackgroup": "one"},
            {"type": "scatter", "name": "Web", "x": [2], "y": [3], "meta": {"role": "compare"}},
            {"type": "bar", "name": "$other", "x": [1], "y": [2], "meta": {"role": "incomplete"}},
            {"type": "bar", "name": "Bad", "x": [1], "y": [2], "meta": {"state": "critical"}},
            {
                "type": "sankey",
                "node": {"label": ["a", "b", "End"]},
                "link": {"source": [0, 0], "target": [1, 2], "value": [2, 1]},
                "meta": {"names": ["a", "$none", "$end"]},
            },
            {"type": "heatmap", "z": [[1]], "meta": {"role": "plain"}},
        ],
        "layout": {"meta": {"marks": [{"x": 1, "text": "Sale", "x1": 2}]}},
    }
    ask = "async ([figure, theme]) => it.dress(figure, theme, await it.palette())"

    browser = tab.evaluate(ask, [figure, theme])
    python = chart_theme.dress(figure, theme)

    painted = (
        "name",
        "line",
        "marker",
        "opacity",
        "fillcolor",
        "meta",
        "node",
        "link",
        "colorscale",
    )
    for ours, theirs in zip(python["data"], browser["data"], strict=True):
        assert {key: ours.get(key) for key in painted} == {key: theirs.get(key) for key in painted}
    assert browser["layout"]["template"] == python["layout"]["template"]
    assert browser["layout"]["shapes"] == python["layout"]["shapes"]


def test_a_wall_clock_becomes_the_instant_of_its_zone(tab: Page) -> None:
    load(tab, "portal/lib/time-range.js")
    ask = "([clock, zone]) => it.instantOf(clock, zone)"

    assert tab.evaluate(ask, ["2026-07-01T00:00", "Europe/Berlin"]) == "2026-06-30T22:00:00Z"
    assert tab.evaluate(ask, ["2026-03-29T12:00", "Europe/Berlin"]) == "2026-03-29T10:00:00Z"
    assert tab.evaluate(ask, ["2026-01-01T00:00", "America/New_York"]) == "2026-01-01T05:00:00Z"


def test_a_range_replaces_the_old_one_and_keeps_the_rest(tab: Page) -> None:
    load(tab, "portal/lib/time-range.js")
    ask = "([range, address]) => it.withRange(range, address).search"
    address = f"{HOST}/events?name=a&from=x&to=y&cursor=z"

    assert tab.evaluate(ask, [{"from": "-30d"}, address]) == "?name=a&from=-30d"


KINDS: dict[str, dict[str, Any]] = {
    "scatter": {"x": ["2026-03-01", "2026-03-02"], "y": [1, 2], "mode": "lines"},
    "bar": {"x": ["a", "b"], "y": [1, 2]},
    "pie": {"labels": ["a", "b"], "values": [1, 2]},
    "heatmap": {"z": [[1, 2], [3, 4]]},
    "histogram": {"x": [1, 2, 2, 3]},
    "indicator": {"value": 3, "mode": "number+delta", "delta": {"reference": 2}},
    "funnel": {"y": ["a", "b"], "x": [2, 1]},
    "sankey": {
        "node": {"label": ["a", "b"]},
        "link": {"source": [0], "target": [1], "value": [1]},
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_chart_draws_under_the_policy(tab: Page, kind: str) -> None:
    load(tab, "portal/components/chart.js")
    figure = {"data": [{"type": kind, "name": "One", **KINDS[kind]}], "layout": {}}

    tab.evaluate(
        """figure => {
            const chart = document.createElement('portal-chart');
            chart.style.cssText = 'display: block; width: 600px; height: 300px';
            chart.setAttribute('label', 'A chart');
            document.body.append(chart);
            chart.querySelector('.chart-canvas').style.height = '100%';
            chart.figure = figure;
        }""",
        figure,
    )

    tab.locator("portal-chart .main-svg").first.wait_for(timeout=10_000)


def test_a_chart_without_points_says_so_and_needs_no_plotly(tab: Page) -> None:
    tab.route("**/plotly-*", lambda route: route.abort())
    load(tab, "portal/components/chart.js")

    tab.evaluate(
        """() => {
            const chart = document.createElement('portal-chart');
            chart.style.cssText = 'display: block; width: 600px; height: 300px';
            document.body.append(chart);
            chart.figure = {data: [{x: ['2026-03-01'], y: [null]}]};
        }"""
    )

    expect(tab.locator("portal-chart [data-empty]")).to_have_text(
        "Nothing was counted in this range."
    )


def test_a_grid_has_a_row_per_cohort_and_the_axis_s_words_as_columns(tab: Page) -> None:
    load(tab, "portal/lib/figure-table.js")
    figure = {
        "data": [
            {"type": "heatmap", "x": [0], "y": ["2 Mar", "9 Mar"], "z": [[4], [3]]},
            {"type": "heatmap", "x": [1, 2], "y": ["2 Mar", "9 Mar"], "z": [[0.5, 0.25], [0.3, None]]},
        ],
        "layout": {"xaxis": {"tickvals": [0, 1, 2], "ticktext": ["People", "W1", "W2"]}},
    }  # fmt: skip

    csv = tab.evaluate("figure => it.csvFrom(figure)", figure)

    assert csv.split("\r\n") == [",People,W1,W2", "2 Mar,4,0.5,0.25", "9 Mar,3,0.3,"]


def test_of_a_stack_the_part_that_was_pressed_is_meant_and_of_lines_the_nearest(tab: Page) -> None:
    load(tab, "portal/lib/figure.js")
    ask = """([type, ends, height]) => {
        const yaxis = {_offset: 0, d2p: () => 100};
        const point = ([name, y, y0]) => ({y, yaxis, bbox: {y0}, pointNumber: 0, data: {type, meta: {cells: [{name}]}}});
        return it.pointAt(ends.map(point), height)?.data.meta.cells[0].name;
    }"""
    # New from 100 up to 80, returning from there up to 20; dormant down to 150; zero at 100.
    stack = [["returning", 6, 20], ["new", 2, 80], ["dormant", -5, 150]]

    assert [tab.evaluate(ask, ["bar", stack, height]) for height in (40, 90, 120)] == [
        "returning", "new", "dormant",
    ]  # fmt: skip
    assert tab.evaluate(ask, ["bar", stack, 10]) == "returning"  # above all: the nearest
    assert tab.evaluate(ask, ["scatter", [["a", 1, 30], ["b", 2, 60]], 40]) == "a"
    assert tab.evaluate(ask, ["scatter", [], 40]) is None


def test_a_chart_says_what_it_shows_and_has_its_numbers_as_a_table(tab: Page) -> None:
    load(tab, "portal/lib/figure-table.js")
    figure = {
        "data": [
            {"name": "Web", "x": ["2026-03-01", "2026-03-02"], "y": [1, 2]},
            {"name": "=cmd()", "x": ["2026-03-02"], "y": [5]},
        ]
    }

    csv = tab.evaluate("figure => it.csvFrom(figure)", figure)

    assert csv.split("\r\n") == [",Web,'=cmd()", "2026-03-01,1,", "2026-03-02,2,5"]


OPENED: dict[str, tuple[str, str]] = {
    "portal/pages/board/variable-pick.js": (
        """() => {
            const pick = document.createElement('variable-pick');
            document.body.append(pick);
            const options = ['all', 'web', 'worker'].map((name) => ({value: name, text: name}));
            pick.state = {name: 'p', label: 'p', multi: true, value: ['all'], text: 'all', options};
            pick.open();
        }""",
        "Search p",
    ),
    "portal/components/time-range.js": (
        """() => {
            document.body.append(document.createElement('time-range'));
            document.querySelector('time-range button').click();
        }""",
        "Last 7 days",
    ),
    "portal/components/menu-popover.js": (
        """() => {
            document.body.insertAdjacentHTML('beforeend',
                '<menu-popover popover><button role="menuitem">First</button></menu-popover>');
            document.querySelector('menu-popover').showPopover();
        }""",
        "First",
    ),
}


@pytest.mark.parametrize("module", OPENED)
def test_what_opens_has_the_focus_at_once(tab: Page, module: str) -> None:
    """Else the first keys typed go to the page, whose single keys do other things."""
    load(tab, module)
    opening, name = OPENED[module]

    focused = tab.evaluate(
        f"() => {{ ({opening})(); const at = document.activeElement;"
        " return at.ariaLabel || at.textContent.trim(); }"
    )

    assert focused == name
