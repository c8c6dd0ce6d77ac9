from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Field, Sheet
from dashboards.transformations import listing, transformations


class RowsToFields:
    """Each row becomes a field: its name from one column, its value from another."""

    kind = "rowsToFields"
    label = "Rows to fields"
    options = (
        Option("mappings", "Columns", "rows", fields=(
            Option("fieldName", "Column"),
            Option("handlerKey", "Is the", "choice", (("field.name", "field's name"), ("field.value", "field's value"))),
        )),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        asked = {
            str(one.get("handlerKey")): str(one.get("fieldName"))
            for one in listing(options, "mappings")
            if isinstance(one, Mapping)
        }
        return [turned(sheet, asked) for sheet in sheets]


def turned(sheet: Sheet, asked: Mapping[str, str]) -> Sheet:
    texts = [one for one in sheet.fields if one.type == "string"]
    name = sheet.find(asked.get("field.name", "")) or (texts[0] if texts else None)
    numbers = sheet.numbers
    value = sheet.find(asked.get("field.value", "")) or (numbers[0] if numbers else None)
    if name is None or value is None:
        return sheet
    pairs = zip(name.cells, value.cells, strict=True)
    return sheet.having(
        Field(str(called), value.type, [cell], value.unit, ref=sheet.ref) for called, cell in pairs
    )


transformations.add(RowsToFields())
