from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options import Option
from dashboards.options.regexes import BadRegex, replaced
from dashboards.sheets import Sheet
from dashboards.transformations import CannotTransform, transformations


class RenameByRegex:
    """Rename fields: $1 in the new name is the first group of the expression."""

    kind = "renameByRegex"
    label = "Rename by a regular expression"
    options = (
        Option("regex", "What matches", help="A regular expression."),
        Option("renamePattern", "Becomes", help="$1 stands for the first group."),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        regex, new = str(options.get("regex") or ""), str(options.get("renamePattern") or "")
        if not regex:
            return list(sheets)
        try:
            return [
                sheet.having(
                    replace(one, name=replaced(regex, new, one.name)) for one in sheet.fields
                )
                for sheet in sheets
            ]
        except BadRegex as problem:
            raise CannotTransform(f"“{regex}” is no regular expression: {problem}.") from problem


transformations.add(RenameByRegex())
