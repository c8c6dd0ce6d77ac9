from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Field, Sheet
from dashboards.transformations import mapping, transformations


class Organize:
    """Hide, order and rename fields by name."""

    kind = "organize"
    label = "Hide, order and rename"
    options = (
        Option("renameByName", "New names", "named", fields=(Option("", "Called"),)),
        Option("excludeByName", "Hidden", "named", fields=(Option("", "Hidden", "flag"),)),
        Option("indexByName", "Order", "named", fields=(Option("", "Place", "whole", least=0),)),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        return [sheet.having(organized(sheet.fields, options)) for sheet in sheets]


def organized(fields: Sequence[Field], options: Mapping[str, Any]) -> list[Field]:
    hidden, wanted = mapping(options, "excludeByName"), mapping(options, "includeByName")
    places, names = mapping(options, "indexByName"), mapping(options, "renameByName")
    kept = [one for one in fields if not hidden.get(one.name)]
    if any(wanted.values()):
        kept = [one for one in kept if wanted.get(one.name)]
    kept.sort(key=lambda one: place_of(places.get(one.name)))
    return [replace(one, name=str(names.get(one.name) or one.name)) for one in kept]


def place_of(given: Any) -> float:
    return float(given) if isinstance(given, int | float) else float("inf")


transformations.add(Organize())
