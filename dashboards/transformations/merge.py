from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.joining import merged
from dashboards.options import Option
from dashboards.sheets import Sheet
from dashboards.transformations import transformations


class Merge:
    """One table of all queries: rows that agree in what all have become one."""

    kind = "merge"
    label = "Merge tables"
    options: tuple[Option, ...] = ()

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        return [merged(sheets)] if sheets else []


transformations.add(Merge())
