"""The state of the list of people, and of one person's page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.forms.shared import Condition, Pairs, Range, conditions, text


@dataclass(frozen=True)
class PeopleForm:
    """What is searched for, the cohort's id as text, and filters on person properties."""

    search: str = ""
    cohort: str = ""
    where: tuple[Condition, ...] = ()
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> PeopleForm:
        return cls(
            text(query, "q").strip(),
            text(query, "cohort").strip(),
            tuple(of_person(one) for one in conditions(query.getlist("where"))),
            Range.read(query),
        )

    def pairs(self) -> Pairs:
        found: Pairs = [("q", self.search)] if self.search else []
        found += [("cohort", self.cohort)] if self.cohort else []
        found += [("where", one.packed()) for one in self.where]
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"where": [one.as_json() for one in self.where], "limit": 50}
        body |= {"search": self.search} if self.search else {}
        if self.cohort:
            body["cohort"] = int(self.cohort) if self.cohort.isdecimal() else self.cohort
        return body


def of_person(one: Condition) -> Condition:
    """Let a filter be on what is known of the person: the list has no other."""
    return replace(one, of="person")


@dataclass(frozen=True)
class PersonForm:
    """The page of one person: which kind of id its address has, and which events are shown."""

    kind: str = ""
    event: str = ""
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> PersonForm:
        kind = text(query, "kind")
        return cls(
            kind if kind in ("user", "anonymous") else "", text(query, "event"), Range.read(query)
        )

    def pairs(self) -> Pairs:
        found: Pairs = [("kind", self.kind)] if self.kind else []
        found += [("event", self.event)] if self.event else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"
