from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from dashboards.options import Option
from dashboards.options.calcs import CALCS
from dashboards.sheets import Field, Sheet
from dashboards.transformations import CannotTransform, listing, mapping, transformations
from dashboards.transformations.reduce import head_of, reduced

BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": math.fmod,
}  # fmt: skip
UNARY: dict[str, Callable[[float], float]] = {
    "abs": abs, "exp": math.exp, "ln": math.log, "floor": math.floor, "ceil": math.ceil,
    "round": round, "sqrt": math.sqrt,
}  # fmt: skip


class CalculateField:
    """Add a field computed of others: two with an operator, one with a function, or a row's numbers."""

    kind = "calculateField"
    label = "Add a computed field"
    options = (
        Option("mode", "Computed of", "choice", (
            ("reduceRow", "All numbers of a row"), ("binary", "Two, with an operator"),
            ("unary", "One, with a function"), ("cumulativeFunctions", "What came before, too"),
            ("index", "The row's number"),
        ), default="reduceRow"),
        Option("reduce.reducer", "Of a row: calculation", "choice", CALCS),
        Option("reduce.include", "Of a row: these fields", "names", help="Left out: all numbers."),
        Option("binary.left", "Of two: left", help="A field's name, or a number."),
        Option("binary.operator", "Of two: operator", "choice", tuple((one, one) for one in BINARY)),
        Option("binary.right", "Of two: right", help="A field's name, or a number."),
        Option("unary.fieldName", "Of one: field"),
        Option("unary.operator", "Of one: function", "choice", tuple((one, one) for one in UNARY)),
        Option("cumulative.field", "Cumulative: field"),
        Option("cumulative.reducer", "Cumulative", "choice", (("sum", "Sum"), ("mean", "Mean"))),
        Option("alias", "Called"),
        Option("replaceFields", "Instead of all other fields", "flag"),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        mode = str(options.get("mode") or "reduceRow")
        compute = MODES.get(mode)
        if compute is None:
            raise CannotTransform(f"There is no way “{mode}” to compute a field.")
        return [with_field(sheet, compute(sheet, options), options) for sheet in sheets]


def with_field(sheet: Sheet, new: Field | None, options: Mapping[str, Any]) -> Sheet:
    if new is None:
        return sheet
    alias = str(options.get("alias") or "") or new.name
    named = Field(alias, new.type, new.cells, new.unit, ref=sheet.ref)
    if options.get("replaceFields"):
        return sheet.having([*([sheet.time] if sheet.time else []), named])
    return sheet.having([*(one for one in sheet.fields if one.name != alias), named])


def of_row(sheet: Sheet, options: Mapping[str, Any]) -> Field | None:
    asked = mapping(options, "reduce")
    names, calc = listing(asked, "include"), str(asked.get("reducer") or "sum")
    fields = [one for one in sheet.numbers if not names or one.name in names]
    if not fields:
        return None
    cells = [reduced(calc, row) for row in zip(*(one.cells for one in fields), strict=True)]
    return Field(head_of(calc), "number", cells, fields[0].unit)


def of_two(sheet: Sheet, options: Mapping[str, Any]) -> Field | None:
    asked = mapping(options, "binary")
    sign = str(asked.get("operator") or "+")
    if sign not in BINARY:
        raise CannotTransform(f"There is no operator “{sign}”; there are {' '.join(BINARY)}.")
    sides = [side(sheet, asked.get(name)) for name in ("left", "right")]
    if None in sides:
        return None
    (left, first), (right, second) = [one for one in sides if one is not None]
    cells = [applied(BINARY[sign], a, b) for a, b in zip(first, second, strict=True)]
    return Field(f"{left} {sign} {right}", "number", cells)


def side(sheet: Sheet, given: Any) -> tuple[str, Sequence[Any]] | None:
    """Return a side's name and values: a field's, or a fixed number's; None for a field that is not there."""
    if isinstance(given, Mapping):
        given = given.get("fixed") or mapping(given, "matcher").get("options")
    name = str(given if given is not None else "")
    found = sheet.find(name)
    if found is not None:
        return name, found.cells
    try:
        return name, [float(name)] * len(sheet)
    except ValueError:
        return None


def applied(compute: Callable[..., float], *values: Any) -> float | None:
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        return None
    try:
        found: float | complex = compute(*values)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    # A root of what is negative is complex.
    return None if isinstance(found, complex) or not math.isfinite(found) else float(found)


def of_one(sheet: Sheet, options: Mapping[str, Any]) -> Field | None:
    asked = mapping(options, "unary")
    name, function = str(asked.get("fieldName") or ""), str(asked.get("operator") or "abs")
    field = sheet.find(name)
    if field is None or function not in UNARY:
        return None
    cells = [applied(UNARY[function], one) for one in field.cells]
    return Field(f"{function}({name})", "number", cells, field.unit)


def running(sheet: Sheet, options: Mapping[str, Any]) -> Field | None:
    asked = mapping(options, "cumulative")
    field = sheet.find(str(asked.get("field") or ""))
    if field is None:
        return None
    totals = list(accumulate(one if isinstance(one, int | float) else 0 for one in field.cells))
    calc = str(asked.get("reducer") or "sum")
    if calc == "mean":
        totals = [total / (at + 1) for at, total in enumerate(totals)]
    return Field(f"cumulative {calc}({field.name})", "number", totals, field.unit)


def index(sheet: Sheet, options: Mapping[str, Any]) -> Field | None:
    return Field("Row", "number", list(range(1, len(sheet) + 1)))


MODES: dict[str, Callable[[Sheet, Mapping[str, Any]], Field | None]] = {
    "reduceRow": of_row, "binary": of_two, "unary": of_one, "cumulativeFunctions": running,
    "index": index,
}  # fmt: skip


transformations.add(CalculateField())
