"""How values are shown, as Grafana writes it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dashboards.grafana.colors import name_of as color_name
from dashboards.grafana.fields import MATCHERS, OVERRIDES
from dashboards.grafana.units import name_of as unit_name

Json = dict[str, Any]
MATCHERS_BACK = {ours: theirs for theirs, ours in MATCHERS.items()}
OVERRIDES_BACK = {ours: (theirs, way) for theirs, (ours, way) in reversed(OVERRIDES.items())}
DASHES = {
    "solid": {"fill": "solid"},
    "dash": {"fill": "dash", "dash": [10, 10]},
    "dot": {"fill": "dot", "dash": [0, 10]},
}
CELLS = {"text": "auto", "color": "color-text", "background": "color-background", "bar": "gauge"}


def defaults_of(config: Mapping[str, Any]) -> Json:
    """Return `fieldConfig.defaults` of a widget's options."""
    found: Json = {}
    if config.get("unit"):
        found["unit"] = unit_name(str(config["unit"]))
    for ours, theirs in (
        ("decimals", "decimals"),
        ("min", "min"),
        ("max", "max"),
        ("no_value", "noValue"),
    ):
        if config.get(ours) is not None:
            found[theirs] = config[ours]
    if config.get("color"):
        found["color"] = {"mode": "fixed", "fixedColor": color_name(str(config["color"]))}
    elif config.get("thresholds"):
        found["color"] = {"mode": "thresholds"}
    if config.get("thresholds"):
        found["thresholds"] = thresholds_back(config["thresholds"])
        if shown := config["thresholds"].get("shown"):
            found["custom"] = {"thresholdsStyle": {"mode": shown}}
    if config.get("mappings"):
        found["mappings"] = mappings_back(config["mappings"])
    if config.get("links"):
        found["links"] = links_back(config["links"])
    return found


def thresholds_back(given: Mapping[str, Any]) -> Json:
    steps = [
        {"value": one.get("value"), "color": color_name(str(one.get("color")))}
        for one in given.get("steps") or ()
    ]
    if steps and steps[0]["value"] is not None:
        steps.insert(0, {"value": None, "color": "transparent"})
    return {"mode": given.get("mode", "absolute"), "steps": steps}


def mappings_back(given: Iterable[Mapping[str, Any]]) -> list[Json]:
    return [one for index, mapping in enumerate(given) if (one := mapping_back(mapping, index))]


def mapping_back(given: Mapping[str, Any], index: int) -> Json:
    result: Json = {"index": index}
    if given.get("text"):
        result["text"] = given["text"]
    if given.get("color"):
        result["color"] = color_name(str(given["color"]))
    kind = given.get("kind")
    if kind == "value":
        return {"type": "value", "options": {str(given.get("match")): result}}
    if kind == "range":
        return {
            "type": "range",
            "options": {"from": given.get("from"), "to": given.get("to"), "result": result},
        }
    name = "pattern" if kind == "regex" else "match"
    return {"type": kind, "options": {name: given.get("match"), "result": result}}


def links_back(given: Iterable[Mapping[str, Any]]) -> list[Json]:
    return [
        {
            "title": one.get("title", ""),
            "url": one.get("url", ""),
            "targetBlank": bool(one.get("new_tab")),
        }
        for one in given
    ]


def overrides_of(given: Iterable[Mapping[str, Any]]) -> list[Json]:
    return [override_back(one) for one in given]


def override_back(given: Mapping[str, Any]) -> Json:
    match = given.get("match") or {}
    by, value = str(match.get("by")), match.get("value")
    options: Any = {"mode": "include", "names": value} if by == "names" else value
    properties = [
        one
        for name, inner in (given.get("options") or {}).items()
        if (one := property_back(name, inner))
    ]
    return {
        "matcher": {"id": MATCHERS_BACK.get(by, "byName"), "options": options},
        "properties": properties,
    }


def property_back(name: str, value: Any) -> Json | None:
    """Return the property that an option of an override is in Grafana; None where there is none."""
    if name in PROPERTIES:
        theirs, inner = PROPERTIES[name](value)
        return {"id": theirs, "value": inner}
    if name in OVERRIDES_BACK:
        theirs, way = OVERRIDES_BACK[name]
        told = way.there(value)
        return None if told is None else {"id": theirs, "value": told}
    return None


# What an option of an override is in Grafana, where it is not one of the plain ones.
PROPERTIES: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "unit": lambda value: ("unit", unit_name(str(value))),
    "color": lambda value: ("color", {"mode": "fixed", "fixedColor": color_name(str(value))}),
    "thresholds": lambda value: ("thresholds", thresholds_back(value)),
    "mappings": lambda value: ("mappings", mappings_back(value)),
    "links": lambda value: ("links", links_back(value)),
    "dash": lambda value: ("custom.lineStyle", DASHES.get(str(value))),
    "cell": lambda value: ("custom.cellOptions", {"type": CELLS.get(str(value), "auto")}),
    "hidden": lambda value: ("custom.hideFrom", {"viz": bool(value), "legend": False, "tooltip": False}),
    "in_legend": lambda value: ("custom.hideFrom", {"viz": False, "legend": not value, "tooltip": False}),
    "stack": lambda value: ("custom.stacking", {"mode": "normal", "group": value} if value else {"mode": "none"}),
}  # fmt: skip
