"""The state of the list of events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    conditions,
    text,
)

ALL = "all"


@dataclass(frozen=True)
class EventForm:
    """The state of the list of events."""

    name: str = ""
    user: str = ""
    where: tuple[Condition, ...] = ()
    range: Range = field(default_factory=lambda: Range(default=ALL))

    @classmethod
    def read(cls, query: QueryDict) -> EventForm:
        return cls(
            text(query, "event").strip(),
            text(query, "user").strip(),
            tuple(conditions(query.getlist("where"))),
            Range.read(query, ALL),
        )

    def pairs(self) -> Pairs:
        found: Pairs = [("event", self.name)] if self.name else []
        found += [("user", self.user)] if self.user else []
        found += [("where", one.packed()) for one in self.where]
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"where": [one.as_json() for one in self.where], "limit": 50}
        body |= {"name": self.name} if self.name else {}
        return body | ({"user_id": self.user} if self.user else {})
