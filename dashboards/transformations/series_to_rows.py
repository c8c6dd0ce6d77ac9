from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import METRIC, TIME, VALUE, Field, Sheet, cost_of
from dashboards.transformations import transformations


class SeriesToRows:
    """Series over time as rows of time, name and value, the newest first."""

    kind = "seriesToRows"
    label = "Series to rows"
    options: tuple[Option, ...] = ()

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        rows = [
            (t, one.name, value)
            for sheet in sheets
            if sheet.time
            for one in sheet.numbers
            for t, value in zip(sheet.time.cells, one.cells, strict=True)
            if value is not None
        ]
        if not rows:
            return list(sheets)
        rows.sort(key=lambda row: row[0], reverse=True)
        times, names, values = zip(*rows, strict=True)
        units = {one.unit for sheet in sheets for one in sheet.numbers}
        unit = units.pop() if len(units) == 1 else ""
        fields = (
            Field(TIME, "time", times), Field(METRIC, "string", names),
            Field(VALUE, "number", values, unit),
        )  # fmt: skip
        return [Sheet("A", fields, cost_of([sheet.meta for sheet in sheets]))]


transformations.add(SeriesToRows())
