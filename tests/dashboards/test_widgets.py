"""Every kind of widget, drawn from the same frames; figures are checked by plotly itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as plotly
import pytest
from django.template.loader import render_to_string

from dashboards.widgets import CannotDraw, WidgetKind, widgets
from portal.store.frame import Column, Frame, Meta

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURS = [NOON + timedelta(hours=hour) for hour in range(4)]


def frame(
    values: list[float | None], *, complete: list[bool] | None = None, unit: str = ""
) -> Frame:
    size = len(values)
    return Frame(
        (
            Column("t", "time"), Column("series", "string"), Column("value", "number", "", unit),
            Column("complete", "boolean"),
        ),
        (HOURS[:size], ["A"] * size, values, complete or [True] * size),
        Meta(as_of=NOON),
        {"series": [{"label": "A", "total": sum(value or 0 for value in values)}], "text": "Hi"},
    )  # fmt: skip


EMPTY = Frame(
    (Column("t", "time"), Column("series", "string"), Column("value", "number")),
    ([], [], []),
    Meta(as_of=NOON),
)


# These draw one kind of insight each: tests/dashboards/test_insights.py.
OF_INSIGHTS = ("funnel", "retention", "lifecycle", "stickiness", "paths", "sessions")
# These draw no answer, or countries only: tests below.
OTHERS = ("row", "image", "iframe", "map")
GENERAL = [kind for kind in widgets if kind.kind not in (*OF_INSIGHTS, *OTHERS)]


@pytest.fixture(params=GENERAL, ids=lambda kind: kind.kind)
def kind(request: pytest.FixtureRequest) -> WidgetKind:
    found: WidgetKind = request.param
    return found


def test_every_kind_draws_a_figure_or_a_template(kind: WidgetKind) -> None:
    drawing = kind.draw(frame([1, 2, None, 4]), {})

    assert drawing.plain
    if drawing.figure is not None:
        plotly.Figure(drawing.figure)  # raises for what plotly does not know
    else:
        assert render_to_string(drawing.template, dict(drawing.context)).strip()


def test_every_kind_says_when_there_is_nothing(kind: WidgetKind) -> None:
    assert kind.draw(EMPTY, {}).is_empty


@pytest.mark.parametrize("kind", [one for one in OF_INSIGHTS if one in widgets])
def test_a_widget_of_an_insight_says_what_it_draws(kind: str) -> None:
    with pytest.raises(CannotDraw, match="draws"):
        widgets.get(kind).draw(frame([1, 2]), {})


@pytest.mark.parametrize("kind", ["line", "area", "bar", "stat"])
def test_rows_without_times_are_no_line(kind: str) -> None:
    rows = Frame((Column("name", "string"),), (["a"],), Meta(as_of=NOON))

    with pytest.raises(CannotDraw, match="as a table"):
        widgets.get(kind).draw(rows, {})


def test_buckets_cut_by_the_range_are_dashed() -> None:
    drawing = widgets.get("line").draw(frame([1, 2, 3, 4], complete=[False, True, True, False]), {})

    assert drawing.figure is not None
    parts = [(trace["y"], trace.get("meta")) for trace in drawing.figure["data"]]
    open_part = {"role": "incomplete"}
    assert parts == [([2, 3], None), ([1, 2], open_part), ([3, 4], open_part)]


def test_bars_of_buckets_cut_by_the_range_repeat_no_value() -> None:
    drawing = widgets.get("bar").draw(frame([1, 2, 3, 4], complete=[False, True, True, False]), {})

    assert drawing.figure is not None
    parts = [(trace["y"], "meta" in trace) for trace in drawing.figure["data"]]
    assert parts == [([2, 3], False), ([1], True), ([4], True)]


def test_open_parts_of_areas_stand_on_a_stack_of_their_own() -> None:
    drawing = widgets.get("area").draw(frame([1, 2, 3, 4], complete=[False, True, True, False]), {})

    assert drawing.figure is not None
    stacks = [trace["stackgroup"] for trace in drawing.figure["data"]]
    assert stacks == ["all", "all-start", "all-end"]


@pytest.mark.parametrize(("now", "before", "shown"), [(15, 10, 0.5), (5, 10, -0.5), (5, 0, None)])
def test_a_stat_tells_how_it_moved(now: float, before: float, shown: float | None) -> None:
    two = Frame(
        (
            Column("t", "time"), Column("series", "string"), Column("compare", "boolean"),
            Column("value", "number"),
        ),
        ([NOON, NOON], ["A", "A"], [False, True], [now, before]),
        Meta(as_of=NOON),
        {"series": [
            {"label": "A", "total": now}, {"label": "A", "total": before, "compare": True},
        ]},
    )  # fmt: skip

    figures: list[dict[str, Any]] = widgets.get("stat").draw(two, {}).context["figures"]

    assert [(one["value"], one["change"]) for one in figures] == [(now, shown)]


def test_a_stat_can_show_the_last_value_instead_of_the_total() -> None:
    drawing = widgets.get("stat").draw(frame([1, 2, None, 4]), {"calc": "last"})

    assert drawing.plain == [{"name": "A", "value": 4}]


def test_a_table_ranks_totals_and_puts_the_rest_last() -> None:
    answered = {"series": [
        {"label": "S", "breakdown_value": name, "total": total}
        for name, total in (("$other", 90), ("b", 5), ("a", 5), ("c", 7))
    ]}  # fmt: skip
    names = ["$other", "b", "a", "c"]
    several = Frame(
        (
            Column("t", "time"), Column("series", "string"), Column("breakdown", "string"),
            Column("value", "number"),
        ),
        ([NOON] * 4, ["S"] * 4, names, [90, 5, 5, 7]),
        Meta(as_of=NOON),
        answered,
    )  # fmt: skip

    rows = widgets.get("table").draw(several, {}).plain["rows"]

    assert rows == [("c", 7), ("a", 5), ("b", 5), ("$other", 90)]
