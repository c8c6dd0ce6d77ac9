"""Rows: an insight's totals by breakdown, or the answer as it is; each column in its own style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboards.options import Option
from dashboards.options.calcs import CALCS, LABELS, calculate
from dashboards.options.colors import for_page
from dashboards.options.common import VALUES
from dashboards.options.overrides import Subject
from dashboards.options.styling import Style, style_of
from dashboards.readings import share_of
from dashboards.series import lines
from dashboards.widgets import Drawing, widgets
from portal.lib.text import grouped
from portal.store.frame import Frame

LONGEST = 500  # in a page; the CSV has all
PAGE = 100
LONG_TEXT = 24  # characters: a column of longer texts keeps room for them


class Table:
    kind = "table"
    label = "Table"
    options = (
        Option("columns", "Columns shown, in this order", "names"),
        Option("sort_by", "Sort by", help="A column's name."),
        Option("descending", "Largest first", "flag"),
        Option("filter", "Search field", "flag", help="Shown above the rows."),
        Option("page", "Rows a page", "whole", least=5, most=1_000),
        Option("limit", "Rows at most", "whole", least=1, most=10_000),
        Option("totals", "Row of totals", "choices", CALCS),
        Option("name", "Head of the names", help="Of an insight's totals."),
        Option("value", "Head of the values", help="Of an insight's totals."),
        *VALUES,
    )

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = totals(frame, options) if has_totals(frame) else columns_of(frame)
        found = shown(styled(found, options), options)
        size = len(found[0].cells) if found else 0
        if not size:
            return Drawing(is_empty=True)
        found = in_order(
            found, str(options.get("sort_by") or ""), down=bool(options.get("descending"))
        )
        limit = min(int(options.get("limit") or LONGEST), size)
        rows = list(zip(*(one.cells for one in found), strict=True))[:limit]
        context = {
            "heads": [head(one) for one in found],
            "rows": [cells(found, row) for row in rows[:LONGEST]],
            "cut": max(0, limit - LONGEST),
            "page": int(options.get("page") or PAGE)
            if len(rows) > int(options.get("page") or PAGE)
            else 0,
            "has_filter": bool(options.get("filter")),
            "feet": feet(found, options),
        }
        plain = {"columns": [one.style.name for one in found], "rows": rows}
        return Drawing(template="dashboards/widgets/table.html", context=context, plain=plain)


@dataclass(frozen=True)
class Shown:
    """A column as it is shown."""

    name: str
    type: str
    unit: str
    cells: Sequence[Any]
    style: Style
    ref: str = "A"

    @property
    def is_number(self) -> bool:
        return self.type == "number"


def has_totals(frame: Frame) -> bool:
    return any({"label", "total"} <= one.keys() for one in frame.extra.get("series", ()))


def totals(frame: Frame, options: Mapping[str, Any]) -> list[Shown]:
    rows = [(line.name, line.total) for line in lines(frame) if not line.is_compare]
    rows.sort(key=lambda row: (row[0] == "$other", -(row[1] or 0), row[0]))
    names, values = [row[0] for row in rows], [row[1] for row in rows]
    plain = Style("")
    return [
        Shown(str(options.get("name") or "Name"), "string", "", names, plain),
        Shown(str(options.get("value") or "Total"), "number", "", values, plain),
    ]


def columns_of(frame: Frame) -> list[Shown]:
    refs = frame.extra.get("refs", {})
    return [
        Shown(
            name := column.label or column.name,
            column.type,
            column.unit,
            list(cells),
            Style(""),
            refs.get(name, "A"),
        )
        for column, cells in zip(frame.columns, frame.values, strict=True)
    ]


def styled(found: Sequence[Shown], options: Mapping[str, Any]) -> list[Shown]:
    """Give each column its style: the widget's for numbers, an override's for any."""
    texts = {**options, "unit": None, "decimals": None, "thresholds": None}
    return [
        replace(
            one,
            style=style_of(
                options if one.is_number else texts, Subject(one.name, one.type, one.unit, one.ref)
            ),
        )
        for one in found
    ]


def shown(found: Sequence[Shown], options: Mapping[str, Any]) -> list[Shown]:
    kept = [one for one in found if not one.style.options.get("hidden")]
    names = options.get("columns")
    if not names:
        return kept
    by_name = {one.name: one for one in kept} | {one.style.name: one for one in kept}
    return [by_name[name] for name in names if name in by_name] or kept


def in_order(found: list[Shown], name: str, *, down: bool) -> list[Shown]:
    by = next((one for one in found if name in (one.name, one.style.name)), None) if name else None
    if by is None:
        return found
    places = [place for place, cell in enumerate(by.cells) if cell is not None]
    places.sort(key=lambda place: sort_key(by.cells[place]), reverse=down)
    places += [place for place, cell in enumerate(by.cells) if cell is None]
    return [replace(one, cells=[one.cells[place] for place in places]) for one in found]


def sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, datetime):
        return (1, value.timestamp())
    return (0, value) if isinstance(value, int | float) else (2, str(value).lower())


def head(one: Shown) -> dict[str, Any]:
    own = one.style.options
    align = own.get("align") or ("right" if one.is_number else "left")
    kind = {"number": "number", "time": "time"}.get(one.type, "text")
    return {"label": one.style.name, "align": align, "sort": kind, "width": own.get("column_width")}


def cells(found: Sequence[Shown], row: Sequence[Any]) -> list[dict[str, Any]]:
    whole = {one.name: value for one, value in zip(found, row, strict=True)}
    return [cell(one, value, whole) for one, value in zip(found, row, strict=True)]


def cell(one: Shown, value: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell's words and looks; `sort` is what it is sorted by where the words are not."""
    own, is_number = one.style, one.is_number and isinstance(value, int | float)
    color = own.color(value)
    how = own.options.get("cell") or ("color" if color else "text")
    links = own.links_to(value, row)
    # A table has all digits, unless a unit, a mapping or decimals say it otherwise.
    is_bare = is_number and not own.unit and not own.mappings and own.decimals is None
    text = grouped(value) if is_bare else own.text(value)
    return {
        "text": text,
        "title": grouped(value) if is_number and not is_bare else "",
        "sort": sort_text(value),
        "is_time": one.type == "time",
        "is_long": len(text) > LONG_TEXT,
        "how": how,
        "share": f"{share_of(value, one.cells, own) * 100:.1f}%"
        if how == "bar" and is_number
        else "",
        "link": links[0] if links else None,
        "align": own.options.get("align") or ("right" if one.is_number else "left"),
        **for_page(color or ("accent" if how == "bar" else "")),
    }


def sort_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def feet(found: Sequence[Shown], options: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """Return rows of calculations over the columns of numbers."""
    rows = []
    for name in options.get("totals") or ():
        row = []
        for place, one in enumerate(found):
            value = (
                calculate(
                    name, [cell if isinstance(cell, int | float) else None for cell in one.cells]
                )
                if one.is_number
                else None
            )
            text = one.style.text(value) if one.is_number else LABELS[name] if place == 0 else ""
            row.append({"text": text, "align": "right" if one.is_number else "left"})
        rows.append(row)
    return rows


widgets.add(Table())
