from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Sheet
from dashboards.transformations import listing, mapping, transformations


class PartitionByValues:
    """A sheet for each value of some fields, named by it."""

    kind = "partitionByValues"
    label = "Split by values"
    options = (
        Option("fields", "By the values of", "names"),
        Option("keepFields", "Keep these fields", "flag"),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        names = [str(name) for name in listing(options, "fields")]
        keeps = bool(options.get("keepFields"))
        without_names = not mapping(options, "naming").get("asLabels", True)
        return [
            one for sheet in sheets for one in parted(sheet, names, keeps=keeps, bare=without_names)
        ]


def parted(sheet: Sheet, names: Sequence[str], *, keeps: bool, bare: bool) -> list[Sheet]:
    by = [one for one in sheet.fields if one.name in names]
    if not by:
        return [sheet]
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(sheet)):
        groups.setdefault(tuple(str(one.cells[place]) for one in by), []).append(place)
    found = []
    for values, places in groups.items():
        part = sheet.taking(places)
        name = " ".join(values)
        fields = [
            replace(one, name=name) if one.type == "number" and not bare else one
            for one in part.fields
            if keeps or one.name not in names
        ]
        found.append(replace(part.having(fields), name=name))
    return found


transformations.add(PartitionByValues())
