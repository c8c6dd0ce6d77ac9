from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.drawing import draw_retention
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Retention:
    kind = "retention"
    label = "Retention"
    options = (Option("shown", "Value of the breakdown", help="As JSON; left out, all people."),)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "retention", "cohorts", "average")
        if not any(cohort["size"] for cohort in answer["cohorts"]):
            return Drawing(is_empty=True)
        return Drawing(figure=draw_retention(answer, options), plain=rows_of(frame))


widgets.add(Retention())
