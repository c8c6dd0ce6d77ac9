"""The state of the data set builder: filters and sources stand in the address, names in the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.forms.shared import Condition, Pairs, conditions, conditions_of, number

CHANGED = "changed"  # in an address that says what the data set would hold


@dataclass(frozen=True)
class DataSetForm:
    """Which events: those of some sources (none: of all) that pass all filters."""

    where: tuple[Condition, ...] = ()
    sources: tuple[int, ...] = ()

    @classmethod
    def read(cls, query: QueryDict) -> DataSetForm:
        """Read an address, or what was posted."""
        where = tuple(of_event(one) for one in conditions(query.getlist("where")) if not one.cohort)
        named = (number(str(one)) for one in query.getlist("source"))
        return cls(where, tuple(sorted({int(one) for one in named if one})))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> DataSetForm:
        return cls(conditions_of(row["filters"], ""), tuple(row["sources"]))

    def pairs(self) -> Pairs:
        found: Pairs = [(CHANGED, "1")]
        found += [("source", str(one)) for one in self.sources]
        return found + [("where", one.packed()) for one in self.where]

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self) -> dict[str, Any]:
        return {
            "sources": list(self.sources),
            "filters": [one.as_json() for one in self.where],
        }


def of_event(one: Condition) -> Condition:
    """Let a filter be on the event itself: a data set has no other."""
    return replace(one, of="event", series="")
