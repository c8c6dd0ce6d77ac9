"""The portal's dashboards as Grafana's JSON, and back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from dashboards.document import checked
from dashboards.grafana.reading import read
from dashboards.grafana.writing import write
from tests.dashboards.documents import documents

BOARD = checked({
    "name": "Checkout", "time": {"from": "-6h", "refresh": 30_000}, "tags": ["shop"],
    "variables": [
        {"name": "code", "kind": "query", "source": "promql", "query": "label_values(http_requests_total, code)", "multi": True, "include_all": True, "value": ["$__all"]},
        {"name": "step", "kind": "interval", "options": ["auto", "1m"], "value": "auto"},
    ],
    "widgets": [
        {"id": "fold", "source": "text", "title": "Traffic", "position": {"x": 0, "y": 0, "w": 24, "h": 1}, "config": {"kind": "row", "collapsed": True}},
        {
            "id": "rate", "title": "Requests", "source": "promql", "query": "sum by (code) (rate(http_requests_total[5m]))",
            "position": {"x": 0, "y": 1, "w": 12, "h": 6},
            "config": {
                "kind": "line", "unit": "req/s", "decimals": 1, "fill": 10, "legend": "{{code}}", "legend_calcs": ["max", "last"],
                "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "success"}, {"value": 80, "color": "critical"}], "shown": "line"},
                "also": [{"query": "sum(rate(errors_total[5m]))", "ref": "B", "legend": "errors"}],
                "overrides": [{"match": {"by": "regexp", "value": "/5../"}, "options": {"color": "red", "dash": "dash", "axis": "right"}}],
                "mappings": [{"kind": "special", "match": "null", "text": "none"}, {"kind": "range", "from": 0, "to": 1, "text": "low", "color": "info"}],
                "repeat": {"variable": "code", "direction": "h"}, "time_shift": "1d",
                "transformations": [{"id": "limit", "options": {"limitField": 5}}],
            },
        },
        {"id": "revenue", "title": "Revenue", "source": "insight", "query": {"kind": "trend", "series": []}, "position": {"x": 12, "y": 1, "w": 12, "h": 6}, "config": {"kind": "stat"}},
    ],
})  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(document=documents())
def test_exported_and_imported_again_a_dashboard_is_as_it_was(document: dict[str, Any]) -> None:
    exported = json.loads(json.dumps(write(document, "some-uid").dashboard))

    imported = read(exported)

    assert checked(imported.document) == document
    assert imported.lines == []


def test_what_was_changed_in_grafana_is_read_from_there() -> None:
    exported = json.loads(json.dumps(write(BOARD).dashboard))
    panel = exported["panels"][0]["panels"][0]
    panel["title"], panel["fieldConfig"]["defaults"]["unit"] = "Renamed", "percentunit"
    exported["title"] = "Another name"

    found = checked(read(exported).document)

    changed = next(one for one in found["widgets"] if one["title"] == "Renamed")
    assert found["name"] == "Another name"
    assert changed["config"]["unit"] == "ratio"
    assert changed["query"] == "sum by (code) (rate(http_requests_total[5m]))"


def test_grafana_s_own_words_say_nearly_everything_of_a_chart() -> None:
    exported = without_ours(json.loads(json.dumps(write(BOARD).dashboard)))

    found = checked(read(exported).document)

    was, now = (
        next(one for one in board["widgets"] if one["title"] == "Requests")
        for board in (BOARD, found)
    )
    assert now["config"] == was["config"] | {"server": "${datasource}"}
    assert now["position"] == was["position"]
    assert found["variables"][1:] == [one | {"label": "", "hidden": False} | extra for one, extra in zip(
        BOARD["variables"], ({"server": "${datasource}", "sort": "none"}, {}), strict=True
    )]  # fmt: skip
    assert found["time"] == BOARD["time"]


def test_what_grafana_cannot_ask_is_said_in_words_and_in_the_report() -> None:
    exported = write(BOARD)

    row = exported.dashboard["panels"][0]
    assert row["panels"][1]["type"] == "text"
    assert "insight" in row["panels"][1]["options"]["content"]
    assert [line.path for line in exported.lines] == ["widgets.2.source"]


def without_ours(value: Any) -> Any:
    if isinstance(value, list):
        return [without_ours(one) for one in value]
    if isinstance(value, dict):
        return {name: without_ours(one) for name, one in value.items() if name != "portal"}
    return value


def imported_and_exported(panel: dict[str, Any]) -> dict[str, Any]:
    board = {"title": "Board", "schemaVersion": 39, "panels": [panel]}
    document = checked(read(board).document)
    return dict(write(document).dashboard["panels"][0])


def test_a_panel_that_the_portal_cannot_show_is_exported_as_it_came() -> None:
    logs = {
        "type": "logs", "title": "Errors", "datasource": {"type": "loki", "uid": "l"}, "options": {"wrapLogMessage": True},
        "targets": [{"refId": "A", "expr": '{app="shop"} |= "error"', "maxLines": 5}],
    }  # fmt: skip

    exported = imported_and_exported(logs)

    assert {name: exported[name] for name in logs} == logs


def test_a_query_for_another_source_beside_promql_is_exported_as_it_came() -> None:
    theirs = {"refId": "B", "datasource": {"type": "cloudwatch"}, "namespace": "AWS/EC2"}
    ours = {"refId": "A", "datasource": {"type": "prometheus"}, "expr": "up"}
    mixed = {"type": "timeseries", "title": "Both", "datasource": {"uid": "-- Mixed --"}, "targets": [ours, theirs]}  # fmt: skip

    exported = imported_and_exported(mixed)

    assert exported["targets"][1] == theirs
    assert exported["targets"][0]["expr"] == "up"


def test_what_is_too_large_to_keep_is_reported() -> None:
    canvas = {"type": "canvas", "title": "Plan", "options": {"image": "x" * 100_001}}

    imported = read({"title": "Board", "schemaVersion": 39, "panels": [canvas]})

    assert "extra" not in checked(imported.document)["widgets"][0]["config"]
    assert "100,000 characters" in imported.lines[0].why
