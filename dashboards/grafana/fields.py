"""How values are shown: units, thresholds, mappings, links and overrides of a Grafana panel. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.grafana.box import FLAG, NUMBER, Box, Json, Way, as_it_is, between, chosen
from dashboards.grafana.colors import series_color, state_color
from dashboards.grafana.ledger import Given, number_of
from dashboards.grafana.links import link_of
from dashboards.grafana.units import unit_of

# Grafana's words for one number of many.
CALCS = {
    "lastNotNull": "last", "last": "last", "firstNotNull": "first", "first": "first", "mean": "mean", "avg": "mean",
    "min": "min", "max": "max", "sum": "total", "total": "total", "count": "count", "countAll": "count",
    "range": "range", "diff": "difference", "delta": "difference", "diffperc": "change", "median": "median",
    "p90": "p90", "p95": "p95", "p99": "p99", "stdDev": "stddev", "distinctCount": "distinct", "current": "last",
    "logmin": "min", "allValues": "last", "uniqueValues": "distinct", "step": "difference", "p50": "median",
}  # fmt: skip
SHOWN = {
    "line": "line", "dashed": "dashed", "area": "area", "line+area": "line+area", "dashed+area": "dashed+area",
    "series": "line",
}  # fmt: skip
SPECIAL = {
    "null": "null", "nan": "nan", "null+nan": "null+nan", "true": "true", "false": "false", "empty": "empty",
}  # fmt: skip
MATCHERS = {
    "byName": "name", "byRegexp": "regexp", "byType": "type", "byFrameRefID": "query", "byUnit": "unit",
    "byNames": "names",
}  # fmt: skip
DASHES = {"dash": "dash", "dot": "dot", "solid": "solid", "square": "dash"}
CELLS = {
    "auto": "text", "color-text": "color", "color-background": "background", "color-background-solid": "background",
    "gauge": "bar", "basic": "bar", "gradient-gauge": "bar", "lcd-gauge": "bar",
}  # fmt: skip


def read_fields(box: Box, defaults: Given) -> None:
    """Read `fieldConfig.defaults` into a widget's options."""
    if "unit" in defaults:
        unit, nearly = unit_of(str(defaults.peek("unit")))
        box.put(defaults, "unit", "unit", unit, nearly)
    for name in ("min", "max"):
        box.put(defaults, name, name, number_of(defaults.peek(name)))
    box.put(defaults, "decimals", "decimals", decimals_of(defaults.peek("decimals")))
    if "noValue" in defaults or defaults.peek("noValue") == 0:
        box.put(defaults, "noValue", "no_value", str(defaults.peek("noValue")))
    box.put(defaults, "displayName", "legend", name_with_labels(defaults.peek("displayName")))
    thresholds = read_thresholds(defaults.child("thresholds"), "")
    if thresholds and means_something(thresholds, defaults):
        custom = defaults.child("custom").child("thresholdsStyle")
        shown = SHOWN.get(str(custom.peek("mode")))
        if shown:
            thresholds["shown"] = shown
            custom.keep("mode")
        box.add("thresholds", thresholds)
    if mappings := read_mappings(defaults, "mappings"):
        box.put(defaults, "mappings", "mappings", mappings)
    read_links(box, defaults)


def means_something(thresholds: Json, defaults: Given) -> bool:
    """Tell whether thresholds color anything: Grafana writes 80 into each panel of a palette's colors."""
    custom = defaults.child("custom").child("thresholdsStyle").peek("mode")
    if custom in SHOWN:
        return True
    is_palette = str(defaults.child("color").peek("mode")).startswith("palette")
    return not is_palette and any(step["value"] is not None for step in thresholds["steps"])


def decimals_of(value: Any) -> int | None:
    found = number_of(value)
    return int(found) if found is not None and 0 <= found <= 10 else None


def name_with_labels(value: Any) -> str | None:
    """Return a display name as a legend: ${__field.labels.x} is {{x}}."""
    if not isinstance(value, str) or not value:
        return None
    text = re.sub(r"\$\{__field\.labels\.(\w+)\}", r"{{\1}}", value)
    return None if "${__" in text or "$__" in text else text


