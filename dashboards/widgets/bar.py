from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Bar:
    """Bars over time. Options: `unit`, `stacked`."""

    kind = "bar"
    label = "Bars"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        drawing = time_figure(frame, options, {"type": "bar"}, shared=0)
        if drawing.figure is not None:
            drawing.figure["layout"]["barmode"] = "stack" if options.get("stacked") else "group"
        return drawing


widgets.add(Bar())
