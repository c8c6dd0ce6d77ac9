"""A dashboard of the portal's as Grafana's JSON, with what Grafana has no word for. Pure.

Beside Grafana's own properties each panel carries the widget as it was, under `portal`, sealed with
what the panel then was: imported again unchanged it is the same widget, changed in Grafana it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana import fields_back
from dashboards.grafana.ledger import Line, short
from dashboards.grafana.pictures import PANEL_OF, rules_of
from dashboards.grafana.placing import RATIO
from dashboards.grafana.seal import seal_of
from dashboards.grafana.variables_back import templating_of

Json = dict[str, Any]
SCHEMA = 41
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# What a panel says by other means than the rules of its kind.
WRITTEN_APART = frozenset({
    "kind", "unit", "decimals", "min", "max", "no_value", "thresholds", "mappings", "links", "overrides", "color",
    "transformations", "repeat", "time_from", "time_shift", "transparent", "legend", "instant", "also", "hide_first",
    "server", "legend_position", "collapsed", "shape", "shares", "over", "empty",
})  # fmt: skip
NO_WORD = "Grafana has no word for this."
OUR_SOURCE = "Grafana cannot ask this source: the panel says so, and an import here brings it back."


@dataclass(frozen=True)
class Exported:
    """A dashboard in Grafana's shape, and what Grafana will not know of it."""

    dashboard: Json
    lines: list[Line] = field(default_factory=list)


def write(document: Mapping[str, Any], uid: str = "") -> Exported:
    """Return a checked document as Grafana's JSON."""
    lines: list[Line] = []
    servers = [one["name"] for one in document["variables"] if one.get("kind") == "server"]
    panels = [
        panel_of(one, index, document, lines) for index, one in enumerate(document["widgets"])
    ]
    board: Json = {
        "title": document["name"], "description": document["description"], "tags": list(document["tags"]),
        "schemaVersion": SCHEMA, "version": 1, "editable": True, "graphTooltip": 1, "id": None,
        "time": {"from": time_back(document["time"].get("from") or "-7d"), "to": document["time"].get("to") or "now"},
        "timezone": document["time"].get("zone") or "browser",
        "refresh": refresh_back(document["time"].get("refresh")),
        "templating": {"list": templating_of(document["variables"], needs_server=not servers)},
        "annotations": {"list": []},
        "links": [{"type": "link", "title": one["title"], "url": one["url"], "targetBlank": False} for one in document["links"]],
        "panels": folded(panels),
    }  # fmt: skip
    if uid:
        board["uid"] = uid[:40]
    unsaid = [name for name in ("tabs", "annotations") if document[name]]
    lines += [Line(name, "lost", NO_WORD, short(document[name])) for name in unsaid]
    around = {name: value for name, value in document.items() if name != "widgets"}
    board["portal"] = {"document": around, "seal": seal_of(board)}
    return Exported(board, lines)


def panel_of(
    widget: Mapping[str, Any], index: int, document: Mapping[str, Any], lines: list[Line]
) -> Json:
    config = widget["config"]
    kind = str(config["kind"])
    panel: Json = {
        "id": index + 1,
        "title": widget["title"],
        "description": widget["description"],
        "gridPos": place_back(widget["position"]),
    }
    if kind == "row":
        panel |= {"type": "row", "collapsed": bool(config.get("collapsed")), "panels": []}
    elif kind == "text" and (kept := kept_of(config)):
        panel = {**kept, **panel}
    elif kind == "text":
        panel |= {"type": "text", "options": {"mode": "markdown", "content": widget["query"]}}
    elif widget["source"] != "promql":
        panel |= {"type": "text", "options": {"mode": "markdown", "content": words_for(widget)}}
        lines.append(Line(f"widgets.{index}.source", "lost", OUR_SOURCE, str(widget["source"])))
    else:
        panel |= asked(widget, kind)
        lines += missing(widget, kind, f"widgets.{index}.config")
    if isinstance(config.get("repeat"), Mapping):
        panel |= {
            "repeat": config["repeat"].get("variable"),
            "repeatDirection": config["repeat"].get("direction", "h"),
        }
    if config.get("transparent") is True:
        panel["transparent"] = True
    panel["portal"] = {"widget": dict(widget), "seal": seal_of(panel)}
    return panel


def kept_of(config: Mapping[str, Any]) -> Json:
    """Return what an import from Grafana kept because the portal cannot show or ask it."""
    extra = config.get("extra")
    kept = extra.get("grafana") if isinstance(extra, Mapping) else None
    return dict(kept) if isinstance(kept, Mapping) else {}


