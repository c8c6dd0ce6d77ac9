"""A heading across the page; what stands below it, up to the next row, folds with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.options import Option
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Row:
    """Asks nothing and shows nothing of its own; boards draw it as a heading that folds."""

    kind = "row"
    label = "Row"
    options = (Option("collapsed", "Opens folded", "flag"),)

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        return Drawing(is_empty=True)


widgets.add(Row())
