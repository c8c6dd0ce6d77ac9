from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.drawing import draw_funnel
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Funnel:
    kind = "funnel"
    label = "Funnel"
    options = (
        Option(
            "view", "Shown", "choice",
            (("steps", "Steps"), ("trend", "Rate over time"), ("times", "Times to convert")),
            help="What the answer holds: the latter two need it to be asked for.",
        ),
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "funnels", "steps", "open")
        if not answer["steps"][0]["users"]:
            return Drawing(is_empty=True)
        return Drawing(figure=draw_funnel(answer, options), plain=rows_of(frame))


widgets.add(Funnel())
