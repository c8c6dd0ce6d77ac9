from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.options.axes import LINES, OVER_TIME, STACK_ALL
from dashboards.stacking import stacked
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Line:
    kind = "line"
    label = "Lines"
    options = (*LINES, STACK_ALL, *OVER_TIME)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        style = {"type": "scatter", "mode": "lines"}
        return time_figure(frame, options, stacked(style, options, "none"))


widgets.add(Line())
