from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Sheet, cost_of
from dashboards.transformations import transformations


class Concatenate:
    """All fields beside each other; shorter ones end with nothing."""

    kind = "concatenate"
    label = "Fields side by side"
    options: tuple[Option, ...] = ()

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        if len(sheets) < 2:
            return list(sheets)
        longest = max(len(sheet) for sheet in sheets)
        fields = tuple(
            replace(one, cells=[*one.cells, *[None] * (longest - len(one.cells))])
            for sheet in sheets
            for one in sheet.fields
        )
        return [Sheet(sheets[0].ref, fields, cost_of([sheet.meta for sheet in sheets]))]


transformations.add(Concatenate())
