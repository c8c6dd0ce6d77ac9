"""The state of the paths builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.definitions.paths import DEFAULT_GAP_MINUTES, DEFAULT_STEPS, Scalar
from analytics.insights.figures.paths import DEFAULT_DRAWN
from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    conditions,
    conditions_of,
    number_or_text,
    text,
    typed,
    value_as_typed,
)
from portal.store.query import TimeRange

DRAWN = (20, DEFAULT_DRAWN, 80)


@dataclass(frozen=True)
class PathsForm:
    """The state of the paths builder; `start` and `end` are events, or values of `by` as typed."""

    start: str = ""
    end: str = ""
    by: str = ""
    steps: str = str(DEFAULT_STEPS)
    gap: str = str(DEFAULT_GAP_MINUTES)
    least: str = "1"
    drawn: int = DEFAULT_DRAWN
    where: tuple[Condition, ...] = ()
    compare: bool = False
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> PathsForm:
        """Read an address; what is unknown there is left out."""
        drawn = text(query, "drawn")
        return cls(
            start=text(query, "start").strip(),
            end=text(query, "end").strip(),
            by=text(query, "by").strip(),
            steps=text(query, "steps").strip() or cls.steps,
            gap=text(query, "gap").strip() or cls.gap,
            least=text(query, "least").strip() or cls.least,
            drawn=int(drawn) if drawn in map(str, DRAWN) else DEFAULT_DRAWN,
            where=tuple(conditions(query.getlist("where"))),
            compare=bool(query.get("compare")),
            range=Range.read(query),
        )

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], view: Mapping[str, Any]) -> PathsForm:
        """Read a kept definition; what the builder has no field for is left out."""
        by = definition["by"]["property"] if isinstance(definition.get("by"), dict) else ""
        edges = [definition.get(name) for name in ("start", "end")]
        is_raw = not by or by.startswith("$")
        start, end = (
            "" if one is None else str(one) if is_raw else edge_as_typed(one) for one in edges
        )
        return cls(
            start=start,
            end=end,
            by=by,
            steps=str(definition.get("steps") or cls.steps),
            gap=str(definition.get("session_gap_minutes") or cls.gap),
            least=str(definition.get("min_users") or cls.least),
            drawn=next((one for one in DRAWN if one == view.get("drawn")), DEFAULT_DRAWN),
            where=tuple(conditions_of(definition.get("where") or (), "")),
            compare=bool(definition.get("compare")),
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        return {"drawn": self.drawn}

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        plain = PathsForm()
        found: Pairs = []
        for name in ("start", "end", "by", "steps", "gap", "least"):
            value = getattr(self, name)
            found += [(name, value)] if value != getattr(plain, name) else []
        found += [("drawn", str(self.drawn))] if self.drawn != DEFAULT_DRAWN else []
        found += [("where", one.packed()) for one in self.where]
        found += [("compare", "previous_period")] if self.compare else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    @property
    def events(self) -> list[str]:
        """Return the events that are named; values of a property are none."""
        names = [] if self.by else [self.start, self.end]
        return [name for name in dict.fromkeys(names) if name]

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range."""
        body: dict[str, Any] = {
            "steps": number_or_text(self.steps),
            "session_gap_minutes": number_or_text(self.gap),
            "min_users": number_or_text(self.least),
            "where": [one.as_json() for one in self.where],
        }
        body |= {"by": {"property": self.by}} if self.by else {}
        body |= {"start": self._edge(self.start)} if self.start else {}
        body |= {"end": self._edge(self.end)} if self.end else {}
        return body | ({"compare": "previous_period"} if self.compare else {})

    def _edge(self, given: str) -> Scalar:
        """Return a name as it is, a value of a property as filters read it: "5" in quotes is text."""
        return typed(given, ()) if self.by and not self.by.startswith("$") else given


def edge_as_typed(value: Scalar) -> str:
    """Write a value of a property so that it is read as the same: "5" in quotes is text."""
    return value_as_typed(value, is_raw=False, is_listed=False)
