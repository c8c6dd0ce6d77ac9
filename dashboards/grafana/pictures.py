"""Which kind of widget a Grafana panel becomes, and what its options are called here. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dashboards.grafana.box import (
    FLAG,
    NUMBER,
    WORDS,
    Box,
    Rule,
    Way,
    apply,
    as_it_is,
    between,
    chosen,
)
from dashboards.grafana.colors import series_color
from dashboards.grafana.fields import CALCS, CELLS
from dashboards.grafana.ledger import Given
from dashboards.grafana.units import name_of as unit_name
from dashboards.grafana.units import unit_of

CUSTOM = "fieldConfig.defaults.custom"


def nothing(value: Any) -> Any:
    return None


def calcs(value: Any) -> list[str] | None:
    listed = value if isinstance(value, list) else []
    found = [CALCS[one] for one in listed if isinstance(one, str) and one in CALCS]
    return list(dict.fromkeys(found)) or None


def first_calc(value: Any) -> str | None:
    found = calcs(value)
    return found[0] if found else None


BACK = {
    "last": "lastNotNull",
    "first": "firstNotNull",
    "total": "sum",
    "stddev": "stdDev",
    "distinct": "distinctCount",
    "difference": "diff",
    "change": "diffperc",
}
ALL_CALCS = Way(calcs, lambda value: [BACK.get(one, one) for one in value])
ONE_CALC = Way(first_calc, lambda value: [BACK.get(value, value)])
CELL = Way(
    lambda value: CELLS.get(str(value)),
    lambda value: {
        "text": "auto",
        "color": "color-text",
        "background": "color-background",
        "bar": "gauge",
    }.get(value),
)
PARTS = ("percent", "value", "name")
PART_TEXT = Way(
    lambda value: next((one for one in PARTS if isinstance(value, list) and one in value), None),
    lambda value: [value],
)
PART_VALUES = Way(
    lambda value: (
        [one for one in value if one in ("value", "percent")] if isinstance(value, list) else None
    ),
    as_it_is,
)

OF_LINES: tuple[Rule, ...] = (
    (f"{CUSTOM}.lineWidth", "line_width", between(0, 10)),
    (f"{CUSTOM}.fillOpacity", "fill", between(0, 100)),
    (f"{CUSTOM}.lineInterpolation", "curve", chosen({"linear": "linear", "smooth": "smooth", "stepBefore": "before", "stepAfter": "after"})),
    (f"{CUSTOM}.showPoints", "points", chosen({"auto": "auto", "always": "always", "never": "never", True: "always", False: "never"})),
    (f"{CUSTOM}.spanNulls", "connect", FLAG),
)  # fmt: skip
OF_AXES: tuple[Rule, ...] = (
    (f"{CUSTOM}.axisLabel", "axis_label", WORDS),
    (f"{CUSTOM}.axisSoftMin", "soft_min", NUMBER),
    (f"{CUSTOM}.axisSoftMax", "soft_max", NUMBER),
    (f"{CUSTOM}.scaleDistribution.type", "scale", chosen({"log": "log", "linear": "linear"})),
    (f"{CUSTOM}.axisCenteredZero", "zero_centered", FLAG),
    ("options.tooltip.mode", "hover", chosen({"multi": "all", "single": "one", "none": "none"})),
)  # fmt: skip
SORTS = {
    "Name": "name", "Mean": "mean", "Max": "max", "Min": "min", "Last": "last", "Last *": "last", "Total": "total",
    "First": "first", "First *": "first", "Count": "count", "Range": "range", "Difference": "difference",
}  # fmt: skip
OF_LEGENDS: tuple[Rule, ...] = (
    ("options.legend.placement", "legend_position", chosen({"bottom": "bottom", "right": "right"})),
    ("options.legend.calcs", "legend_calcs", ALL_CALCS),
    ("options.legend.sortBy", "legend_sort", chosen(SORTS)),
    ("options.legend.sortDesc", "legend_descending", FLAG),
)  # fmt: skip
LYING = chosen({"horizontal": True, "vertical": False})
OF_VALUES: tuple[Rule, ...] = (("options.reduceOptions.calcs", "calc", ONE_CALC),)
OF_STATS: tuple[Rule, ...] = (
    *OF_VALUES,
    ("options.colorMode", "color_by", chosen({"value": "value", "background": "background", "background_solid": "background", "none": "none"})),
    ("options.graphMode", "sparkline", chosen({"area": True, "none": False, "line": True})),
    ("options.textMode", "shown_text", chosen({"auto": "auto", "value": "value", "value_and_name": "both", "name": "name"})),
    ("options.showPercentChange", "change", FLAG),
)  # fmt: skip
OF_GAUGES: tuple[Rule, ...] = (*OF_VALUES, ("options.showThresholdMarkers", "markers", FLAG))
OF_BAR_GAUGES: tuple[Rule, ...] = (
    *OF_VALUES,
    ("options.orientation", "standing", chosen({"vertical": True, "horizontal": False})),
    ("options.showUnfilled", "unfilled", FLAG),
)  # fmt: skip
OF_BARS: tuple[Rule, ...] = (
    ("options.orientation", "horizontal", LYING),
    ("options.stacking", "stack_all", chosen({"normal": "normal", "percent": "percent", "none": "none"})),
)  # fmt: skip
OF_PIES: tuple[Rule, ...] = (
    *OF_VALUES,
    ("options.pieType", "full", chosen({"pie": True, "donut": False})),
    ("options.displayLabels", "part_text", PART_TEXT),
    ("options.legend.values", "part_values", PART_VALUES),
)  # fmt: skip
OF_TABLES: tuple[Rule, ...] = ((f"{CUSTOM}.filterable", "filter", FLAG),)
OF_HISTOGRAMS: tuple[Rule, ...] = (
    ("options.bucketSize", "bin_width", NUMBER),
    ("options.bucketCount", "bins", NUMBER),
)  # fmt: skip
OF_HEATMAPS: tuple[Rule, ...] = (
    ("options.yAxis.unit", "unit", Way(lambda value: unit_of(value)[0] if isinstance(value, str) else None, unit_name)),
    ("options.calculate", "buckets", chosen({True: "values"})),
)  # fmt: skip
# What a panel says of all its columns or series, where here an override for all says it.
OF_ALL: tuple[Rule, ...] = (
    (f"{CUSTOM}.align", "align", chosen({"left": "left", "center": "center", "right": "right"})),
    (f"{CUSTOM}.cellOptions.type", "cell", CELL),
    (f"{CUSTOM}.displayMode", "cell", Way(CELL.here, nothing)),
    (f"{CUSTOM}.width", "column_width", between(20, 2_000)),
    (f"{CUSTOM}.lineStyle.fill", "dash", chosen({"dash": "dash", "dot": "dot", "square": "dash"})),
)  # fmt: skip


def lines_kind(panel: Given) -> str:
    custom = panel.child("fieldConfig").child("defaults").child("custom")
    if custom.child("stacking").peek("mode") in ("normal", "percent"):
        return "stacked"
    return "bar" if custom.peek("drawStyle") == "bars" else "line"


def read_stacking(box: Box, panel: Given) -> None:
    """Read how a time series is drawn; the kind says half of it."""
    custom = panel.child("fieldConfig").child("defaults").child("custom")
    stacking, style = custom.child("stacking"), custom.peek("drawStyle")
    if box.kind == "stacked":
        stacking.keep("mode", "group")
        if stacking.peek("mode") == "percent":
            box.put(stacking, "mode", "shares", True)
        if style == "bars":
            box.put(custom, "drawStyle", "shape", "bar")
    elif style == "bars":
        box.put(custom, "drawStyle", "over", "time")
    if style in ("line", "bars"):
        custom.keep("drawStyle")
    elif style == "points":
        box.put(custom, "drawStyle", "points", "always", "Points stand on lines.")


def read_legend(box: Box, panel: Given) -> None:
    legend = panel.child("options").child("legend")
    if legend.peek("showLegend") is False or legend.peek("displayMode") == "hidden":
        if box.add("legend_position", "none"):
            legend.keep(*legend.values)
        return
    apply(box, panel, OF_LEGENDS)
    if "legend_calcs" in box.config:
        legend.keep("displayMode", "asTable")
    legend.lose("width", "The legend is as wide as its names.")
    if "legend_calcs" not in box.config and (
        legend.peek("displayMode") == "table" or legend.peek("asTable") is True
    ):
        legend.keep("asTable", "displayMode")
        legend.change(
            "displayMode" if legend.peek("displayMode") == "table" else "asTable",
            "A legend without values is a list of names.",
        )


def read_series(box: Box, panel: Given) -> None:
    read_stacking(box, panel)
    apply(box, panel, OF_LINES)
    apply(box, panel, OF_AXES)
    read_legend(box, panel)


def read_table(box: Box, panel: Given) -> None:
    """Read a table's order and its foot."""
    apply(box, panel, OF_TABLES)
    options = panel.child("options")
    for one in options.children("sortBy")[:1]:
        name = one.peek("displayName")
        if isinstance(name, str) and name and box.add("sort_by", name):
            box.add("descending", one.peek("desc") is True)
            one.keep("displayName", "desc")
    footer = options.child("footer")
    if footer.peek("show") is True and box.add(
        "totals", calcs(footer.peek("reducer")) or ["total"]
    ):
        footer.keep("show", "reducer", "fields")


