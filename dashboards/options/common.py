"""Options that many kinds of widget share. Pure."""

from __future__ import annotations

from dataclasses import replace

from dashboards.options import Option
from dashboards.options.calcs import CALCS

AT_HAND = ("promql", "insight", "sql", "dataset")

UNIT = Option("unit", "Unit", "unit", group="Values", in_overrides=True)
DECIMALS = Option(
    "decimals", "Decimals", "whole", least=0, most=10, group="Values", in_overrides=True,
    help="Left out: three significant digits.",
)  # fmt: skip
MIN = Option(
    "min", "Lowest", "number", group="Values", in_overrides=True, help="Of the axis or scale."
)
MAX = Option(
    "max", "Highest", "number", group="Values", in_overrides=True, help="Of the axis or scale."
)
THRESHOLDS = Option(
    "thresholds", "Thresholds", "thresholds", group="Thresholds", in_overrides=True,
    help="A value has the color of the highest step that it reaches.",
)  # fmt: skip
MAPPINGS = Option(
    "mappings", "Value mappings", "mappings", group="Mappings", in_overrides=True,
    help="Words and a color for values, ranges, or texts that match.",
)  # fmt: skip
LINKS = Option(
    "links", "Links", "links", group="Links", in_overrides=True,
    help="Addresses may hold variables, ${__value}, ${__series} and ${__row.name}.",
)  # fmt: skip
OVERRIDES = Option(
    "overrides", "Overrides", "overrides", group="Overrides",
    help="Other options for series or columns by name, regular expression, type, unit or query.",
)  # fmt: skip
NO_VALUE = Option("no_value", "Words for no value", group="Values", in_overrides=True)
VALUES = (UNIT, DECIMALS, MIN, MAX, NO_VALUE, THRESHOLDS, MAPPINGS, LINKS, OVERRIDES)

CALC = Option(
    "calc", "Value of a series", "choice", CALCS, group="Values",
    help="Left out: an insight's total, else the last value.",
)  # fmt: skip

LEGEND = (
    Option(
        "legend_position", "Legend", "choice",
        (("auto", "At the lines' ends, or below"), ("bottom", "Below"), ("right", "At the right"), ("none", "None")),
        group="Legend",
    ),
    Option(
        "legend_calcs", "Values in the legend", "choices", CALCS, group="Legend",
        help="A table of them instead of names alone.",
    ),
    Option("legend_sort", "Sort the legend by", "choice", (("", "As asked"), ("name", "Name"), *CALCS), group="Legend"),
    Option("legend_descending", "Largest first", "flag", group="Legend"),
)  # fmt: skip

# Every kind has these: how it is asked, when it repeats, what it says of nothing.
OF_EVERY_KIND = (
    Option("legend", "Name of a series", group="Query", sources=("promql",), help="{{label}} stands for a label's value."),
    Option("instant", "As of the end only", "flag", group="Query", sources=("promql",), help="A value per series, with its labels as columns."),
    Option("step", "Step", "duration", group="Query", sources=("promql",), help="Left out: fits the range and the width."),
    Option("width", "Pixels to draw on", "whole", least=1, most=20_000, group="Query", sources=("promql",)),
    Option("server", "Prometheus server", "server", group="Query", sources=("promql",), help="Its id, or a variable such as ${server}. Left out: the portal's own samples."),
    Option("parameters", "Parameters", "object", group="Query", sources=("sql",)),
    Option("also", "Further queries", "queries", group="Query", sources=AT_HAND),
    Option("hide_first", "Use query A only in transformations", "flag", group="Query", sources=AT_HAND),
    Option("time_from", "Own range", "duration", group="Time", help="Such as 24h: instead of the dashboard's range.", sources=AT_HAND),
    Option("time_shift", "Shifted back by", "duration", group="Time", help="Such as 1d: what stood there a day before.", sources=AT_HAND),
    Option("transformations", "Transformations", "transformations", group="Transformations", sources=AT_HAND),
    Option("repeat", "Repeat for each value of", "repeat", group="Repeat"),
    Option("empty", "Words for nothing", group="Picture", help="Said where the answer holds nothing."),
    Option("library", "Library widget", group="Widget"),
    Option("transparent", "Without a frame", "flag", group="Widget"),
    Option("extra", "Kept from an import", "object", group="Widget"),
)  # fmt: skip

# What an override may say, beside the options above that are `in_overrides`.
OF_A_SERIES = tuple(
    replace(one, in_overrides=True)
    for one in (
        Option("name", "Name", help="Instead of its own."),
        Option("color", "Color", "color"),
        Option("hidden", "Hidden", "flag"),
        Option("in_legend", "In the legend", "flag", default=True),
        Option("line_width", "Line width", "number", least=0, most=10),
        Option("fill", "Filled, in percent", "number", least=0, most=100),
        Option("dash", "Line", "choice", (("solid", "Solid"), ("dash", "Dashed"), ("dot", "Dotted"))),
        Option("drawn_as", "Drawn as", "choice", (("line", "Line"), ("bar", "Bars"), ("points", "Points"))),
        Option("negative", "Below zero", "flag", help="Drawn upside down."),
        Option("axis", "Axis", "choice", (("left", "Left"), ("right", "Right"))),
        Option("stack", "Stack", help="Series of one name are stacked; empty for none."),
        Option("cell", "Cell", "choice", (("text", "Text"), ("color", "Colored text"), ("background", "Colored background"), ("bar", "Bar"))),
        Option("align", "Align", "choice", (("left", "Left"), ("center", "Center"), ("right", "Right"))),
        Option("column_width", "Width in pixels", "whole", least=20, most=2_000),
        Option("calc", "Value", "choice", CALCS),
    )
)  # fmt: skip
