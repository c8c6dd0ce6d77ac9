"""What a widget asks: several queries, over a range of its own, on the zone's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.evaluate import Look, evaluate
from dashboards.models import Widget
from portal.lib.row_rights import ALL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def metric() -> str:
    """Keep two series, a sample a minute for ten minutes; a day before they were twice as high."""
    name = f"kinds_{uuid4().hex}"
    points = []
    for back, factor in ((timedelta(), 1.0), (timedelta(days=1), 2.0)):
        for minute in range(10):
            for pod, value in (("a", 1.0), ("b", 10.0)):
                points.append(
                    (Series.of(name, {"pod": pod}), factor * value, NOW - back - minute * MINUTE)
                )
    for at in sorted({at for *_, at in points}):
        write(
            Batch.of_instant([(one, value) for one, value, t in points if t == at], at),
            token=uuid4().hex,
        )
    return name


def shown(
    query: str, kind: str = "line", *, look: dict[str, str] | None = None, **config: Any
) -> dict[str, Any]:
    widget = Widget(key="w", kind=kind, source="promql", query=query, config=config)
    return evaluate(widget, Look(look or {"from": "-1h"}, ALL, "UTC"), NOW)


def values(answer: dict[str, Any]) -> dict[str, set[float]]:
    return {
        one["name"]: {value for _, value in one["points"] if value is not None}
        for one in answer["plain"]
    }


def test_a_chart_of_samples_spans_the_whole_range_on_the_clock_of_its_zone(metric: str) -> None:
    answer = shown(metric, look={"from": "-6h", "tz": "Asia/Bangkok"})

    figure = answer["figure"]
    assert figure["layout"]["xaxis"]["range"] == ["2026-03-01T13:00:00", "2026-03-01T19:00:00"]
    assert figure["data"][0]["x"][-1].startswith("2026-03-01T19:0") or figure["data"][0]["x"][
        -1
    ].startswith("2026-03-01T18:5")


def test_further_queries_stand_beside_the_first_and_keep_their_names_apart(metric: str) -> None:
    answer = shown(
        f'{metric}{{pod="a"}}', legend="{{pod}}",
        also=[{"query": f"sum({metric})", "legend": "all"}, {"query": f'{metric}{{pod="a"}} * 3', "legend": "{{pod}}"}],
    )  # fmt: skip

    assert values(answer) == {"a": {1.0}, "all": {11.0}, "a 2": {3.0}}


def test_a_hidden_query_is_not_drawn(metric: str) -> None:
    answer = shown(metric, also=[{"query": f"sum({metric})", "legend": "all", "hidden": True}])

    assert set(values(answer)) == {"a", "b"}


def test_overrides_find_a_series_by_its_query(metric: str) -> None:
    answer = shown(
        f"sum({metric})", legend="one",
        also=[{"query": f"max({metric})", "legend": "two"}],
        overrides=[{"match": {"by": "query", "value": "B"}, "options": {"color": "critical", "name": "Most"}}],
    )  # fmt: skip

    last = answer["figure"]["data"][-1]
    assert (last["name"], last["line"]["color"]) == ("Most", "$critical")


def test_tables_of_several_queries_are_joined_by_their_labels(metric: str) -> None:
    answer = shown(metric, "table", also=[{"query": f'{metric}{{pod="b"}} * 2'}], legend="x")

    plain = answer["plain"]
    rows = {row[plain["columns"].index("pod")]: row for row in plain["rows"]}
    assert plain["columns"][-2:] == ["Value #A", "Value #B"]
    assert rows["a"][-2:] == (1.0, None)
    assert rows["b"][-2:] == (10.0, 20.0)


def test_a_value_of_the_end_beside_values_over_time_is_a_point_at_the_end(metric: str) -> None:
    answer = shown(
        f"sum({metric})",
        legend="sum",
        also=[{"query": f"max({metric})", "legend": "max", "instant": True}],
    )

    (point,) = next(one["points"] for one in answer["plain"] if one["name"] == "max")
    assert point == (NOW, 10.0)


def test_a_widget_shows_what_was_a_day_earlier_and_says_so(metric: str) -> None:
    answer = shown(metric, time_shift="1d")

    assert values(answer) == {"a": {2.0}, "b": {20.0}}
    assert answer["note"] == "1d earlier"
    assert answer["figure"]["layout"]["xaxis"]["range"][1] == "2026-02-28T12:00:00"


def test_a_widget_may_have_a_range_of_its_own(metric: str) -> None:
    answer = shown(metric, time_from="24h")

    assert answer["figure"]["layout"]["xaxis"]["range"][0] == "2026-02-28T12:00:00"
    assert answer["note"] == "Last 24h"


def test_a_length_of_time_that_cannot_be_read_is_said_in_the_box(metric: str) -> None:
    answer = shown(metric, time_shift="a day")

    assert answer["state"] == "error"
    assert "length of time" in answer["html"]


def test_transformations_compute_with_series(metric: str) -> None:
    answer = shown(metric, legend="{{pod}}", transformations=[
        {"id": "calculateField", "options": {"mode": "binary", "alias": "ratio", "replaceFields": True,
         "binary": {"left": "b", "operator": "/", "right": "a"}}},
    ])  # fmt: skip

    assert values(answer) == {"ratio": {10.0}}


def test_transformations_make_a_table_of_queries(metric: str) -> None:
    answer = shown(metric, "table", also=[{"query": f"{metric} * 2"}], transformations=[
        {"id": "joinByField", "options": {"byField": "pod", "mode": "outer"}},
        {"id": "organize", "options": {
            "excludeByName": {"Metric": True}, "renameByName": {"Value #A": "once", "Value #B": "twice"}}},
        {"id": "sortBy", "options": {"sort": [{"field": "twice", "desc": True}]}},
    ])  # fmt: skip

    assert answer["plain"] == {
        "columns": ["pod", "once", "twice"],
        "rows": [("b", 10.0, 20.0), ("a", 1.0, 2.0)],
    }


def test_an_unknown_transformation_is_named_in_the_box(metric: str) -> None:
    answer = shown(metric, transformations=[{"id": "stirFry", "options": {}}])

    assert answer["state"] == "error"
    assert "stirFry" in answer["html"]


def test_a_kind_that_is_unknown_explains_itself_in_its_box(metric: str) -> None:
    answer = shown(metric, "candles")

    assert answer["state"] == "error"
    assert "candles" in answer["html"]
