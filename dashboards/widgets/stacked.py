from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.options import Option
from dashboards.options.axes import LINES, OVER_TIME
from dashboards.stacking import bar_mode, stacked
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Stacked:
    """Series on each other: what the whole is made of, in numbers or in shares."""

    kind = "stacked"
    label = "Stacked"
    options = (
        Option("shape", "Shape", "choice", (("area", "Areas"), ("bar", "Bars"))),
        Option("shares", "As shares of the whole", "flag"),
        *LINES, *OVER_TIME,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        how = {"stack_all": "percent" if options.get("shares") else "normal"}
        if options.get("shape") == "bar":
            drawing = time_figure(frame, options, {"type": "bar"}, shared=0)
            more = bar_mode(how)
        else:
            style = stacked({"type": "scatter", "mode": "lines"}, how, "normal")
            drawing, more = time_figure(frame, options, style), {}
        if drawing.figure is not None:
            drawing.figure["layout"] |= more
            if options.get("shares"):
                drawing.figure["layout"]["meta"]["axis_unit"] = "percent"
        return drawing


widgets.add(Stacked())
