"""Rows: an insight's totals by breakdown, or the frame as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.series import lines
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Column, Frame

LONGEST = 200


class Table:
    """Options: `unit` of the values, `name` and `value` (heads of the two columns of totals)."""

    kind = "table"
    label = "Table"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        heads, rows = totals(frame, options) if has_totals(frame) else cells(frame)
        if not rows:
            return Drawing(is_empty=True)
        return Drawing(
            template="dashboards/widgets/table.html",
            context={"heads": heads, "rows": rows[:LONGEST], "cut": max(0, len(rows) - LONGEST)},
            plain={"columns": [head["label"] for head in heads], "rows": rows},
        )


def has_totals(frame: Frame) -> bool:
    return any({"label", "total"} <= one.keys() for one in frame.extra.get("series", ()))


def totals(
    frame: Frame, options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    rows = [(line.name, line.total) for line in lines(frame) if not line.is_compare]
    rows.sort(key=lambda row: (row[0] == "$other", -(row[1] or 0), row[0]))
    heads = [
        {"label": options.get("name", "Name"), "is_number": False, "unit": ""},
        {
            "label": options.get("value", "Total"),
            "is_number": True,
            "unit": options.get("unit", ""),
        },
    ]
    return heads, rows


def cells(frame: Frame) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    return [head(column) for column in frame.columns], list(frame.rows())


def head(column: Column) -> dict[str, Any]:
    return {
        "label": column.label or column.name,
        "is_number": column.type == "number",
        "unit": column.unit,
    }


widgets.add(Table())
