"""The source `promql`: what widgets and whoever asks get of a query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache

from analytics.promql.legends import legends
from analytics.promql.steps import Window, filled, grid, step_for
from dashboards.asking import of_metrics
from dashboards.evaluate import Look, evaluate
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL
from portal.lib.time_range import BEGINNING
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask
from tests.factories import make_dashboard, make_widget
from tests.ingest.conftest import samples_tables
from tests.promql.conftest import kept
from tests.promql.test_http_answers import END_MS, START_MS, STEP_MS

__all__ = ["samples_tables"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = datetime.fromtimestamp(END_MS / 1000 + 60, UTC)  # as when the samples were made up
HOUR, MINUTE = 3_600_000, 60_000


def answer(query: str, **params: Any) -> Frame:
    """Ask over the last ten minutes."""
    window = TimeRange(NOW - timedelta(minutes=10), NOW)
    return ask("promql", Question({"query": query, **params}, window, NOW))


@pytest.fixture
def requests(metric: str) -> str:
    kept(
        metric,
        {f"job=api,method={m}": [n * size for n in range(11)] for m, size in (("GET", 1), ("PUT", 2))},
        start_ms=START_MS, step_ms=STEP_MS,
    )  # fmt: skip
    return metric


def test_a_range_is_rows_over_time_named_by_the_label_that_differs(requests: str) -> None:
    frame = answer(requests, step="10s", unit="per_s")

    assert [column.name for column in frame.columns] == ["t", "series", "value"]
    assert frame.columns[2].unit == "per_s"
    assert sorted(set(frame.column("series"))) == ["GET", "PUT"]
    assert max(frame.column("value")) == 20
    assert frame.meta.rows_read > 0
    assert frame.meta.sql == (requests,)


def test_a_gap_between_points_is_a_row_without_a_value(metric: str) -> None:
    far = [1.0, *[None] * 39, 2.0]
    kept(metric, {"a=1": far}, start_ms=END_MS - 40 * STEP_MS, step_ms=STEP_MS)

    frame = answer(metric, step="60s")

    values = frame.column("value")
    assert values[0] == 1
    assert None in values
    assert values[-1] == 2


def test_all_time_begins_with_the_oldest_sample(samples_tables: None, requests: str) -> None:
    all_time = TimeRange(BEGINNING, NOW)

    frame = ask("promql", Question({"query": requests}, all_time, NOW))

    assert len(set(frame.column("t"))) > 5
    assert min(frame.column("t")) >= datetime.fromtimestamp(START_MS / 1000, UTC)


def test_all_time_without_any_sample_is_empty(samples_tables: None, metric: str) -> None:
    all_time = TimeRange(BEGINNING, NOW)

    assert list(ask("promql", Question({"query": metric}, all_time, NOW)).column("t")) == []


def test_an_instant_is_a_table_of_labels_and_values(requests: str) -> None:
    frame = answer(f"sort_desc(sum by (method) ({requests}))", instant=True)

    assert [column.name for column in frame.columns] == ["method", "value"]
    assert list(frame.rows()) == [("PUT", 20.0), ("GET", 10.0)]


def test_what_cannot_be_drawn_is_no_value(metric: str) -> None:
    kept(metric, {"a=1": [float("nan")], "a=2": [float("inf")]}, start_ms=END_MS, step_ms=STEP_MS)

    frame = answer(metric, instant=True)

    assert frame.column("value") == [None, None]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"query": ""}, "query"), ({"query": 5}, "query"), ({"query": "sum("}, "query"),
        ({"query": "up", "step": "x"}, "step"), ({"query": "up", "step": "0"}, "step"),
        ({"query": "up", "step": "1ms"}, "step"), ({"query": "up", "width": -1}, "width"),
        ({"query": "up", "server": "one"}, "server"), ({"query": "up", "server": 2**40}, "server"),
        ({"query": "up", "legend": 5}, "legend"), ({"query": "up * on() up[5m]"}, "query"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_names_the_field(params: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as wrong:
        answer(**params)

    assert wrong.value.field == field


def test_an_answer_is_kept_for_those_who_ask_the_same(requests: str) -> None:
    cache.clear()
    question = Question({"query": requests}, TimeRange(NOW - timedelta(minutes=5), NOW), NOW)

    first, second = ask("promql", question), ask("promql", question)

    assert (first.meta.cached, second.meta.cached) == (False, True)


@pytest.mark.parametrize("kind", ["line", "area", "bar", "stat", "table"])
def test_widgets_draw_metrics(kind: str, requests: str) -> None:
    widget = make_widget(
        make_dashboard(), "requests", kind=kind, source="promql", query=requests,
        config={"step": "10s", "unit": "per_s"},
    )  # fmt: skip

    box = evaluate(widget, Look({"from": "-1h"}, ALL, "UTC"), NOW)

    assert box["state"] == "ok", box
    assert box["plain"]


@pytest.mark.parametrize(("latest", "last_is_end"), [("", False), ("last", True), ("all", True)])
def test_the_last_moment_may_be_the_end_of_the_window(
    latest: str, last_is_end: bool, requests: str
) -> None:
    end = NOW - timedelta(seconds=63)
    window = TimeRange(end - timedelta(minutes=1), end)
    params = {"query": f"sum({requests})", "step": "10s", "latest": latest}

    frame = ask("promql", Question(params, window, NOW))

    times = frame.column("t")
    assert (times[-1] == end) is last_is_end
    assert len(times) == (7 if latest else 6)
    steps = {later - at for at, later in pairwise(times[:-1])}
    assert steps == {timedelta(seconds=10)}
    assert (times[0].timestamp() % 10 == 0) is (latest != "all")


@pytest.mark.parametrize(
    ("kind", "config", "latest"),
    [
        ("line", {}, ""),
        ("stat", {}, "last"),
        ("gauge", {"calc": "lastNotNull"}, "last"),
        ("stat", {"calc": "total"}, "all"),
        ("stat", {"transformations": [{"kind": "reduce"}]}, "all"),
        ("pie", {"overrides": [{"options": {"calc": "mean"}}]}, "all"),
    ],
)
def test_numbers_are_as_of_the_end_and_totals_have_each_moment_once(
    kind: str, config: dict[str, Any], latest: str
) -> None:
    widget = make_widget(
        make_dashboard(), "w", kind=kind, source="promql", query="up", config=config
    )

    assert of_metrics(widget)["latest"] == latest


def test_a_widget_says_what_is_wrong_with_its_query() -> None:
    widget = make_widget(make_dashboard(), "w", kind="line", source="promql", query="sum(up")

    box = evaluate(widget, Look({"from": "-1h"}, ALL, "UTC"), NOW)

    assert box["state"] == "error"
    assert "1:7: parse error" in box["html"]


def test_a_widget_without_samples_is_empty_and_no_error(metric: str) -> None:
    widget = make_widget(make_dashboard(), "w", kind="line", source="promql", query=metric)

    assert evaluate(widget, Look({"from": "-1h"}, ALL, "UTC"), NOW)["state"] == "empty"


class TestSteps:
    @pytest.mark.parametrize(
        ("length_ms", "width", "step_ms"),
        [(HOUR, 800, 15_000), (24 * HOUR, 800, 600_000), (HOUR, 200, 60_000), (MINUTE, 800, 15_000),
         (90 * 24 * HOUR, 800, 43_200_000)],
    )  # fmt: skip
    def test_they_fit_the_width(self, length_ms: int, width: int, step_ms: int) -> None:
        assert step_for(Window(0, length_ms), width=width) == step_ms

    def test_a_grid_stays_where_it_is_while_the_window_moves(self) -> None:
        one, later = grid(Window(1, HOUR), MINUTE), grid(Window(5_001, HOUR + 5_000), MINUTE)

        assert (one.start_ms, one.end_ms) == (later.start_ms, later.end_ms) == (MINUTE, HOUR)

    def test_a_grid_may_end_with_the_window(self) -> None:
        found = grid(Window(0, HOUR + 7), MINUTE, ends_at_end=True)

        assert (found.start_ms, found.end_ms) == (7, HOUR + 7)

    def test_a_window_shorter_than_the_step_has_one_moment(self) -> None:
        found = grid(Window(61_000, 62_000), MINUTE)

        assert found.start_ms == found.end_ms

    @pytest.mark.parametrize(
        ("query", "meant"),
        [
            ("rate(a[$__rate_interval])", "rate(a[75s])"),
            ("rate(a[${__rate_interval}])", "rate(a[75s])"),
            ("avg_over_time(a[$__interval])", "avg_over_time(a[60s])"),
            ("increase(a[$__range])", "increase(a[3600s])"),
            ("a * $__range_s + $__interval_ms", "a * 3600 + 60000"),
            ("a{b=\"$__intervals\"}", "a{b=\"$__intervals\"}"),
        ],
    )  # fmt: skip
    def test_queries_may_leave_lengths_to_the_picture(self, query: str, meant: str) -> None:
        assert filled(query, Window(0, HOUR), MINUTE) == meant


class TestLegends:
    def test_one_label_that_differs_is_enough(self) -> None:
        series = [(("__name__", "up"), ("job", job)) for job in ("a", "b")]

        assert legends(series) == ["a", "b"]

    def test_several_are_named(self) -> None:
        series = [(("code", code), ("job", job)) for code in ("2", "5") for job in ("a", "b")]

        assert legends(series)[0] == "code=2, job=a"

    def test_a_single_series_is_its_metric_or_the_query(self) -> None:
        assert legends([(("__name__", "up"), ("job", "a"))]) == ["up"]
        assert legends([()], otherwise="sum(up)") == ["sum(up)"]

    def test_a_template_says_it_otherwise(self) -> None:
        series = [(("job", "a"), ("method", "GET"))]

        assert legends(series, "{{method}} of {{ job }}{{none}}") == ["GET of a"]

    def test_no_two_series_have_one_name(self) -> None:
        series = [(("job", "a"), ("method", method)) for method in ("GET", "PUT")]

        assert legends(series, "{{job}}") == ["a", "a (2)"]
