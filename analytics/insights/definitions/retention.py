"""Retention: of those who began in a period, how many came back in later ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from analytics.insights.buckets import Interval
from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Filter,
    parse_filter,
)
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.trend import Breakdown, parse_breakdown, parse_sampling
from portal.lib.field_error import FieldError

Kind = Literal["recurring", "first_time", "first_ever", "first_in_range"]
Counting = Literal["exact", "on_or_after"]
INTERVALS: tuple[Interval, ...] = ("day", "week", "month", "year")
WEEKDAYS = {"monday": 0, "sunday": 6}
MAX_PERIODS = 400
MAX_OCCURRENCES = 1_000


@dataclass(frozen=True)
class Retention:
    """A checked retention definition; the time range, in which cohorts begin, is not part of it."""

    start_event: str | None
    return_event: str | None
    start_where: tuple[Filter, ...] = ()
    return_where: tuple[Filter, ...] = ()
    where: tuple[Filter, ...] = ()
    interval: Interval = "day"
    periods: int = 8
    kind: Kind = "recurring"
    counting: Counting = "exact"
    min_occurrences: int = 1
    week_start: int = 0
    breakdown: Breakdown | None = None
    sampling: float = 1.0


def parse_retention(body: Mapping[str, Any], zone: ZoneInfo) -> Retention:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    a_filter = partial(parse_filter, zone=zone)
    found = Retention(
        start_event=event_of(reader, "start_event"),
        return_event=event_of(reader, "return_event"),
        start_where=reader.each("start_where", a_filter, most=MAX_FILTERS),
        return_where=reader.each("return_where", a_filter, most=MAX_FILTERS),
        where=reader.each("where", a_filter, most=MAX_FILTERS),
        interval=next(i for i in INTERVALS if i == reader.choice("interval", INTERVALS, "day")),
        periods=reader.integer("periods", 8, low=1, high=MAX_PERIODS),
        kind=_kind(reader),
        counting=_counting(reader),
        min_occurrences=reader.integer("min_occurrences", 1, low=1, high=MAX_OCCURRENCES),
        week_start=WEEKDAYS[reader.choice("week_start", tuple(WEEKDAYS), "monday")],
        breakdown=parse_breakdown(reader.take("breakdown")),
        sampling=parse_sampling(reader),
    )
    reader.finish()
    return found


def event_of(reader: Reader, name: str) -> str | None:
    """Take the name of an event that must be given; null is any event."""
    if name not in reader.values:
        raise FieldError(reader.at(name), "Name the event; null is any event.")
    return None if reader.take(name) is None else reader.text(name)


def _kind(reader: Reader) -> Kind:
    chosen = reader.choice("kind", get_args(Kind), "recurring")
    return next(kind for kind in get_args(Kind) if kind == chosen)


def _counting(reader: Reader) -> Counting:
    chosen = reader.choice("counting", get_args(Counting), "exact")
    return next(counting for counting in get_args(Counting) if counting == chosen)
