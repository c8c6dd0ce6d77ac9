from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.options.calcs import CALCS, calculate
from dashboards.sheets import Field, Sheet, cost_of
from dashboards.transformations import CannotTransform, listing, transformations

# What a calculation's column is called; later steps name it.
HEADS = {
    "last": "Last", "lastNotNull": "Last *", "first": "First", "firstNotNull": "First *",
    "mean": "Mean", "min": "Min", "max": "Max", "sum": "Total", "total": "Total", "count": "Count",
    "range": "Range", "diff": "Difference", "median": "Median", "stdDev": "StdDev",
    "distinctCount": "Distinct Count",
}  # fmt: skip


class Reduce:
    """A row per series with its calculations, or each field reduced to one value."""

    kind = "reduce"
    label = "Reduce to calculations"
    options = (
        Option("mode", "Makes", "choice", (
            ("seriesToRows", "a row a series"), ("reduceFields", "one value of each field"),
        ), default="seriesToRows"),
        Option("reducers", "Calculations", "choices", CALCS),
        Option("labelsToFields", "Labels as columns", "flag"),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        calcs = [str(one) for one in listing(options, "reducers")] or ["max"]
        if options.get("mode") == "reduceFields":
            return [in_place(sheet, calcs[0]) for sheet in sheets]
        fields = [one for sheet in sheets for one in sheet.numbers]
        if not fields:
            raise CannotTransform("There is no number to reduce in this answer.")
        labels = sorted({name for one in fields for name in one.labels})
        heads = [Field("Field", "string", [one.name for one in fields])]
        if options.get("labelsToFields"):
            heads += [
                Field(name, "string", [one.labels.get(name, "") for one in fields])
                for name in labels
            ]
        columns = [calculated(fields, calc) for calc in calcs]
        return [Sheet("A", (*heads, *columns), cost_of([sheet.meta for sheet in sheets]))]


def calculated(fields: Sequence[Field], calc: str) -> Field:
    cells = [reduced(calc, one.cells) for one in fields]
    units = {one.unit for one in fields}
    return Field(head_of(calc), "number", cells, units.pop() if len(units) == 1 else "")


def head_of(calc: str) -> str:
    return HEADS.get(calc, calc)


def reduced(calc: str, cells: Sequence[Any]) -> float | None:
    """Reduce one field's numbers. Raises CannotTransform for an unknown calculation."""
    numbers = [one if isinstance(one, int | float) else None for one in cells]
    try:
        return calculate(calc, numbers)
    except KeyError as problem:
        raise CannotTransform(f"There is no calculation “{calc}”.") from problem


def in_place(sheet: Sheet, calc: str) -> Sheet:
    return sheet.having(replace(one, cells=[reduced(calc, one.cells)]) for one in sheet.numbers)


transformations.add(Reduce())
