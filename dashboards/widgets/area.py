from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.options.axes import LINES, OVER_TIME, STACK_ALL
from dashboards.stacking import stacked
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Area:
    """Areas on each other, unless the options say otherwise."""

    kind = "area"
    label = "Areas"
    options = (*LINES, STACK_ALL, *OVER_TIME)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        style = stacked({"type": "scatter", "mode": "lines"}, options, "normal")
        if "stackgroup" not in style:
            style["fill"] = "tozeroy"
        return time_figure(frame, options, style)


widgets.add(Area())