def words_for(widget: Mapping[str, Any]) -> str:
    return f"**{widget['title']}** asks the portal's {widget['source']} source, which Grafana cannot.\n\n```\n{widget['query']}\n```"


def asked(widget: Mapping[str, Any], kind: str) -> Json:
    """Return the properties of a panel that asks PromQL."""
    config = widget["config"]
    panel: Json = {
        "type": PANEL_OF.get(kind, "timeseries"),
        "datasource": DATASOURCE,
        "targets": targets_of(widget),
    }
    kept = kept_of(config).get("targets")
    panel["targets"] += kept if isinstance(kept, list) else []
    panel["fieldConfig"] = {
        "defaults": fields_back.defaults_of(config),
        "overrides": fields_back.overrides_of(config.get("overrides") or ()),
    }
    panel["options"] = {}
    for path, option, way in rules_of(kind):
        if option in config and (value := way.there(config[option])) is not None:
            put(panel, path, value)
    shape_back(panel, kind, config)
    for name, property_name in (("time_from", "timeFrom"), ("time_shift", "timeShift")):
        if config.get(name):
            panel[property_name] = config[name]
    if config.get("transformations"):
        panel["transformations"] = [dict(one) for one in config["transformations"]]
    return panel


def shape_back(panel: Json, kind: str, config: Mapping[str, Any]) -> None:
    """Write what a kind says by being that kind."""
    custom = panel["fieldConfig"]["defaults"].setdefault("custom", {})
    if kind in ("stacked", "area"):
        custom["stacking"] = {"mode": "percent" if config.get("shares") else "normal", "group": "A"}
        custom.setdefault("fillOpacity", 25)
    if kind == "bar" or config.get("shape") == "bar":
        custom["drawStyle"] = "bars"
    if config.get("legend_position") == "none":
        panel["options"]["legend"] = {"showLegend": False}
    elif config.get("legend_calcs"):
        panel["options"]["legend"]["displayMode"] = "table"


def put(panel: Json, path: str, value: Any) -> None:
    *parents, name = path.split(".")
    given = panel
    for parent in parents:
        given = given.setdefault(parent, {})
    given[name] = value


def targets_of(widget: Mapping[str, Any]) -> list[Json]:
    config = widget["config"]
    first = {
        "query": widget["query"],
        "ref": "A",
        "legend": config.get("legend"),
        "instant": config.get("instant"),
        "hidden": config.get("hide_first"),
    }
    is_table = config["kind"] == "table"
    found = []
    for index, one in enumerate([first, *(config.get("also") or ())]):
        target: Json = {
            "refId": one.get("ref") or chr(ord("A") + index % 26),
            "expr": one.get("query", ""),
            "datasource": DATASOURCE,
        }
        if one.get("legend"):
            target["legendFormat"] = one["legend"]
        if one.get("instant") or (is_table and one.get("instant") is not False):
            target |= {"instant": True, "range": False}
        if one.get("hidden"):
            target["hide"] = True
        if is_table:
            target["format"] = "table"
        found.append(target)
    return found


def missing(widget: Mapping[str, Any], kind: str, path: str) -> list[Line]:
    known = WRITTEN_APART | {option for _, option, _ in rules_of(kind)}
    return [
        Line(f"{path}.{name}", "lost", NO_WORD, short(value))
        for name, value in widget["config"].items()
        if name not in known and not (name == "extra" and kept_of(widget["config"]))
    ]


def place_back(position: Mapping[str, Any]) -> Json:
    upper, lower = round(position["y"] / RATIO), round((position["y"] + position["h"]) / RATIO)
    return {"x": position["x"], "y": upper, "w": position["w"], "h": max(1, lower - upper)}


def folded(panels: list[Json]) -> list[Json]:
    """Put what belongs to a folded row inside of it, as Grafana keeps it."""
    found: list[Json] = []
    for panel in panels:
        row = found[-1] if found else {}
        if panel["type"] != "row" and row.get("type") == "row" and row.get("collapsed"):
            row["panels"].append(panel)
        else:
            found.append(panel)
    return found


def time_back(begins: str) -> str:
    """Return a range's beginning as Grafana writes it; months are M there."""
    if begins.startswith("-"):
        return f"now{begins[:-2]}M" if begins.endswith("mo") else f"now{begins}"
    return "now-5y" if begins == "all" else begins


def refresh_back(ms: Any) -> str:
    if not isinstance(ms, int) or ms <= 0:
        return ""
    return f"{ms // 60_000}m" if ms % 60_000 == 0 else f"{max(1, ms // 1000)}s"
