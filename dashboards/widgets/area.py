from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.charting import time_figure
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Area:
    """Stacked areas. Options: `unit`."""

    kind = "area"
    label = "Areas"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        style = {"type": "scatter", "mode": "lines", "stackgroup": "all"}
        return time_figure(frame, options, style)


widgets.add(Area())
