"""The state of the retention builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.definitions.retention import WEEKDAYS, Counting, Kind
from analytics.insights.forms.shared import (
    ANY,
    Condition,
    Pairs,
    Range,
    breakdown_body,
    breakdown_of,
    breakdown_pairs,
    chosen,
    chosen_event,
    conditions,
    conditions_of,
    number_or_text,
    of_in,
    text,
)
from portal.store.query import TimeRange

INTERVALS = ("week", "day", "month", "year")
KINDS: tuple[Kind, ...] = get_args(Kind)
COUNTINGS: tuple[Counting, ...] = get_args(Counting)
PERIODS = {"day": "14", "week": "12", "month": "12", "year": "5"}
DEFAULT_RANGE = "-90d"
START, RETURN = "start", "return"


@dataclass(frozen=True)
class RetentionForm:
    """The state of the retention builder. Filters say in `series` whose they are: START, RETURN, all.

    An event that is empty is still to be chosen. `shown` is the breakdown's value whose grid is
    shown, as JSON; empty is everybody together.
    """

    start: str = ""
    back: str = ANY
    where: tuple[Condition, ...] = ()
    interval: str = INTERVALS[0]
    periods: str = ""
    kind: str = KINDS[0]
    counting: str = COUNTINGS[0]
    times: str = "1"
    week_start: str = "monday"
    breakdown: str = ""
    of: str = "event"
    limit: str = ""
    shown: str = ""
    compare: bool = False
    range: Range = field(default_factory=lambda: Range(default=DEFAULT_RANGE))

    @classmethod
    def read(cls, query: QueryDict) -> RetentionForm:
        """Read an address; what is unknown there is left out."""
        name = text(query, "breakdown").strip()
        return cls(
            start=chosen_event(text(query, "start_event")),
            back=chosen_event(text(query, "return_event")) if "return_event" in query else ANY,
            where=tuple(conditions(query.getlist("where"))),
            interval=chosen(query, "interval", INTERVALS),
            periods=text(query, "periods"),
            kind=chosen(query, "kind", KINDS),
            counting=chosen(query, "counting", COUNTINGS),
            times=text(query, "min_occurrences") or "1",
            week_start=chosen(query, "week_start", tuple(WEEKDAYS)),
            breakdown=name,
            of=of_in(query),
            limit=text(query, "limit"),
            shown=text(query, "shown") if name else "",
            compare=bool(query.get("compare")),
            range=Range.read(query, DEFAULT_RANGE),
        )

    @classmethod
    def from_definition(
        cls, definition: Mapping[str, Any], view: Mapping[str, Any]
    ) -> RetentionForm:
        """Read a kept definition; what the builder has no field for is left out."""
        found: dict[str, Any] = {"periods": 8, "interval": "day", **definition}
        name, of, limit = breakdown_of(found)
        where = (("", "where"), (START, "start_where"), (RETURN, "return_where"))
        return cls(
            start=ANY if found["start_event"] is None else found["start_event"],
            back=ANY if found["return_event"] is None else found["return_event"],
            where=tuple(
                c for part, own in where for c in conditions_of(found.get(own) or (), part)
            ),
            interval=found["interval"],
            periods=str(found["periods"]),
            kind=found.get("kind") or KINDS[0],
            counting=found.get("counting") or COUNTINGS[0],
            times=str(found.get("min_occurrences") or 1),
            week_start=found.get("week_start") or "monday",
            breakdown=name,
            of=of,
            limit=limit,
            shown=str(view.get("shown") or ""),
            compare=bool(found.get("compare")),
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        return {"shown": self.shown} if self.breakdown and self.shown else {}

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = [("start_event", self.start), ("return_event", self.back)]
        found += [("interval", self.interval)]
        found += [("where", one.packed()) for one in self.where]
        found += [("periods", self.periods)] if self.periods not in {"", self.fitting} else []
        found += [("kind", self.kind)] if self.kind != KINDS[0] else []
        found += [("counting", self.counting)] if self.counting != COUNTINGS[0] else []
        found += [("min_occurrences", self.times)] if self.times != "1" else []
        if self.interval == "week" and self.week_start != "monday":
            found += [("week_start", self.week_start)]
        found += breakdown_pairs(self.breakdown, self.of, self.limit)
        found += [("shown", self.shown)] if self.breakdown and self.shown else []
        found += [("compare", "previous_period")] if self.compare else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    @property
    def is_ready(self) -> bool:
        return bool(self.start and self.back)

    @property
    def fitting(self) -> str:
        """Return the number of periods that fits the interval."""
        return PERIODS[self.interval]

    @property
    def events(self) -> list[str]:
        """Return the events that a picker of properties is about; none is any."""
        return [name for name in dict.fromkeys((self.start, self.back)) if name not in {"", ANY}]

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range."""
        body: dict[str, Any] = {
            "start_event": None if self.start == ANY else self.start,
            "return_event": None if self.back == ANY else self.back,
            "start_where": self._where(START),
            "return_where": self._where(RETURN),
            "where": [one.as_json() for one in self.where if one.series not in {START, RETURN}],
            "interval": self.interval,
            "periods": number_or_text(self.periods or self.fitting),
            "kind": self.kind,
            "counting": self.counting,
            "min_occurrences": number_or_text(self.times),
            "week_start": self.week_start,
        }
        if self.breakdown:
            body["breakdown"] = breakdown_body(self.breakdown, self.of, self.limit)
        return body | ({"compare": "previous_period"} if self.compare else {})

    def _where(self, part: str) -> list[dict[str, Any]]:
        return [one.as_json() for one in self.where if one.series == part]
