"""Sessions: what a person does without a long pause. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.filters import MAX_FILTERS, Filter, parse_filter
from analytics.insights.definitions.paths import DEFAULT_GAP_MINUTES, LONGEST_GAP_MINUTES
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.retention import WEEKDAYS
from analytics.insights.definitions.trend import Breakdown, parse_breakdown, parse_sampling
from portal.lib.field_error import FieldError


@dataclass(frozen=True)
class Sessions:
    """A checked sessions definition.

    `event` (None: any) and `where` choose sessions, by one event in it that passes; what is counted
    is always the whole session.
    """

    event: str | None = None
    where: tuple[Filter, ...] = ()
    interval: Interval = "day"
    week_start: int = 0
    breakdown: Breakdown | None = None
    session_gap_minutes: int = DEFAULT_GAP_MINUTES
    sampling: float = 1.0

    @property
    def is_all(self) -> bool:
        return self.event is None and not self.where


def parse_sessions(body: Mapping[str, Any], zone: ZoneInfo) -> Sessions:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    if reader.choice("kind", ("sessions",), "sessions") != "sessions":
        raise FieldError("kind", "These are not sessions.")
    found = Sessions(
        event=reader.text("event", "") or None,
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        interval=next(i for i in INTERVALS if i == reader.choice("interval", INTERVALS, "day")),
        week_start=WEEKDAYS[reader.choice("week_start", tuple(WEEKDAYS), "monday")],
        breakdown=parse_breakdown(reader.take("breakdown")),
        session_gap_minutes=reader.integer(
            "session_gap_minutes", DEFAULT_GAP_MINUTES, low=1, high=LONGEST_GAP_MINUTES
        ),
        sampling=parse_sampling(reader),
    )
    reader.finish()
    return found
