from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Line:
    """Options: `unit`."""

    kind = "line"
    label = "Lines"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        return time_figure(frame, options, {"type": "scatter", "mode": "lines"})


widgets.add(Line())
