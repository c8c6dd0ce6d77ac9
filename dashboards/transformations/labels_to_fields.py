from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import TIME, VALUE, Field, Sheet
from dashboards.transformations import listing, transformations


class LabelsToFields:
    """Series over time as rows with a column for each label; tables have them already."""

    kind = "labelsToFields"
    label = "Labels to columns"
    options = (
        Option("mode", "Labels become", "choice", (("columns", "columns"), ("rows", "rows"))),
        Option("keepLabels", "These labels", "names", help="Left out: all."),
        Option("valueLabel", "Name the value by the label"),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        if options.get("mode") == "rows":
            return [listed for sheet in sheets for listed in as_rows(sheet, options)]
        return [as_columns(sheet, options) for sheet in sheets]


def as_columns(sheet: Sheet, options: Mapping[str, Any]) -> Sheet:
    series = [one for one in sheet.numbers if one.labels]
    if not series or sheet.time is None:
        return sheet
    wanted, special = listing(options, "keepLabels"), str(options.get("valueLabel") or "")
    names = sorted({name for one in series for name in one.labels})
    names = [name for name in names if (not wanted or name in wanted) and name != special]
    values = list(dict.fromkeys(called(one, special) for one in series))
    times: list[Any] = []
    labels: dict[str, list[str]] = {name: [] for name in names}
    cells: dict[str, list[Any]] = {name: [] for name in values}
    for one in series:
        for t, value in zip(sheet.time.cells, one.cells, strict=True):
            if value is None:
                continue
            times.append(t)
            for name in names:
                labels[name].append(one.labels.get(name, ""))
            for name in values:
                cells[name].append(value if name == called(one, special) else None)
    heads = [Field(name, "string", found, ref=sheet.ref) for name, found in labels.items()]
    numbers = [
        Field(name, "number", found, series[0].unit, ref=sheet.ref) for name, found in cells.items()
    ]
    return sheet.having([Field(TIME, "time", times, ref=sheet.ref), *heads, *numbers])


def called(one: Field, special: str) -> str:
    return one.labels.get(special) or VALUE if special else VALUE


def as_rows(sheet: Sheet, options: Mapping[str, Any]) -> list[Sheet]:
    wanted = listing(options, "keepLabels")
    found = []
    for one in sheet.numbers:
        kept = {name: value for name, value in one.labels.items() if not wanted or name in wanted}
        pair = (Field("label", "string", list(kept)), Field("value", "string", list(kept.values())))
        found.append(Sheet(sheet.ref, pair, sheet.meta, one.name))
    return found or [sheet]


transformations.add(LabelsToFields())
