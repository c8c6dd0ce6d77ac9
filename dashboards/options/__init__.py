"""What can be set on a widget, as data: checking, the editor's form and the docs come from it. Pure.

`common.py` holds what many kinds share, the other modules what applies it to a value: thresholds,
mappings, links, overrides, units, calculations. `styling.py` puts them together.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

OptionKind = Literal[
    "text",  # one line
    "paragraph",
    "number",
    "whole",  # a number without a fraction
    "flag",
    "choice",  # one of `choices`
    "choices",  # a list of them
    "names",  # a list of texts
    "color",  # colors.py
    "unit",  # units.py; any word is one
    "duration",  # "5m", "1d"
    "thresholds",
    "mappings",
    "links",
    "overrides",
    "transformations",
    "queries",  # `also`
    "repeat",
    "rows",  # a list of objects of `fields`
    "named",  # an object of those by name; of one field without a name: of its values
    "server",  # a Prometheus server's id, or the variable that chooses one
    "object",  # JSON that nobody looks into
]


@dataclass(frozen=True)
class Option:
    """One field of a widget's `config`.

    `group` is the heading it stands under in a form. `in_overrides`: it may be set for some series or
    columns only. `sources`: it means something for these sources only; empty for all.
    """

    name: str
    label: str
    kind: OptionKind = "text"
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    default: Any = None
    group: str = "Picture"
    least: float | None = None
    most: float | None = None
    in_overrides: bool = False
    sources: tuple[str, ...] = ()
    fields: tuple[Option, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what the editor's form needs."""
        return asdict(self) | {"choices": [list(one) for one in self.choices]}
