from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.options.calcs import CALCS
from dashboards.sheets import Field, Sheet
from dashboards.transformations import listing, mapping, transformations
from dashboards.transformations.reduce import reduced


class GroupBy:
    """One row per value of the fields grouped by, the others calculated over their rows."""

    kind = "groupBy"
    label = "Group rows"
    options = (
        Option("fields", "Fields", "named", fields=(
            Option("operation", "Does", "choice", (("groupby", "groups"), ("aggregate", "is calculated"))),
            Option("aggregations", "Calculations", "choices", CALCS),
        )),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        return [grouped(sheet, mapping(options, "fields")) for sheet in sheets]


def grouped(sheet: Sheet, asked: Mapping[str, Any]) -> Sheet:
    does = {one.name: mapping(asked, one.name) for one in sheet.fields}
    keys = [one for one in sheet.fields if does[one.name].get("operation") == "groupby"]
    if not keys:
        return sheet
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(sheet)):
        groups.setdefault(tuple(repr(one.cells[place]) for one in keys), []).append(place)
    places = list(groups.values())
    fields = [replace(one, cells=[one.cells[listed[0]] for listed in places]) for one in keys]
    for one in sheet.fields:
        if does[one.name].get("operation") == "aggregate":
            fields += [
                aggregated(one, str(calc), places)
                for calc in listing(does[one.name], "aggregations")
            ]
    return sheet.having(fields)


def aggregated(field: Field, calc: str, places: Sequence[Sequence[int]]) -> Field:
    name = f"{field.name} ({calc})"
    groups = [[field.cells[place] for place in listed] for listed in places]
    if field.type != "number" and calc in ("first", "firstNotNull", "last", "lastNotNull"):
        at = 0 if calc.startswith("first") else -1
        return replace(field, name=name, cells=[cells[at] for cells in groups])
    if calc in ("count", "countAll", "distinctCount"):
        cells = [
            float(len(set(map(repr, one))) if calc == "distinctCount" else len(one))
            for one in groups
        ]
        return Field(name, "number", cells, ref=field.ref)
    return Field(name, "number", [reduced(calc, one) for one in groups], field.unit, ref=field.ref)


transformations.add(GroupBy())
