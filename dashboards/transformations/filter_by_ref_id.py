from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.regexes import is_found
from dashboards.sheets import Sheet
from dashboards.transformations import transformations


class FilterByRefId:
    """Some queries only: "A" or "A|C"."""

    kind = "filterByRefId"
    label = "Some queries only"
    options = (
        Option("include", "Only", help="A, or A|C."),
        Option("exclude", "Without", help="A, or A|C."),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        wanted, hidden = str(options.get("include") or ""), str(options.get("exclude") or "")
        return [
            sheet
            for sheet in sheets
            if (not wanted or is_found(f"^(?:{bare(wanted)})$", sheet.ref))
            and not (hidden and is_found(f"^(?:{bare(hidden)})$", sheet.ref))
        ]


def bare(pattern: str) -> str:
    """Read "/^(?:A|B)$/" as its own middle."""
    return pattern.strip("/").removeprefix("^").removesuffix("$")


transformations.add(FilterByRefId())
