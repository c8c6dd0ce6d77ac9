from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Sheet
from dashboards.transformations import CannotTransform, transformations


class Limit:
    """The first rows only."""

    kind = "limit"
    label = "Limit rows"
    options = (Option("limitField", "Rows at most", "whole", least=0, default=10),)

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        given = options.get("limitField", 10)
        try:
            most = max(0, int(given))
        except (TypeError, ValueError) as problem:
            raise CannotTransform(f"“{given}” is no number of rows.") from problem
        return [sheet.taking(range(min(most, len(sheet)))) for sheet in sheets]


transformations.add(Limit())
