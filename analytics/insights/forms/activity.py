"""The state of the builders of lifecycle and stickiness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.definitions.retention import INTERVALS, WEEKDAYS
from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    chosen,
    conditions,
    conditions_of,
    text,
)
from portal.store.query import TimeRange


@dataclass(frozen=True)
class ActivityForm:
    """One event that makes a person active; empty is any."""

    event: str = ""
    where: tuple[Condition, ...] = ()
    interval: str = INTERVALS[0]
    week_start: str = "monday"
    compare: bool = False
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> ActivityForm:
        """Read an address; what is unknown there is left out."""
        return cls(
            event=text(query, "event").strip(),
            where=tuple(conditions(query.getlist("where"))),
            interval=chosen(query, "interval", INTERVALS),
            week_start=chosen(query, "week_start", tuple(WEEKDAYS)),
            compare=bool(query.get("compare")),
            range=Range.read(query),
        )

    @classmethod
    def from_definition(
        cls, definition: Mapping[str, Any], view: Mapping[str, Any]
    ) -> ActivityForm:
        """Read a kept definition; what the builder has no field for is left out."""
        return cls(
            event=definition.get("event") or "",
            where=tuple(conditions_of(definition.get("where") or (), "")),
            interval=definition.get("interval") or INTERVALS[0],
            week_start=definition.get("week_start") or "monday",
            compare=bool(definition.get("compare")),
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        return {}

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = [("event", self.event)] if self.event else []
        found += [("interval", self.interval)] if self.interval != INTERVALS[0] else []
        found += [("where", one.packed()) for one in self.where]
        if self.interval == "week" and self.week_start != "monday":
            found += [("week_start", self.week_start)]
        found += [("compare", "previous_period")] if self.compare else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    @property
    def events(self) -> list[str]:
        """Return the event that a picker of properties is about; none is any."""
        return [self.event] if self.event else []

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range."""
        body: dict[str, Any] = {
            "event": self.event or None,
            "where": [one.as_json() for one in self.where],
            "interval": self.interval,
            "week_start": self.week_start,
        }
        return body | ({"compare": "previous_period"} if self.compare else {})
