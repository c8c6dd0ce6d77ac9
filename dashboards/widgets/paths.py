from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.figures.paths import figure
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame

MOST_LINKS = 40


class Paths:
    """Options: `drawn`, how many links at most."""

    kind = "paths"
    label = "Paths"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "links", "paths")
        if not answer["nodes"]:
            return Drawing(is_empty=True)
        most = int(options.get("drawn") or MOST_LINKS)
        return Drawing(figure=figure(answer, most), plain=rows_of(frame))


widgets.add(Paths())
