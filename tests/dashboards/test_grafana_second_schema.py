"""Grafana's second schema: elements that layouts place."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.document import checked
from dashboards.grafana.reading import Imported, is_grafana, read
from portal.lib.field_error import FieldError

Json = dict[str, Any]


def query(expr: str, group: str = "prometheus", **more: Any) -> Json:
    asked = {"kind": "DataQuery", "group": group, "datasource": {"name": "${ds}"}, "spec": {"expr": expr, **more}}  # fmt: skip
    return {"kind": "PanelQuery", "spec": {"refId": "A", "hidden": False, "query": asked}}


def element(title: str, *queries: Json, group: str = "timeseries") -> Json:
    field_config = {"defaults": {"unit": "percentunit"}, "overrides": []}
    picture = {"kind": "VizConfig", "group": group, "spec": {"options": {}, "fieldConfig": field_config}}  # fmt: skip
    limit = {"kind": "Transformation", "group": "limit", "spec": {"options": {"limitField": 5}}}
    asked = {"queries": list(queries), "transformations": [limit], "queryOptions": {"timeFrom": "2h"}}  # fmt: skip
    data = {"kind": "QueryGroup", "spec": asked}
    return {"kind": "Panel", "spec": {"id": 1, "title": title, "data": data, "vizConfig": picture}}


def item(name: str, **place: Any) -> Json:
    spec = {"element": {"kind": "ElementReference", "name": name}, **place}
    return {"kind": "GridLayoutItem", "spec": spec}


def grid(*items: Json) -> Json:
    return {"kind": "GridLayout", "spec": {"items": list(items)}}


def row(title: str, layout: Json, **more: Any) -> Json:
    return {"kind": "RowsLayoutRow", "spec": {"title": title, "layout": layout, **more}}


def rows(*listed: Json) -> Json:
    return {"kind": "RowsLayout", "spec": {"rows": list(listed)}}


def board(layout: Json, elements: Json | None = None, **more: Any) -> Json:
    found = elements or {name: element(name, query("up")) for name in "abcd"}
    return {"title": "Board", "elements": found, "layout": layout, **more}


def widgets(imported: Imported) -> list[Json]:
    return list(checked(imported.document)["widgets"])


def test_an_element_keeps_its_queries_values_and_transformations() -> None:
    elements = {"one": element("Load", query("rate(x[5m])", legendFormat="{{job}}"))}

    (widget,) = widgets(read(board(grid(item("one", x=12, y=0, width=12, height=8)), elements)))

    assert (widget["title"], widget["source"], widget["query"]) == ("Load", "promql", "rate(x[5m])")
    assert widget["config"] == {
        "kind": "line", "unit": "ratio", "legend": "{{job}}", "time_from": "2h",
        "transformations": [{"id": "limit", "options": {"limitField": 5}}],
    }  # fmt: skip
    assert (widget["position"]["x"], widget["position"]["w"]) == (12, 12)


def test_a_resource_is_looked_into_and_its_name_is_the_uid() -> None:
    spec = board(grid(item("a", x=0, y=0, width=12, height=8)))
    given = {"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "metadata": {"name": "abc"}, "spec": spec}  # fmt: skip

    imported = read(given)

    assert is_grafana(given)
    assert imported.uid == "abc"
    assert imported.lines == []


def test_rows_stand_below_each_other_and_fold() -> None:
    place = {"x": 0, "y": 0, "width": 24, "height": 8}
    layout = rows(
        row("Open", grid(item("a", **place))),
        row("Folded", grid(item("b", **place)), collapse=True, repeat={"mode": "variable", "value": "job"}),
        row("", grid(item("c", **place)), hideHeader=True),
    )  # fmt: skip

    found = widgets(read(board(layout)))

    assert [one["title"] for one in found] == ["Open", "a", "Folded", "b", "c"]
    tops = [one["position"]["y"] for one in found]
    assert tops == sorted(set(tops))
    assert found[2]["config"]["collapsed"] is True
    assert found[2]["config"]["repeat"]["variable"] == "job"


def test_an_automatic_grid_fills_its_columns() -> None:
    listed = [{"kind": "AutoGridLayoutItem", "spec": item(name)["spec"]} for name in "abc"]
    layout = {"kind": "AutoGridLayout", "spec": {"maxColumnCount": 2, "items": listed}}

    places = [one["position"] for one in widgets(read(board(layout)))]

    assert [(one["x"], one["w"]) for one in places] == [(0, 12), (12, 12), (0, 12)]
    assert places[0]["y"] == places[1]["y"] < places[2]["y"]


def test_tabs_become_rows_and_conditions_are_reported() -> None:
    condition = {"kind": "ConditionalRenderingGroup", "spec": {"visibility": "show"}}
    inside = rows(row("Inner", grid(item("a")), conditionalRendering=condition))
    layout = {"kind": "TabsLayout", "spec": {"tabs": [row("First", inside), row("Second", grid())]}}

    imported = read(board(layout))

    assert [one["title"] for one in widgets(imported)] == ["First", "Inner", "a", "Second"]
    assert {line.path for line in imported.lines} == {
        "layout.spec.tabs",
        "layout.spec.tabs[0].spec.layout.spec.rows[0].spec.conditionalRendering",
    }


def test_variables_times_and_notes_are_those_of_the_first_schema() -> None:
    asked = {"kind": "DataQuery", "group": "prometheus", "spec": {"query": "label_values(up, job)"}}
    variables = [
        {"kind": "DatasourceVariable", "spec": {"name": "ds", "pluginId": "prometheus"}},
        {"kind": "QueryVariable", "spec": {"name": "job", "query": asked, "sort": "numericalDesc", "hide": "hideVariable", "multi": True, "refresh": "never"}},
        {"kind": "CustomVariable", "spec": {"name": "env", "query": "prod,test"}},
        {"kind": "AdhocVariable", "spec": {"name": "filters"}},
    ]  # fmt: skip
    times = {"from": "now-3h", "to": "now", "autoRefresh": "30s", "timezone": "utc"}
    notes = [{"kind": "AnnotationQuery", "spec": {"builtIn": True, "enable": True, "name": "x"}}]

    imported = read(board(grid(), variables=variables, timeSettings=times, annotations=notes))

    document = checked(imported.document)
    found = {one["name"]: one for one in document["variables"]}
    assert list(found) == ["ds", "job", "env"]
    assert (found["job"]["query"], found["job"]["sort"], found["job"]["hidden"]) == ("label_values(up, job)", "number_desc", True)  # fmt: skip
    assert (document["time"]["from"], document["time"]["refresh"]) == ("-3h", 30_000)
    assert [line.path for line in imported.lines if "adhoc" in line.why] == ["templating.list[3].type"]  # fmt: skip


def test_what_asks_another_source_and_a_missing_element_say_so() -> None:
    elements = {"logs": element("Logs", query('{app="x"}', "loki"), group="logs")}

    found = widgets(read(board(grid(item("logs"), item("gone", y=9)), elements)))

    assert [one["source"] for one in found] == ["text", "text"]
    assert "loki" in found[0]["query"]


@pytest.mark.parametrize("layout", [None, [], {}, {"kind": "RowsLayout"}, {"kind": "TabsLayout", "spec": {"tabs": [None, {"spec": 5}]}}, grid({"spec": {"x": "q", "element": []}})])  # fmt: skip
def test_a_layout_of_any_shape_is_read_or_refused_by_name(layout: Any) -> None:
    given = board(grid()) | {"layout": layout, "apiVersion": "dashboard.grafana.app/v2", "variables": [{"kind": []}, 5], "annotations": {}}  # fmt: skip

    if isinstance(layout, dict):
        assert checked(read(given).document)["name"] == "Board"
    else:
        with pytest.raises(FieldError) as refused:
            read(given)
        assert refused.value.field == "layout"