def read_for_all(box: Box, panel: Given) -> None:
    """Read what holds for all columns or series into an override for all, the first one."""
    all_of_them = Box(
        box.kind, replace(box.fits, option=lambda kind, name, value: box.fits.override(name, value))
    )
    apply(all_of_them, panel, OF_ALL)
    color = panel.child("fieldConfig").child("defaults").child("color")
    fixed = series_color(color.peek("fixedColor"))
    if color.peek("mode") in ("fixed", "shades") and fixed and all_of_them.add("color", fixed):
        color.keep("mode", "fixedColor", "seriesBy")
    elif color.peek("mode") != "fixed":
        color.keep("fixedColor", "seriesBy")
    if all_of_them.config:
        match = {"by": "regexp", "value": ".*"}
        box.add("overrides", [{"match": match, "options": all_of_them.config}])


@dataclass(frozen=True)
class Picture:
    """What a type of panel becomes; `nearly` is said in the report where it is not the same."""

    kind: str | Callable[[Given], str]
    read: Callable[[Box, Given], None]
    nearly: str = ""

    def kind_of(self, panel: Given) -> str:
        return self.kind if isinstance(self.kind, str) else self.kind(panel)


def by(*rules: Rule) -> Callable[[Box, Given], None]:
    return lambda box, panel: apply(box, panel, rules)


