"""The state of the sessions builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.paths import DEFAULT_GAP_MINUTES
from analytics.insights.definitions.retention import WEEKDAYS
from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    breakdown_body,
    breakdown_of,
    breakdown_pairs,
    chosen,
    conditions,
    conditions_of,
    interval_for,
    number_or_text,
    of_in,
    text,
)
from portal.store.query import TimeRange

MEASURES = (
    "sessions", "people", "median_seconds", "average_seconds", "events_per_session", "bounce_share",
)  # fmt: skip


@dataclass(frozen=True)
class SessionsForm:
    """The state of the sessions builder; an empty event is any, an empty interval fits the range."""

    event: str = ""
    where: tuple[Condition, ...] = ()
    interval: str = ""
    week_start: str = "monday"
    gap: str = str(DEFAULT_GAP_MINUTES)
    breakdown: str = ""
    of: str = "event"
    limit: str = ""
    measure: str = MEASURES[0]
    compare: bool = False
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> SessionsForm:
        """Read an address; what is unknown there is left out."""
        return cls(
            event=text(query, "event").strip(),
            where=tuple(conditions(query.getlist("where"))),
            interval=chosen(query, "interval", ("", *INTERVALS)),
            week_start=chosen(query, "week_start", tuple(WEEKDAYS)),
            gap=text(query, "gap").strip() or cls.gap,
            breakdown=text(query, "breakdown").strip(),
            of=of_in(query),
            limit=text(query, "limit"),
            measure=chosen(query, "measure", MEASURES),
            compare=bool(query.get("compare")),
            range=Range.read(query),
        )

    @classmethod
    def from_definition(
        cls, definition: Mapping[str, Any], view: Mapping[str, Any]
    ) -> SessionsForm:
        """Read a kept definition; what the builder has no field for is left out."""
        name, of, limit = breakdown_of(definition)
        return cls(
            event=definition.get("event") or "",
            where=tuple(conditions_of(definition.get("where") or (), "")),
            interval="" if view.get("fits") else definition.get("interval") or "day",
            week_start=definition.get("week_start") or "monday",
            gap=str(definition.get("session_gap_minutes") or cls.gap),
            breakdown=name,
            of=of,
            limit=limit,
            measure=next((one for one in MEASURES if one == view.get("measure")), MEASURES[0]),
            compare=bool(definition.get("compare")),
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        return {"measure": self.measure} | ({} if self.interval else {"fits": True})

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = [("event", self.event)] if self.event else []
        found += [("where", one.packed()) for one in self.where]
        found += [("interval", self.interval)] if self.interval else []
        if self.interval == "week" and self.week_start != "monday":
            found += [("week_start", self.week_start)]
        found += [("gap", self.gap)] if self.gap != SessionsForm.gap else []
        found += breakdown_pairs(self.breakdown, self.of, self.limit)
        found += [("measure", self.measure)] if self.measure != MEASURES[0] else []
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
            "interval": interval_for(self.interval, window),
            "week_start": self.week_start,
            "session_gap_minutes": number_or_text(self.gap),
        }
        if self.breakdown:
            body["breakdown"] = breakdown_body(self.breakdown, self.of, self.limit)
        return body | ({"compare": "previous_period"} if self.compare else {})