def read_thresholds(given: Given, mode: str) -> Json | None:
    """Read thresholds; steps that begin at one value count once, the last one."""
    mode = "percentage" if (mode or given.peek("mode")) == "percentage" else "absolute"
    steps: dict[Any, str] = {}
    for index, step in enumerate(given.children("steps")):
        least = number_of(step.peek("value"))
        color = state_color(step.peek("color"))
        if color and (least is not None or step.peek("value") is None):
            steps[None if index == 0 else least if least is not None else 0] = color
            step.keep("value", "color", "line", "state", "index", "op", "yaxis")
    if not steps:
        return None
    given.keep("mode")
    found = [{"value": value, "color": color} for value, color in steps.items()]
    return {"mode": mode, "steps": found}


def read_mappings(given: Given, name: str) -> list[Json]:
    """Read value mappings of all schemas: by type word, by type number."""
    return [mapping for one in given.children(name) for mapping in mappings_of(one)]


def mappings_of(given: Given) -> Iterator[Json]:
    kind, options = given.peek("type"), given.child("options")
    if kind == "value" and options.values:
        for match in options.values:
            yield {"kind": "value", "match": match, **result_of(options.child(match))}
        given.keep("type")
    elif kind == "range":
        limits = {name: number_of(options.peek(name)) for name in ("from", "to")}
        given.keep("type")
        options.keep("from", "to")
        known = {name: value for name, value in limits.items() if value is not None}
        yield {"kind": "range", **known, **result_of(options.child("result"))}
    elif kind == "regex" and isinstance(options.peek("pattern"), str):
        given.keep("type")
        yield {
            "kind": "regex",
            "match": options.text("pattern"),
            **result_of(options.child("result")),
        }
    elif kind == "special" and options.peek("match") in SPECIAL:
        given.keep("type")
        match = SPECIAL[options.text("match")]
        yield {"kind": "special", "match": match, **result_of(options.child("result"))}
    elif kind in (1, 2, "1", "2"):
        yield from old_mapping(given, is_range=str(kind) == "2")


def old_mapping(given: Given, *, is_range: bool) -> Iterator[Json]:
    given.keep("type", "id", "op", "operator")
    text = given.text("text")
    if is_range:
        limits = {name: number_of(given.take(name)) for name in ("from", "to")}
        known = {name: value for name, value in limits.items() if value is not None}
        yield {"kind": "range", **known, "text": text}
        return
    value = given.text("value")
    if value in ("null", ""):
        yield {"kind": "special", "match": "null", "text": text}
    else:
        yield {"kind": "value", "match": value, "text": text}


def result_of(given: Given) -> Json:
    given.keep("index")
    found = {"text": given.text("text"), "color": state_color(given.peek("color"))}
    if found["color"]:
        given.keep("color")
    return {name: value for name, value in found.items() if value}


def read_links(box: Box, defaults: Given) -> None:
    found = [link for one in defaults.children("links") if (link := link_of(one)) is not None]
    if found and box.add("links", found):
        for one in defaults.children("links"):
            one.keep("title", "url", "targetBlank")


def read_overrides(box: Box, given: Given) -> None:
    """Read the overrides: those whose match or whose every property means nothing here are left out."""
    found = []
    for one in given.children("overrides"):
        match = match_of(one.child("matcher"))
        if match is None:
            told = one.ledger.told
            told.setdefault(
                one.path, ("lost", "Overrides go by name, expression, type, unit or query.")
            )
            continue
        options: Json = {}
        for each in one.children("properties"):
            for name, value in override_of(each):
                if box.fits.override(name, value):
                    options[name] = value
                    each.keep("id", "value")
        if options:
            one.child("matcher").keep("id")
            found.append({"match": match, "options": options})
    if found and not box.add("overrides", [*box.config.get("overrides", []), *found]):
        given.lose("overrides", "This kind of widget has no overrides.")