def by_with_legend(*rules: Rule) -> Callable[[Box, Given], None]:
    def read(box: Box, panel: Given) -> None:
        apply(box, panel, rules)
        read_legend(box, panel)

    return read


PICTURES: dict[str, Picture] = {
    "timeseries": Picture(lines_kind, read_series),
    "stat": Picture("stat", by(*OF_STATS)),
    "gauge": Picture("gauge", by(*OF_GAUGES)),
    "bargauge": Picture("bargauge", by(*OF_BAR_GAUGES)),
    "piechart": Picture("pie", by_with_legend(*OF_PIES)),
    "grafana-piechart-panel": Picture("pie", by_with_legend(*OF_PIES), "Drawn as a pie of today."),
    "table": Picture("table", read_table),
    "barchart": Picture("bar", by_with_legend(*OF_BARS)),
    "heatmap": Picture("heatmap", by(*OF_HEATMAPS)),
    "heatmap-new": Picture("heatmap", by(*OF_HEATMAPS)),
    "histogram": Picture("histogram", by_with_legend(*OF_HISTOGRAMS)),
    "state-timeline": Picture("line", read_series, "Drawn as lines: the portal has no bands of states."),
    "status-history": Picture("heatmap", by(), "Drawn as a heatmap: the portal has no history of states."),
    "trend": Picture("line", read_series, "Drawn as lines over time."),
    "candlestick": Picture("line", read_series, "Drawn as lines."),
    "xychart": Picture("line", read_series, "Drawn as lines over time."),
    "logs": Picture("table", by(), "Shown as a table."),
    "geomap": Picture("table", by(), "Shown as a table: the portal's map is of countries."),
    "grafana-worldmap-panel": Picture("table", by(), "Shown as a table: the portal's map is of countries."),
    "grafana-polystat-panel": Picture("stat", by(), "Shown as figures."),
    "vonage-status-panel": Picture("stat", by(), "Shown as figures."),
    "flant-statusmap-panel": Picture("heatmap", by(), "Drawn as a heatmap."),
    "natel-discrete-panel": Picture("line", by(), "Drawn as lines."),
    "michaeldmoore-multistat-panel": Picture("bargauge", by(), "Drawn as bars."),
    "blackmirror1-singlestat-math-panel": Picture("stat", by(), "Shown as a figure."),
    "yesoreyeram-boomtable-panel": Picture("table", by(), "Shown as a table."),
    "mtanda-histogram-panel": Picture("histogram", by(), "Drawn as a histogram."),
    "briangann-gauge-panel": Picture("gauge", by(), "Drawn as a gauge."),
    "briangann-datatable-panel": Picture("table", by(), "Shown as a table."),
}  # fmt: skip
UNKNOWN = Picture("table", by())
# Panels that ask nothing and show something of Grafana's own.
OF_GRAFANA = frozenset({
    "dashlist", "alertlist", "alertGroups", "annolist", "news", "welcome", "gettingstarted", "pluginlist", "canvas",
    "nodeGraph", "traces", "flamegraph", "debug", "datagrid", "live", "homelinks", "grafana-clock-panel",
})  # fmt: skip

# The way back: the panel that a kind of widget is, and the rules by which it says its options.
PANEL_OF = {
    "line": "timeseries", "area": "timeseries", "stacked": "timeseries", "bar": "timeseries", "stat": "stat",
    "gauge": "gauge", "bargauge": "bargauge", "pie": "piechart", "table": "table", "heatmap": "heatmap",
    "histogram": "histogram", "text": "text", "row": "row",
}  # fmt: skip
OF_SERIES = (*OF_LINES, *OF_AXES, *OF_LEGENDS)
RULES: dict[str, tuple[Rule, ...]] = {
    "stat": OF_STATS, "gauge": OF_GAUGES, "bargauge": OF_BAR_GAUGES, "pie": (*OF_PIES, *OF_LEGENDS), "table": OF_TABLES,
    "heatmap": OF_HEATMAPS, "histogram": (*OF_HISTOGRAMS, *OF_LEGENDS), "text": (), "row": (),
}  # fmt: skip


def rules_of(kind: str) -> tuple[Rule, ...]:
    return RULES.get(kind, OF_SERIES)
