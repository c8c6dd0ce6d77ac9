from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Sheet
from dashboards.transformations import listing, transformations


class SortBy:
    """Sort the rows by one field; nothing stands last."""

    kind = "sortBy"
    label = "Sort rows"
    options = (
        Option("sort", "By", "rows", fields=(
            Option("field", "Field"), Option("desc", "Largest first", "flag"),
        )),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        found = list(sheets)
        for one in reversed(listing(options, "sort")):
            if isinstance(one, Mapping) and one.get("field"):
                down = bool(one.get("desc"))
                found = [in_order(sheet, str(one["field"]), descending=down) for sheet in found]
        return found


def in_order(sheet: Sheet, name: str, *, descending: bool) -> Sheet:
    field = sheet.find(name)
    if field is None:
        return sheet
    cells = field.cells
    known = [place for place, cell in enumerate(cells) if cell is not None]
    known.sort(key=lambda place: sort_key(cells[place]), reverse=descending)
    return sheet.taking([*known, *(place for place, cell in enumerate(cells) if cell is None)])


def sort_key(value: Any) -> tuple[int, Any]:
    """Order values of any types: numbers, then times, then texts."""
    if isinstance(value, int | float):
        return (0, value)
    return (1, value.timestamp()) if hasattr(value, "timestamp") else (2, str(value))


transformations.add(SortBy())
