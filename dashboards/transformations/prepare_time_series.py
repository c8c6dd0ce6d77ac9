from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Sheet
from dashboards.transformations import transformations


class PrepareTimeSeries:
    """Series as a chart wants them, which they are here already."""

    kind = "prepareTimeSeries"
    label = "Prepare series"
    options: tuple[Option, ...] = ()

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        return list(sheets)


transformations.add(PrepareTimeSeries())
