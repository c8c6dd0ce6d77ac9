from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.regexes import is_found
from dashboards.sheets import Sheet
from dashboards.transformations import listing, mapping, transformations


class FilterFieldsByName:
    """Keep fields by their names or a regular expression."""

    kind = "filterFieldsByName"
    label = "Keep fields by name"
    options = (
        Option("include.names", "Keep these", "names"),
        Option("include.pattern", "Keep what matches", help="A regular expression."),
        Option("exclude.names", "Drop these", "names"),
        Option("exclude.pattern", "Drop what matches", help="A regular expression."),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        wanted, hidden = matcher(mapping(options, "include")), matcher(mapping(options, "exclude"))
        return [
            sheet.having(
                one
                for one in sheet.fields
                if (wanted is None or wanted(one.name)) and not (hidden and hidden(one.name))
            )
            for sheet in sheets
        ]


def matcher(given: Mapping[str, Any]) -> Callable[[str], bool] | None:
    """Read names and a pattern; None where neither is given."""
    names, pattern = listing(given, "names"), str(given.get("pattern") or "")
    if not names and not pattern:
        return None
    return lambda name: name in names or bool(pattern and is_found(pattern, name))


transformations.add(FilterFieldsByName())
