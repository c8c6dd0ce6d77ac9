"""Grafana's dashboards of all schemas as the portal's documents; what is not kept is said."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.document import checked
from dashboards.grafana.reading import Imported, is_grafana, read
from dashboards.importing import read_data
from portal.lib.field_error import FieldError

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "grafana"
BOARDS = sorted(FOLDER.glob("*.json"))
PROMETHEUS = {"type": "prometheus", "uid": "abc"}


def board(*panels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": "Board", "schemaVersion": 39, "panels": list(panels), **more}


def panel(kind: str, expr: str = "up", **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expr, "datasource": PROMETHEUS}
    return {
        "type": kind,
        "title": "Box",
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "targets": [target],
        **more,
    }


def only(imported: Imported) -> dict[str, Any]:
    (widget,) = checked(imported.document)["widgets"]
    return dict(widget)


def reasons(imported: Imported) -> dict[str, str]:
    return {line.path: line.why for line in imported.lines}


@pytest.mark.skipif(
    not BOARDS, reason="the dashboards are beside the project, in shared/data/grafana"
)
@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_public_dashboards_come_in_without_an_unknown_panel_or_expression(path: Path) -> None:
    given = json.loads(path.read_text())

    imported = read(given)

    document = checked(imported.document)
    types = {one for one in all_panels(given) if one != "row"}
    unknown = [
        line for line in imported.lines if line.path.endswith(".type") and "panels" in line.path
    ]
    unread = [line for line in imported.lines if "cannot be read as PromQL" in line.why]
    assert unknown == []
    assert unread == []
    assert len(document["widgets"]) == len(list(all_panels(given)))
    assert {one["source"] for one in document["widgets"] if one["config"]["kind"] != "row"} <= {
        "promql",
        "text",
    }
    assert types <= {"timeseries", "stat", "gauge", "bargauge", "piechart", "table", "text"}


def all_panels(given: dict[str, Any]) -> Any:
    for one in given.get("panels") or []:
        yield one.get("type")
        yield from all_panels(one)


@pytest.mark.skipif(
    not BOARDS, reason="the dashboards are beside the project, in shared/data/grafana"
)
def test_every_expression_of_public_dashboards_is_kept() -> None:
    for path in BOARDS:
        given = json.loads(path.read_text())
        kept = {
            query
            for one in read(given).document["widgets"]
            for query in (one["query"], *(each["query"] for each in one["config"].get("also", ())))
        }

        asked = {target["expr"].strip() for target in all_targets(given) if target.get("expr")}
        assert asked <= kept


def all_targets(given: dict[str, Any]) -> Any:
    for one in given.get("panels") or []:
        yield from one.get("targets") or ()
        yield from all_targets(one)


def test_a_chart_keeps_its_queries_units_thresholds_mappings_and_overrides() -> None:
    given = panel(
        "timeseries", "rate(a[$__rate_interval])",
        fieldConfig={
            "defaults": {
                "unit": "percentunit", "decimals": 2, "min": 0, "max": 1, "noValue": "none", "color": {"mode": "thresholds"},
                "thresholds": {"mode": "percentage", "steps": [{"color": "green", "value": None}, {"color": "#EAB839", "value": 80}]},
                "mappings": [{"type": "value", "options": {"0": {"text": "down", "color": "red"}}}],
                "custom": {"fillOpacity": 20, "lineWidth": 2, "drawStyle": "line", "thresholdsStyle": {"mode": "dashed"}},
            },
            "overrides": [{"matcher": {"id": "byRegexp", "options": "/out.*/"}, "properties": [{"id": "custom.transform", "value": "negative-Y"}, {"id": "color", "value": {"mode": "fixed", "fixedColor": "semi-dark-red"}}]}],
        },
    )  # fmt: skip
    given["targets"].append({"refId": "B", "expr": "sum(b)", "legendFormat": "{{x}}", "hide": True})

    widget = only(read(board(given)))

    assert widget["query"] == "rate(a[$__rate_interval])"
    assert widget["config"] == {
        "kind": "line", "unit": "ratio", "decimals": 2, "min": 0, "max": 1, "no_value": "none", "fill": 20, "line_width": 2,
        "thresholds": {"mode": "percentage", "steps": [{"value": None, "color": "success"}, {"value": 80, "color": "#eab839"}], "shown": "dashed"},
        "mappings": [{"kind": "value", "match": "0", "text": "down", "color": "critical"}],
        "overrides": [{"match": {"by": "regexp", "value": "/out.*/"}, "options": {"negative": True, "color": "#e02f44"}}],
        "also": [{"query": "sum(b)", "ref": "B", "legend": "{{x}}", "hidden": True}],
    }  # fmt: skip


def test_each_property_that_is_not_kept_stands_in_the_report_with_its_path() -> None:
    given = panel(
        "timeseries",
        options={"surprise": {"depth": 3}, "tooltip": {"mode": "multi"}},
        maxDataPoints=100,
    )
    given["targets"][0]["exemplar"] = True

    imported = read(board(given, fancy=True))

    assert reasons(imported) == {
        "panels[0].options.surprise.depth": "There is nothing like it here.",
        "panels[0].targets[0].exemplar": "The portal keeps no exemplars.",
        "panels[0].maxDataPoints": "A picture has as many points as its width has room for.",
        "fancy": "There is nothing like it here.",
    }


def test_a_graph_of_old_schemas_is_a_chart() -> None:
    given = panel(
        "graph", stack=True, lines=True, fill=2, linewidth=3, nullPointMode="connected",
        yaxes=[{"format": "Bps", "min": "0", "label": "traffic", "logBase": 1}, {"format": "short"}],
        aliasColors={"in": "#7EB26D"}, seriesOverrides=[{"alias": "/out/", "yaxis": 2, "transform": "negative-Y"}],
        legend={"show": True, "values": True, "avg": True, "current": True, "alignAsTable": True, "rightSide": True},
        thresholds=[{"value": 5, "colorMode": "critical", "op": "gt", "line": True, "fill": False}],
    )  # fmt: skip

    config = only(read(board(given, schemaVersion=18)))["config"]

    assert config == {
        "kind": "stacked", "fill": 20, "line_width": 3, "connect": True, "unit": "bytes/s", "min": 0, "axis_label": "traffic",
        "legend_calcs": ["last", "mean"], "legend_position": "right",
        "thresholds": {"mode": "absolute", "steps": [{"value": 5, "color": "critical"}], "shown": "line"},
        "overrides": [
            {"match": {"by": "name", "value": "in"}, "options": {"color": "#7eb26d"}},
            {"match": {"by": "regexp", "value": "/out/"}, "options": {"axis": "right", "negative": True}},
        ],
    }  # fmt: skip


def test_a_singlestat_is_a_figure_or_a_gauge() -> None:
    given = panel(
        "singlestat", format="percent", valueName="avg", decimals=1, colorValue=True, thresholds="50,80", colors=["#299c46", "orange", "#d44a3a"],
        valueMaps=[{"op": "=", "text": "N/A", "value": "null"}], sparkline={"show": True}, gauge={"show": False},
    )  # fmt: skip
    gauge = {**given, "gauge": {"show": True, "minValue": 0, "maxValue": 100}}

    figure, dial = only(read(board(given))), only(read(board(gauge)))

    assert figure["config"] == {
        "kind": "stat", "unit": "percent", "calc": "mean", "decimals": 1, "color_by": "value", "sparkline": True,
        "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "#299c46"}, {"value": 50, "color": "warning"}, {"value": 80, "color": "#d44a3a"}]},
        "mappings": [{"kind": "special", "match": "null", "text": "N/A"}],
    }  # fmt: skip
    assert dial["config"]["kind"] == "gauge"
    assert (dial["config"]["min"], dial["config"]["max"]) == (0, 100)


def test_the_styles_of_an_old_table_are_overrides() -> None:
    given = panel("table", styles=[
        {"pattern": "Time", "type": "hidden"},
        {"pattern": "Value", "type": "number", "unit": "bytes", "decimals": 1, "alias": "Size", "colorMode": "cell", "thresholds": ["5", "9"], "colors": ["green", "yellow", "red"]},
        {"pattern": "/pod.*/", "type": "string", "link": True, "linkUrl": "/d/abc/pods?var-pod=$__cell"},
    ])  # fmt: skip

    config = only(read(board(given, schemaVersion=20)))["config"]

    assert config["kind"] == "table"
    assert config["overrides"][0] == {
        "match": {"by": "name", "value": "Time"},
        "options": {"hidden": True},
    }
    assert config["overrides"][1]["options"] == {
        "name": "Size", "unit": "ibytes", "decimals": 1, "cell": "background",
        "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "success"}, {"value": 5, "color": "warning"}, {"value": 9, "color": "critical"}]},
    }  # fmt: skip
    assert config["overrides"][2]["options"]["links"] == [
        {"url": "/dashboards/abc/?var-pod=$__cell", "title": "Open"}
    ]


def test_rows_of_old_schemas_place_their_panels() -> None:
    given = {"title": "Old", "schemaVersion": 14, "rows": [
        {"title": "First", "showTitle": True, "height": "250px", "panels": [{**panel("graph"), "span": 8, "gridPos": None}, {**panel("graph"), "span": 4, "gridPos": None}]},
        {"title": "", "panels": [{**panel("text"), "span": 12, "content": "Hello", "mode": "markdown", "gridPos": None}]},
    ]}  # fmt: skip

    widgets = checked(read(given).document)["widgets"]

    assert [one["config"]["kind"] for one in widgets] == ["row", "line", "line", "text"]
    assert [
        (one["position"]["x"], one["position"]["y"], one["position"]["w"]) for one in widgets
    ] == [(0, 0, 24), (0, 1, 16), (16, 1, 8), (0, 5, 24)]


def test_panels_inside_a_folded_row_are_laid_out_below_it() -> None:
    inner = {**panel("stat"), "gridPos": {"x": 0, "y": 90, "w": 6, "h": 4}}
    row = {
        "type": "row",
        "title": "Memory",
        "collapsed": True,
        "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1},
        "panels": [inner],
    }
    after = {
        "type": "row",
        "title": "Disk",
        "collapsed": False,
        "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1},
        "panels": [],
    }

    widgets = checked(read(board(panel("timeseries"), row, after)).document)["widgets"]

    assert [(one["title"], one["position"]["y"], one["position"]["h"]) for one in widgets] == [
        ("Box", 0, 5),
        ("Memory", 5, 1),
        ("Box", 6, 3),
        ("Disk", 9, 1),
    ]
    assert widgets[1]["config"] == {"kind": "row", "collapsed": True}


@pytest.mark.parametrize(
    "datasource",
    [
        None,
        "Prometheus",
        "${DS_PROMETHEUS}",
        "$datasource",
        PROMETHEUS,
        {"uid": "${DS_PROMETHEUS}"},
        {"uid": "P1809F7CD0C75ACF3"},
        "My metrics",
    ],
)
def test_all_ways_to_name_a_prometheus_are_understood(datasource: Any) -> None:
    inputs = [{"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus"}]
    variables = {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]}
    given = {
        **panel("timeseries"),
        "datasource": datasource,
        "targets": [{"expr": "sum(up)", "refId": "A"}],
    }

    document = read(board(given, __inputs=inputs, templating=variables)).document

    assert document["widgets"][0]["source"] == "promql"
    assert document["variables"][0]["kind"] == "server"


@pytest.mark.parametrize(
    ("datasource", "target", "text"),
    [
        ({"type": "loki", "uid": "x"}, {"expr": '{app="x"} |= "error"'}, '{app="x"} |= "error"'),
        ("Loki", {"expr": 'sum(rate({app="x"}[5m]))'}, 'sum(rate({app="x"}[5m]))'),
        ("${DS_LOKI}", {"expr": '{app="x"}'}, '{app="x"}'),
        ({"type": "elasticsearch"}, {"query": "level:error", "bucketAggs": []}, "level:error"),
        (
            {"type": "influxdb"},
            {"rawQuery": True, "query": "SELECT mean(x) FROM y"},
            "SELECT mean(x)",
        ),
        ({"type": "mysql"}, {"rawSql": "SELECT 1 FROM `t`"}, "SELECT 1 FROM `t`"),
        ({"type": "cloudwatch"}, {"namespace": "AWS/EC2", "metricName": "CPU"}, "AWS/EC2"),
        (None, {"expr": '{app="x"} |= "error"'}, '|= "error"'),
    ],
)
def test_what_asks_other_sources_says_so_and_keeps_the_query_s_text(
    datasource: Any, target: dict[str, Any], text: str
) -> None:
    given = {**panel("logs"), "datasource": datasource, "targets": [{"refId": "A", **target}]}

    imported = read(board(given))

    widget = only(imported)
    assert widget["source"] == "text"
    assert text in widget["query"]
    assert "panels[0].targets[0]" in reasons(imported)


@pytest.mark.parametrize("uid", ["${DS_MAIN-01}", "$DS_MAIN-01", "${DS_MAIN-01:text}"])
def test_an_input_s_name_may_hold_a_dash(uid: str) -> None:
    inputs = [{"name": "DS_MAIN-01", "type": "datasource", "pluginId": "loki"}]
    given = {**panel("timeseries"), "datasource": uid}
    del given["targets"][0]["datasource"]

    assert only(read(board(given, __inputs=inputs)))["source"] == "text"


@pytest.mark.parametrize(
    "kind", ["news", "dashlist", "alertlist", "nodeGraph", "acme-rocket-panel", "", "canvas", 7]
)
def test_a_panel_that_the_portal_does_not_have_says_so_itself(kind: Any) -> None:
    imported = read(board({"type": kind, "title": "Strange", "options": {"a": 1}}))

    widget = only(imported)
    assert widget["config"]["kind"] == "text"
    assert "panels[0].type" in reasons(imported)
    assert "panels[0].options" in reasons(imported)


@pytest.mark.parametrize(("kind", "drawn"), [
    ("state-timeline", "line"), ("status-history", "heatmap"), ("barchart", "bar"), ("heatmap", "heatmap"), ("histogram", "histogram"),
    ("grafana-polystat-panel", "stat"), ("acme-rocket-panel", "table"), ("geomap", "table"), ("grafana-piechart-panel", "pie"),
])  # fmt: skip
def test_other_pictures_of_metrics_become_the_nearest_kind(kind: str, drawn: str) -> None:
    widget = only(read(board(panel(kind))))

    assert (widget["source"], widget["query"], widget["config"]["kind"]) == ("promql", "up", drawn)


def test_variables_of_all_types_are_kept_or_reported() -> None:
    listed = [
        {"name": "node", "type": "query", "datasource": PROMETHEUS, "query": {"query": "label_values(up, instance)", "refId": "x"}, "multi": True, "includeAll": True, "allValue": ".*", "sort": 3, "regex": "/(.*):.*/", "current": {"text": ["All"], "value": ["$__all"]}},
        {"name": "env", "type": "custom", "query": "prod, stage : s, a\\,b", "current": {"value": "prod"}, "hide": 2, "label": "Environment"},
        {"name": "step", "type": "interval", "query": "1m,5m", "auto": True, "auto_count": 10, "current": {"value": "$__auto_interval_step"}},
        {"name": "fixed", "type": "constant", "query": "${VAR_FIXED}"},
        {"name": "typed", "type": "textbox", "query": "abc"},
        {"name": "ds", "type": "datasource", "query": "prometheus", "regex": "/prod/"},
        {"name": "logs", "type": "datasource", "query": "loki"},
        {"name": "Filters", "type": "adhoc"},
        {"name": "rows", "type": "query", "datasource": {"type": "mysql"}, "query": "SELECT 1", "options": [{"value": "x", "text": "x"}], "current": {"value": "x"}},
        {"name": "9bad", "type": "custom", "query": "a"},
    ]  # fmt: skip
    inputs = [{"name": "VAR_FIXED", "type": "constant", "value": "42"}]

    imported = read(board(templating={"list": listed}, __inputs=inputs))

    found = {one["name"]: one for one in checked(imported.document)["variables"]}
    assert list(found) == ["node", "env", "step", "fixed", "typed", "ds", "rows"]
    assert found["node"] == {
        "name": "node", "label": "", "kind": "query", "source": "promql", "query": "label_values(up, instance)", "sort": "number",
        "regex": "/(.*):.*/", "multi": True, "include_all": True, "all_value": ".*", "value": ["$__all"], "hidden": False,
    } | {name: found["node"][name] for name in ("options", "all_value") if name in found["node"]}  # fmt: skip
    assert found["env"]["options"] == ["prod", "stage : s", "a,b"]
    assert (found["env"]["value"], found["env"]["hidden"], found["env"]["label"]) == (
        "prod",
        True,
        "Environment",
    )
    assert (found["step"]["options"], found["step"]["value"]) == (["auto", "1m", "5m"], "auto")
    assert (found["fixed"]["value"], found["typed"]["value"], found["rows"]["options"]) == (
        "42",
        "abc",
        ["x"],
    )
    assert {
        "templating.list[6].query",
        "templating.list[7].type",
        "templating.list[8].datasource",
        "templating.list[9].name",
        "templating.list[5].regex",
    } <= set(reasons(imported))


@pytest.mark.parametrize("expression", [
    "rate(node_cpu_seconds_total{mode=~\"$mode\"}[$__rate_interval])", "topk($n, sum by ($group) (rate(x[$interval])))", "${metric}{a=\"b\"}",
    "$agg(rate(x[5m]))", "sum(rate(x[[[step]]] offset $shift))", "rate(x_$suffix[5m])", "x > $threshold", "${metric:raw}_total", "x[${__range_s}s]",
    "sum(increase(x[$__range])) by (${labels:csv})", "quantile_over_time(0.$q, x[5m])", "avg_over_time(x[${__interval_ms}ms])",
    "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")", "x $op 5", "$metric", "up{$filters}", "up{a=\"{\", ${filters:raw}}",
    "rate(up{$one, a=~\"$b\"}[$__interval])",
])  # fmt: skip
def test_expressions_with_variables_anywhere_are_read(expression: str) -> None:
    assert not [
        line for line in read(board(panel("timeseries", expression))).lines if "PromQL" in line.why
    ]


def test_an_expression_that_cannot_be_read_is_kept_and_reported() -> None:
    imported = read(board(panel("timeseries", "sum(rate(x[5m])")))

    assert only(imported)["query"] == "sum(rate(x[5m])"
    assert "cannot be read as PromQL" in reasons(imported)["panels[0].targets[0].expr"]


def test_a_panel_that_shows_another_one_s_answer_asks_the_same() -> None:
    first = {**panel("timeseries", "sum(up)"), "id": 4}
    second = {
        "type": "stat",
        "title": "Again",
        "id": 5,
        "datasource": {"uid": "-- Dashboard --"},
        "targets": [{"panelId": 4, "refId": "A"}],
        "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8},
    }

    widgets = checked(read(board(first, second)).document)["widgets"]

    assert [one["query"] for one in widgets] == ["sum(up)", "sum(up)"]


def test_a_library_panel_brings_its_definition_along() -> None:
    given = {
        "title": "Mine",
        "libraryPanel": {"uid": "lib", "name": "Shared"},
        "gridPos": {"x": 0, "y": 0, "w": 6, "h": 8},
    }
    elements = {"lib": {"uid": "lib", "kind": 1, "model": panel("gauge", "sum(up)")}}

    imported = read(board(given, __elements=elements))

    widget = only(imported)
    assert (
        widget["title"],
        widget["query"],
        widget["config"]["kind"],
        widget["position"]["w"],
    ) == ("Mine", "sum(up)", "gauge", 6)
    assert "copied" in reasons(imported)["panels[0].libraryPanel"]


def test_a_library_panel_without_its_definition_says_so() -> None:
    imported = read(board({"title": "Mine", "libraryPanel": {"uid": "lib", "name": "Shared"}}))

    assert only(imported)["config"]["kind"] == "text"
    assert "panels[0].libraryPanel.name" in reasons(imported)


def test_a_first_query_of_another_letter_becomes_query_a_everywhere() -> None:
    given = panel(
        "table",
        transformations=[
            {
                "id": "organize",
                "options": {"renameByName": {"Value #B": "Used", "Value #C": "Free"}},
            }
        ],
    )
    given["targets"] = [{"refId": "B", "expr": "used"}, {"refId": "C", "expr": "free"}]
    given["fieldConfig"] = {
        "defaults": {},
        "overrides": [
            {
                "matcher": {"id": "byName", "options": "Value #B"},
                "properties": [{"id": "unit", "value": "s"}],
            }
        ],
    }

    config = only(read(board(given)))["config"]

    assert config["transformations"][0]["options"] == {
        "renameByName": {"Value #A": "Used", "Value #C": "Free"}
    }
    assert config["overrides"][0]["match"]["value"] == "Value #A"
    assert config["also"] == [{"query": "free", "ref": "C"}]


def test_copies_that_grafana_made_by_repeating_are_left_out() -> None:
    copied = {
        **panel("stat"),
        "repeatPanelId": 1,
        "scopedVars": {"node": {"value": "a"}},
        "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8},
    }

    widget = only(read(board({**panel("stat"), "repeat": "node", "repeatDirection": "v"}, copied)))

    assert widget["config"]["repeat"] == {"variable": "node", "direction": "v"}


def test_html_in_a_text_panel_becomes_text_that_runs_nothing() -> None:
    content = "<h2>Hello</h2><script>alert(1)</script><p>See <a href='https://x.test/'>this</a> &amp; <b>that</b></p>"
    given = {"type": "text", "options": {"mode": "html", "content": content}}

    assert only(read(board(given)))["query"] == "## Hello\n\nSee [this](https://x.test/) & **that**"


@pytest.mark.parametrize(("given", "time"), [
    ({"time": {"from": "now-6h", "to": "now"}, "refresh": "1m", "timezone": "utc"}, {"from": "-6h", "to": "", "zone": "UTC", "refresh": 60_000}),
    ({"time": {"from": "now-1M", "to": "now"}, "timezone": "Asia/Bangkok"}, {"from": "-1mo", "to": "", "zone": "Asia/Bangkok"}),
    ({"time": {"from": "now/d", "to": "now/d"}, "refresh": False}, {"from": "", "to": ""}),
    ({"time": {"from": "now-90s", "to": "now"}, "timezone": "Nowhere/Else", "refresh": 5}, {"from": "-2m", "to": ""}),
])  # fmt: skip
def test_the_usual_range_zone_and_refresh_are_kept(
    given: dict[str, Any], time: dict[str, Any]
) -> None:
    assert checked(read(board(**given)).document)["time"] == time


def test_links_to_dashboards_lead_to_the_portal_s() -> None:
    given = panel(
        "stat", links=[{"title": "Node", "url": "/d/node-1/node?var-x=${x}", "targetBlank": True}]
    )
    links = [
        {"type": "link", "title": "Docs", "url": "https://x.test/"},
        {"type": "dashboards", "tags": ["node"], "title": ""},
        {"type": "link", "url": "javascript:alert(1)"},
    ]

    imported = read(board(given, links=links))

    assert only(imported)["config"]["links"] == [
        {"title": "Node", "url": "/dashboards/node-1/?var-x=${x}", "new_tab": True}
    ]
    assert imported.document["links"] == [
        {"title": "Docs", "url": "https://x.test/"},
        {"title": "node", "url": "/dashboards/?tag=node"},
    ]
    assert "links[2].url" in reasons(imported)


@pytest.mark.parametrize("wrap", [
    lambda inner: {"dashboard": inner, "meta": {"slug": "x"}},
    lambda inner: {"dashboard": inner, "overwrite": True, "inputs": [], "folderUid": "x"},
    lambda inner: {"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "metadata": {"name": "x"}, "spec": inner},
])  # fmt: skip
def test_what_an_api_puts_around_a_dashboard_is_looked_through(wrap: Any) -> None:
    imported = read(wrap(board(panel("stat"))))

    assert only(imported)["query"] == "up"
    assert imported.lines == []


@pytest.mark.parametrize("given", [None, [], 5, "x", {}, {"name": "x"}, {"dashboard": 5}])
def test_what_is_no_dashboard_is_refused(given: Any) -> None:
    assert not is_grafana(given)
    with pytest.raises(FieldError):
        read(given)


def test_numbers_as_text_null_panels_and_ids_as_text_do_no_harm() -> None:
    given = panel(
        "gauge",
        id="12",
        fieldConfig={
            "defaults": {
                "min": "0",
                "max": "100",
                "decimals": "1",
                "unit": 5,
                "thresholds": None,
                "mappings": None,
            },
            "overrides": None,
        },
    )
    given["gridPos"] = {"x": "30", "y": "-4", "w": "99", "h": "2.5"}

    widget = only(
        read(
            {
                "title": 7,
                "schemaVersion": "39",
                "panels": [None, "x", given],
                "templating": None,
                "tags": "one",
                "annotations": [],
                "time": None,
                "links": None,
            }
        )
    )

    assert widget["config"] == {"kind": "gauge", "min": 0, "max": 100, "decimals": 1, "unit": "5"}
    assert widget["position"] == {"x": 0, "y": 0, "w": 24, "h": 2}


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        10**30,
        1e308,
        "",
        "x",
        "$x",
        "\0",
        "9" * 500,
        [],
        {},
        [None],
        [[]],
        {"a": {}},
        ["x"],
        {"type": "prometheus"},
        {"uid": 5},
    ]
)
SAMPLE = board(
    panel("timeseries", fieldConfig={"defaults": {"unit": "s", "thresholds": {"steps": [{"color": "red", "value": 1}]}, "mappings": [{"type": "range", "options": {"from": 1, "to": 2, "result": {"text": "x"}}}], "custom": {"stacking": {"mode": "normal"}, "hideFrom": {}}, "links": [{"url": "/d/x"}], "color": {"mode": "fixed", "fixedColor": "red"}}, "overrides": [{"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash"}}, {"id": "mappings", "value": []}]}]}, options={"legend": {"calcs": ["mean"]}}, repeat="x", timeFrom="1h", transformations=[{"id": "merge", "options": {}}]),
    panel("graph", yaxes=[{"format": "s"}], legend={"show": True}, seriesOverrides=[{"alias": "x", "yaxis": 2}], aliasColors={"x": "red"}, thresholds=[{"value": 1}], stack=True),
    panel("singlestat", thresholds="1,2", colors=["red"], valueMaps=[{"value": "1", "text": "x"}], gauge={"show": True}, sparkline={}),
    panel("table", styles=[{"pattern": "x", "type": "number", "thresholds": ["1"], "colors": ["red"]}]),
    {"type": "row", "collapsed": True, "panels": [panel("stat"), {"type": "text", "options": {"content": "x", "mode": "html"}}], "repeat": "x"},
    {"type": "stat", "libraryPanel": {"uid": "x", "model": panel("stat")}},
    templating={"list": [{"name": "x", "type": "query", "query": "label_values(x)", "current": {"value": ["a"]}}, {"name": "y", "type": "custom", "query": "a,b", "options": [{"value": "a"}]}]},
    annotations={"list": [{"builtIn": 1}]}, links=[{"type": "link", "url": "/x"}], time={"from": "now-1h", "to": "now"}, refresh="5s", tags=["a"],
    rows=[{"height": 200, "panels": [panel("graph", span=4)]}], __inputs=[{"name": "DS", "pluginId": "prometheus"}], __elements={"x": {}},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] * bool(path) + [one for key, each in inner for one in places(each, (*path, key))]


PLACES = places(SAMPLE)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=6))
def test_whatever_stands_anywhere_it_comes_in(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    given = copy.deepcopy(SAMPLE)
    for path, value in changes:
        inner: Any = given
        for key in path[:-1]:
            inner = inner[key] if key_in(inner, key) else {}
        if isinstance(inner, dict | list) and key_in(inner, path[-1]):
            inner[path[-1]] = copy.deepcopy(value)
    if not is_grafana(given):
        return
    try:
        found = read_data(given)
    except FieldError as problem:
        assert "need each other" in problem.message  # noqa: PT017  # only a circle of variables is refused
        return

    assert json.dumps(found.report())
    assert read_data(copy.deepcopy(given)) == found


def key_in(value: Any, key: Any) -> bool:
    return (
        key in value
        if isinstance(value, dict)
        else isinstance(value, list) and isinstance(key, int) and key < len(value)
    )
