from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import TIME, VALUE, Field, Sheet
from dashboards.transformations import transformations


class GroupingToMatrix:
    """A column for each value of one field, a row for each of another."""

    kind = "groupingToMatrix"
    label = "Rows to a matrix"
    options = (
        Option("columnField", "Columns are the values of"),
        Option("rowField", "Rows are the values of"),
        Option("valueField", "Cells are the values of"),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        return [matrix(sheet, options) for sheet in sheets]


def matrix(sheet: Sheet, options: Mapping[str, Any]) -> Sheet:
    across, down, value = (
        sheet.find(str(options.get(name) or usual))
        for name, usual in (("columnField", TIME), ("rowField", TIME), ("valueField", VALUE))
    )
    if across is None or down is None or value is None:
        return sheet
    cells: dict[tuple[str, str], Any] = {}
    for column, row, cell in zip(across.cells, down.cells, value.cells, strict=True):
        cells[str(row), str(column)] = cell
    columns = list(dict.fromkeys(map(str, across.cells)))
    rows = list(dict.fromkeys(map(str, down.cells)))
    corner = Field(f"{down.name}\\{across.name}", "string", rows, ref=sheet.ref)
    return sheet.having([
        corner,
        *(Field(name, value.type, [cells.get((row, name)) for row in rows], value.unit, ref=sheet.ref) for name in columns),
    ])  # fmt: skip


transformations.add(GroupingToMatrix())
