from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.drawing import draw_sessions
from analytics.insights.figures.sessions import WORDS
from dashboards.options import Option
from dashboards.widgets import Drawing, of_insight, rows_of, widgets
from portal.store.frame import Frame


class Sessions:
    kind = "sessions"
    label = "Sessions"
    options = (Option("measure", "Measure", "choice", tuple(WORDS.items())),)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        answer = of_insight(frame, "sessions", "series", "entries")
        if not any(one["total"]["sessions"] for one in answer["series"]):
            return Drawing(is_empty=True)
        return Drawing(figure=draw_sessions(answer, options), plain=rows_of(frame))


widgets.add(Sessions())