def match_of(matcher: Given) -> Json | None:
    by, options = MATCHERS.get(str(matcher.peek("id"))), matcher.peek("options")
    if by == "names":
        names = matcher.child("options")
        # RE2 has no look-ahead: "all but these names" cannot be said by an expression either.
        if names.peek("mode") == "exclude":
            return None
        names.keep("mode")
        return {"by": "names", "value": names.texts("names")}
    if by is None or not isinstance(options, str) or not options:
        return None
    matcher.keep("options")
    if by == "query" and len(options) > 1:
        options = options.rsplit("-", 1)[-1]
    return {"by": by, "value": options}


def override_of(given: Given) -> Iterator[tuple[str, Any]]:
    """Return the options that one property of an override becomes."""
    name, value = str(given.peek("id")), given.peek("value")
    if name in INNER:
        option, read = INNER[name]
        if found := read(given):
            yield option, found
    elif name == "unit" and isinstance(value, str):
        unit, nearly = unit_of(value)
        yield "unit", unit
        if nearly:
            given.change("value", nearly)
    elif name == "color" and isinstance(value, Mapping):
        fixed = series_color(value.get("fixedColor"))
        if fixed and value.get("mode") in ("fixed", "shades"):
            yield "color", fixed
        else:
            given.change("id", "Colors follow the palette or the thresholds.")
    elif name in OVERRIDES:
        option, way = OVERRIDES[name]
        if (plain := way.here(value)) is not None:
            yield option, plain
    elif name in OBJECTS:
        yield from OBJECTS[name](value if isinstance(value, Mapping) else {"type": value})


def hidden_from(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if value.get("viz") is True:
        yield "hidden", True
    if value.get("legend") is True:
        yield "in_legend", False


def stacked(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    is_apart = value.get("mode") == "none" or value.get("group") is False
    yield "stack", "" if is_apart else str(value.get("group") or "A")


def dashed(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if (dash := DASHES.get(str(value.get("fill")))) is not None:
        yield "dash", dash


def cell(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if (found := CELLS.get(str(value.get("type")))) is not None:
        yield "cell", found


def links_of(given: Given) -> list[Json]:
    return [link for one in given.children("value") if (link := link_of(one)) is not None]


INNER: dict[str, tuple[str, Any]] = {
    "thresholds": ("thresholds", lambda given: read_thresholds(given.child("value"), "")),
    "mappings": ("mappings", lambda given: read_mappings(given, "value")),
    "links": ("links", links_of),
    "dataLinks": ("links", links_of),
}
OBJECTS = {
    "custom.hideFrom": hidden_from, "custom.stacking": stacked, "custom.lineStyle": dashed,
    "custom.cellOptions": cell, "custom.displayMode": cell,
}  # fmt: skip


def whole_between(low: int, high: int) -> Way:
    inner = between(low, high)

    def here(value: Any) -> int | None:
        found = inner.here(value)
        return None if found is None else int(found)

    return Way(here, as_it_is)


ALIGN = {"left": "left", "center": "center", "right": "right", "auto": "left"}
# Their property, our option, and how its value is written.
OVERRIDES: dict[str, tuple[str, Way]] = {
    "decimals": ("decimals", Way(decimals_of, as_it_is)),
    "min": ("min", NUMBER),
    "max": ("max", NUMBER),
    "displayName": ("name", Way(lambda value: value if isinstance(value, str) and "$" not in value else None, as_it_is)),
    "noValue": ("no_value", Way(lambda value: str(value) if isinstance(value, str | int | float) else None, as_it_is)),
    "custom.fillOpacity": ("fill", between(0, 100)),
    "custom.lineWidth": ("line_width", between(0, 10)),
    "custom.drawStyle": ("drawn_as", chosen({"line": "line", "bars": "bar", "points": "points"})),
    "custom.transform": ("negative", chosen({"negative-Y": True})),
    "custom.axisPlacement": ("axis", chosen({"left": "left", "right": "right", "auto": "left"})),
    "custom.align": ("align", Way(lambda value: ALIGN.get(str(value or "auto")), as_it_is)),
    "custom.width": ("column_width", whole_between(20, 2000)),
    "custom.minWidth": ("column_width", whole_between(20, 2000)),
    "custom.hidden": ("hidden", FLAG),
}  # fmt: skip
