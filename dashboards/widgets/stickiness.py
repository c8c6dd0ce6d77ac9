from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.figures.activity import stickiness
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Stickiness:
    """Bars of people by the number of intervals in which they were active."""

    kind = "stickiness"
    label = "Stickiness"
    options: tuple[Option, ...] = ()

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "stickiness", "points", "interval")
        if not answer["total"]:
            return Drawing(is_empty=True)
        return Drawing(figure=stickiness(answer), plain=rows_of(frame))


widgets.add(Stickiness())
