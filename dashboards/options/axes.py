"""Options of charts with axes. Pure."""

from __future__ import annotations

from dashboards.options import Option
from dashboards.options.common import LEGEND, VALUES

STACKS = (
    ("none", "Side by side"),
    ("normal", "On each other"),
    ("percent", "As shares of the whole"),
)
STACK_ALL = Option("stack_all", "Stacked", "choice", STACKS, group="Picture")

AXES = (
    Option("axis_label", "Label of the axis", group="Axes", in_overrides=True),
    Option("soft_min", "Lowest, unless values are lower", "number", group="Axes"),
    Option("soft_max", "Highest, unless values are higher", "number", group="Axes"),
    Option("scale", "Scale", "choice", (("linear", "Linear"), ("log", "Logarithmic")), group="Axes"),
    Option("zero_centered", "Zero in the middle", "flag", group="Axes"),
    Option("hover", "On hover", "choice", (("all", "All series"), ("one", "One series"), ("none", "Nothing")), group="Axes"),
)  # fmt: skip

LINES = (
    Option("line_width", "Line width", "number", least=0, most=10, in_overrides=True),
    Option("fill", "Filled, in percent", "number", least=0, most=100, in_overrides=True),
    Option("curve", "Curve", "choice", (("linear", "Straight"), ("smooth", "Smooth"), ("before", "Steps, before"), ("after", "Steps, after")), in_overrides=True),
    Option("points", "Points", "choice", (("never", "None"), ("auto", "Where they stand alone"), ("always", "All")), in_overrides=True),
    Option("connect", "Connect over gaps", "flag", in_overrides=True),
)  # fmt: skip

OVER_TIME = (*VALUES, *AXES, *LEGEND)
