from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.pictures import picture
from dashboards.options import Option
from dashboards.widgets import CannotDraw, Drawing, rows_of, widgets
from portal.store.frame import Frame


class Picture:
    """Lines over a time, or bars over a name, whichever the rows have."""

    kind = "picture"
    label = "Chart of rows"
    options: tuple[Option, ...] = ()

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        if not len(frame):
            return Drawing(is_empty=True)
        drawn = picture(frame)
        if drawn is None:
            raise CannotDraw(
                "These rows have no time or name against a number: draw them as a table."
            )
        return Drawing(figure=drawn, plain=rows_of(frame))


widgets.add(Picture())
