"""Lifecycle and stickiness: in which buckets a person was active. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.buckets import Interval
from analytics.insights.definitions.filters import MAX_FILTERS, Filter, parse_filter
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.retention import INTERVALS, WEEKDAYS, event_of
from analytics.insights.definitions.trend import parse_sampling
from portal.lib.field_error import FieldError


@dataclass(frozen=True)
class Activity:
    """One event (None: any) that makes a person active in a bucket."""

    event: str | None
    where: tuple[Filter, ...] = ()
    interval: Interval = "day"
    week_start: int = 0
    sampling: float = 1.0


def parse_activity(body: Mapping[str, Any], zone: ZoneInfo, kind: str) -> Activity:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    if reader.choice("kind", (kind,), kind) != kind:
        raise FieldError("kind", f"This is not a {kind}.")
    found = Activity(
        event=event_of(reader, "event"),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        interval=next(i for i in INTERVALS if i == reader.choice("interval", INTERVALS, "day")),
        week_start=WEEKDAYS[reader.choice("week_start", tuple(WEEKDAYS), "monday")],
        sampling=parse_sampling(reader),
    )
    reader.finish()
    return found
