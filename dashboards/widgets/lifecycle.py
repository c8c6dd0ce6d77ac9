from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.figures.activity import lifecycle
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Lifecycle:
    """Bars of who is new, returning, resurrecting and dormant."""

    kind = "lifecycle"
    label = "Lifecycle"
    options: tuple[Option, ...] = ()

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "lifecycles", "series", "interval")
        if not any(point["value"] for one in answer["series"] for point in one["points"]):
            return Drawing(is_empty=True)
        return Drawing(figure=lifecycle(answer["series"], answer["interval"]), plain=rows_of(frame))


widgets.add(Lifecycle())
