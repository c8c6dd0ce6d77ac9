from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.drawing import draw_paths
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Paths:
    kind = "paths"
    label = "Paths"
    options = (Option("drawn", "Links at most", "whole", least=1, most=200),)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "paths", "nodes", "links")
        if not answer["nodes"]:
            return Drawing(is_empty=True)
        return Drawing(figure=draw_paths(answer, options), plain=rows_of(frame))


widgets.add(Paths())
