"""The state of the list of people, and of one person's page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    chosen,
    conditions,
    number,
    text,
)

EVERYTHING = "all"  # both pages go back to the beginning unless the address says otherwise


@dataclass(frozen=True)
class PeopleForm:
    """What is searched for, and filters on what is known of people today."""

    search: str = ""
    where: tuple[Condition, ...] = ()
    range: Range = field(default_factory=lambda: Range(default=EVERYTHING))

    @classmethod
    def read(cls, query: QueryDict) -> PeopleForm:
        """Read an address; `cohort`, an id, is short for a filter by it."""
        where = tuple(of_person(one) for one in conditions(query.getlist("where")))
        if cohort := number(text(query, "cohort")):
            where = (*where, Condition("", "in", cohort=int(cohort)))
        return cls(text(query, "q").strip(), where, Range.read(query, EVERYTHING))

    def pairs(self) -> Pairs:
        found: Pairs = [("q", self.search)] if self.search else []
        found += [("where", one.packed()) for one in self.where]
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"where": [one.as_json() for one in self.where], "limit": 50}
        return body | ({"search": self.search} if self.search else {})


def of_person(one: Condition) -> Condition:
    """Let a filter be on what is known of the person: the list has no other."""
    return one if one.cohort else replace(one, of="person")


@dataclass(frozen=True)
class PersonForm:
    """The page of one person: which kind of id its address has, and which events are shown."""

    kind: str = ""
    event: str = ""
    range: Range = field(default_factory=lambda: Range(default=EVERYTHING))

    @classmethod
    def read(cls, query: QueryDict) -> PersonForm:
        kind = chosen(query, "kind", ("", "user", "anonymous"))
        return cls(kind, text(query, "event"), Range.read(query, EVERYTHING))

    def pairs(self) -> Pairs:
        found: Pairs = [("kind", self.kind)] if self.kind else []
        found += [("event", self.event)] if self.event else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"
