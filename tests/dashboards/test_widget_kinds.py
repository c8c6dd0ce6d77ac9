"""What each kind of widget makes of an answer and its options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as plotly
import pytest
from django.template.loader import render_to_string

from dashboards.countries import code_of
from dashboards.joining import Part, joined
from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.lib.chart_theme import Theme, dress
from portal.store.frame import Column, Frame, Meta

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
META = Meta(as_of=NOON)
STEPS = {"mode": "absolute", "steps": [
    {"value": None, "color": "success"}, {"value": 5, "color": "critical"},
]}  # fmt: skip
Json = dict[str, Any]


def over_time(
    labels: Json | None = None, unit: str = "", **series: Sequence[float | None]
) -> Frame:
    rows = [
        (NOON + at * timedelta(minutes=1), name, value)
        for name, values in series.items()
        for at, value in enumerate(values)
    ]
    columns = (
        Column("t", "time"),
        Column("series", "string"),
        Column("value", "number", "Value", unit),
    )
    return Frame(columns, tuple(map(list, zip(*rows, strict=True))), META, {"labels": labels or {}})


def table(heads: Sequence[tuple[str, Any]], *rows: Sequence[Any]) -> Frame:
    columns = tuple(Column(name, kind, name) for name, kind in heads)
    return Frame(columns, tuple(map(list, zip(*rows, strict=True))), META)


BY_COUNTRY = table(
    [("country", "string"), ("value", "number")], ("DE", 10), ("Thailand", 30), ("USA", 20)
)


def draw(kind: str, frame: Frame, **options: Any) -> Drawing:
    return widgets.get(kind).draw(frame, options)


def figure(kind: str, frame: Frame, **options: Any) -> Json:
    """Draw a figure; plotly and both themes must know all that it says."""
    found = draw(kind, frame, **options).figure
    assert found is not None
    themes: tuple[Theme, ...] = ("light", "dark")
    for theme in themes:
        plotly.Figure(dress(found, theme))
    return found


def page(drawing: Drawing) -> str:
    return render_to_string(drawing.template, dict(drawing.context))


class TestLines:
    def test_overrides_change_one_series(self) -> None:
        found = figure("line", over_time(a=[1, 2], b=[3, 4]), overrides=[
            {"match": {"by": "name", "value": "b"}, "options": {
                "name": "Sent", "negative": True, "color": "critical", "dash": "dot", "unit": "bytes"}},
        ])  # fmt: skip

        first, second = found["data"]
        assert (first["name"], second["name"]) == ("a", "Sent")
        assert second["y"] == [-3, -4]
        assert second["line"] == {"dash": "dot", "color": "$critical"}
        assert second["meta"] == {"series": "b", "unit": "bytes"}

    def test_a_hidden_series_is_not_drawn(self) -> None:
        override = {"match": {"by": "regexp", "value": "^a"}, "options": {"hidden": True}}

        found = figure("line", over_time(a=[1, 2], b=[3, 4]), overrides=[override])

        assert [one["name"] for one in found["data"]] == ["b"]

    def test_a_series_may_stand_on_an_axis_of_its_own(self) -> None:
        override = {
            "match": {"by": "name", "value": "b"},
            "options": {"axis": "right", "unit": "s"},
        }

        found = figure("line", over_time(a=[1, 2], b=[3, 4]), overrides=[override])

        assert [one.get("yaxis") for one in found["data"]] == [None, "y3"]
        assert found["layout"]["yaxis3"]["side"] == "right"
        assert found["layout"]["meta"]["right_unit"] == "s"

    def test_the_legend_is_a_table_of_calculations_sorted_by_one(self) -> None:
        found = figure(
            "line", over_time(a=[1, 2], b=[3, 5]), legend_calcs=["mean", "max"], unit="s",
            legend_sort="max", legend_descending=True, legend_position="right",
        )  # fmt: skip

        assert found["layout"]["meta"]["legend"] == {
            "position": "right",
            "calcs": ["Mean", "Highest"],
        }
        assert [(one["name"], one["meta"]["calcs"]) for one in found["data"]] == [
            ("b", ["4 s", "5 s"]), ("a", ["1.5 s", "2 s"]),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("shown", "types"),
        [("line", ["line"]), ("area", ["rect", "rect"]), ("dashed+area", ["rect", "rect", "line"])],
    )
    def test_thresholds_are_drawn_as_asked(self, shown: str, types: list[str]) -> None:
        found = figure("line", over_time(a=[1, 9]), thresholds={**STEPS, "shown": shown})

        assert [one["type"] for one in found["layout"]["shapes"]] == types

    def test_limits_and_labels_of_the_axis_are_kept(self) -> None:
        found = figure(
            "line",
            over_time(a=[1, 9]),
            min=-1,
            soft_max=20,
            axis_label="Pods",
            decimals=1,
            hover="one",
        )

        assert found["layout"]["meta"] == {"unit": "", "decimals": 1, "min": -1, "soft_max": 20}
        assert found["layout"]["yaxis"] == {"title": {"text": "Pods"}}
        assert found["layout"]["hovermode"] == "closest"

    def test_rows_with_a_time_and_numbers_are_lines_too(self) -> None:
        rows = table(
            [("at", "time"), ("x", "number"), ("y", "number")],
            (NOON, 1, 2),
            (NOON - timedelta(hours=1), 3, 4),
        )

        found = figure("line", rows)

        assert [(one["name"], one["y"]) for one in found["data"]] == [("x", [3, 1]), ("y", [4, 2])]

    def test_lines_may_be_stacked_as_shares(self) -> None:
        found = figure("stacked", over_time(a=[1, 2], b=[3, 4]), shares=True)

        assert {one["groupnorm"] for one in found["data"]} == {"percent"}


class TestNumbers:
    def test_a_stat_is_calculated_and_colored_by_thresholds(self) -> None:
        (one,) = draw(
            "stat", over_time(a=[1, 9, 8]), calc="max", thresholds=STEPS, unit="s"
        ).context["figures"]

        assert (one["value"], one["text"], one["tone"]) == (9, "9 s", "critical")

    def test_a_stat_of_a_table_has_a_value_for_each_row(self) -> None:
        assert draw("stat", BY_COUNTRY).plain == [
            {"name": "DE", "value": 10}, {"name": "Thailand", "value": 30}, {"name": "USA", "value": 20},
        ]  # fmt: skip

    def test_a_stat_says_words_for_values(self) -> None:
        mappings = [{"kind": "value", "match": "1", "text": "Up", "color": "success"}]

        assert "Up" in page(draw("stat", over_time(a=[0, 1]), mappings=mappings))

    @pytest.mark.parametrize(
        ("unit", "options", "share"),
        [
            ("percent", {}, "25.0"),
            ("ratio", {"max": 0.5}, "50.0"),
            ("", {"min": 20, "max": 30}, "50.0"),
        ],
    )
    def test_a_gauge_is_filled_as_far_as_its_value(
        self, unit: str, options: Json, share: str
    ) -> None:
        value = {"percent": 25, "ratio": 0.25, "": 25}[unit]

        (one,) = draw("gauge", over_time(a=[value]), unit=unit, **options).context["gauges"]

        assert one["share"] == share

    def test_a_gauge_has_its_thresholds_around_it(self) -> None:
        drawing = draw("gauge", over_time(a=[6]), max=10, thresholds=STEPS)

        assert [(band["start"], band["length"], band["tone"]) for band in drawing.context["gauges"][0]["bands"]] == [
            ("-0.0", "50.0", "success"), ("-50.0", "50.0", "critical"),
        ]  # fmt: skip
        assert 'aria-label="a: 6' in page(drawing)

    def test_bars_of_a_gauge_share_one_scale_the_largest_first(self) -> None:
        bars = draw("bargauge", BY_COUNTRY, sort="largest").context["bars"]

        assert [(one["name"], one["share"]) for one in bars] == [
            ("Thailand", "100.0%"), ("USA", "66.7%"), ("DE", "33.3%"),
        ]  # fmt: skip

    def test_a_pie_sums_its_smallest_parts_up(self) -> None:
        (trace,) = figure("pie", BY_COUNTRY, most=2)["data"]

        assert (trace["labels"], trace["values"]) == (["Thailand", "USA", "$other"], [30, 20, 10])
        assert trace["meta"]["calcs"][0] == ["30", "50 %"]

    def test_a_part_may_have_a_color_of_its_own(self) -> None:
        override = {"match": {"by": "name", "value": "DE"}, "options": {"color": "#123456"}}

        dressed = dress(figure("pie", BY_COUNTRY, overrides=[override]))

        colors = dict(
            zip(dressed["data"][0]["labels"], dressed["data"][0]["marker"]["colors"], strict=True)
        )
        assert colors["DE"] == "#123456"
        assert colors["USA"].startswith("#")

    def test_bars_stand_for_names_where_there_is_no_time(self) -> None:
        (trace,) = figure("bar", BY_COUNTRY)["data"]

        assert (trace["x"], trace["y"]) == (["DE", "Thailand", "USA"], [10, 30, 20])

    def test_bars_of_several_numbers_are_groups_and_may_lie(self) -> None:
        rows = table(
            [("pod", "string"), ("cpu", "number"), ("memory", "number")], ("a", 1, 2), ("b", 3, 4)
        )

        found = figure("bar", rows, horizontal=True)

        assert [(one["name"], one["x"], one["y"]) for one in found["data"]] == [
            ("cpu", [1, 3], ["a", "b"]), ("memory", [2, 4], ["a", "b"]),
        ]  # fmt: skip


class TestDistributions:
    def test_buckets_become_rows_each_less_those_below(self) -> None:
        labels = {name: {"le": name} for name in ("0.1", "1", "+Inf")}
        counts: dict[str, Any] = {"+Inf": [10, 12], "1": [8, 8], "0.1": [3, 4]}
        frame = over_time(labels, **counts)

        drawing = draw("heatmap", frame, unit="s")

        assert drawing.plain["rows"] == [("≤ 100 ms", 3, 4), ("≤ 1 s", 5, 4), ("> 1 s", 2, 4)]
        figure("heatmap", frame)

    def test_values_are_counted_into_bins_over_time(self) -> None:
        drawing = draw("heatmap", over_time(a=[1, 9], b=[2, 9]), bins=2)

        assert drawing.plain["rows"] == [("0 to 5", 2, 0), ("5 to 10", 0, 2)]

    def test_a_histogram_counts_values_into_round_bins(self) -> None:
        drawing = draw("histogram", over_time(a=[1, 2, 3], b=[11, None, 29]), bins=3)

        assert drawing.plain["rows"] == [("0 to 10", 3), ("10 to 20", 1), ("20 to 30", 1)]
        figure("histogram", over_time(a=[1, 2, 3]))

    def test_values_that_are_all_the_same_are_one_bin(self) -> None:
        assert sum(count for _, count in draw("histogram", over_time(a=[5, 5])).plain["rows"]) == 2


class TestTables:
    ROWS = table(
        [("pod", "string"), ("cpu", "number"), ("at", "time")],
        ("a", 0.5, NOON),
        ("b", 0.9, NOON),
        ("c", None, NOON),
    )

    def test_columns_have_units_colors_links_and_an_order(self) -> None:
        drawing = draw("table", self.ROWS, columns=["cpu", "pod"], sort_by="cpu", descending=True, overrides=[
            {"match": {"by": "name", "value": "cpu"}, "options": {
                "unit": "ratio", "cell": "background",
                "thresholds": {"mode": "absolute", "steps": [{"value": 0.8, "color": "critical"}]}}},
            {"match": {"by": "name", "value": "pod"}, "options": {"links": [{"title": "Logs", "url": "/logs?pod=${__value}"}]}},
        ])  # fmt: skip

        assert drawing.plain == {
            "columns": ["cpu", "pod"],
            "rows": [(0.9, "b"), (0.5, "a"), (None, "c")],
        }
        shown = drawing.context["rows"][0]
        assert (shown[0]["text"], shown[0]["how"], shown[0]["tone"]) == (
            "90 %",
            "background",
            "critical",
        )
        assert shown[1]["link"].url == "/logs?pod=b"
        assert 'href="/logs?pod=b"' in page(drawing)

    def test_hidden_columns_stay_away_and_names_may_be_others(self) -> None:
        drawing = draw("table", self.ROWS, overrides=[
            {"match": {"by": "type", "value": "time"}, "options": {"hidden": True}},
            {"match": {"by": "name", "value": "pod"}, "options": {"name": "Pod"}},
        ])  # fmt: skip

        assert drawing.plain["columns"] == ["Pod", "cpu"]

    def test_a_long_table_has_pages_and_a_limit(self) -> None:
        rows = table([("n", "number")], *[(n,) for n in range(300)])

        drawing = draw("table", rows, limit=250, page=50, filter=True)

        assert len(drawing.plain["rows"]) == 250
        assert drawing.context["page"] == 50
        assert "<data-table" in page(drawing)
        assert " filter" in page(drawing)

    def test_a_row_of_totals_ends_it(self) -> None:
        drawing = draw("table", self.ROWS, totals=["total"], decimals=1)

        assert [cell["text"] for cell in drawing.context["feet"][0]] == ["Total", "1.4", ""]

    def test_what_comes_from_outside_is_text_and_no_page(self) -> None:
        rows = table([("name", "string")], ("<script>alert(1)</script>",))

        assert "<script>" not in page(draw("table", rows))


class TestMap:
    def test_countries_are_found_by_code_or_name_and_added_up(self) -> None:
        rows = table(
            [("country", "string"), ("n", "number")],
            ("DE", 1),
            ("deu", 2),
            ("Germany", 3),
            ("US", 10),
            ("Atlantis", 4),
        )

        drawing = draw("map", rows)

        assert drawing.plain == [
            {"name": "United States", "value": 10},
            {"name": "Germany", "value": 6},
        ]
        assert drawing.context["cut"] == 1
        assert "world.svg#DE" in page(drawing) or "world." in page(drawing)

    def test_series_are_found_by_a_label(self) -> None:
        frame = over_time({"a": {"region": "FR"}, "b": {"region": "TH"}}, a=[1], b=[2])

        assert draw("map", frame, label="region").plain == [
            {"name": "Thailand", "value": 2},
            {"name": "France", "value": 1},
        ]

    def test_an_answer_without_countries_says_how_to_name_them(self) -> None:
        with pytest.raises(CannotDraw, match="ISO code"):
            draw("map", over_time(a=[1]))

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("de", "DE"),
            ("DEU", "DE"),
            (" Côte d'Ivoire ", "CI"),
            ("UK", "GB"),
            ("South Korea", "KR"),
            ("", ""),
            ("xx", ""),
        ],
    )
    def test_a_country_has_many_names(self, text: str, code: str) -> None:
        assert code_of(text) == code


def test_answers_of_one_name_are_told_apart() -> None:
    parts = [Part("A", over_time(a=[1], unit="s")), Part("B", over_time(a=[2], unit="bytes"))]

    found = joined(parts, NOON)

    assert sorted(set(found.column("series"))) == ["a", "a 2"]
    assert found.extra["refs"] == {"a": "A", "a 2": "B"}
    assert found.extra["units"] == {"a": "s", "a 2": "bytes"}
