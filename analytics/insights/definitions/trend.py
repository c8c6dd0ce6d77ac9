"""A trend: series of events counted per interval. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Dimension,
    Filter,
    parse_dimension,
    parse_filter,
)
from analytics.insights.definitions.reading import Reader, name_of
from analytics.insights.formula import BadFormula, Formula, parse_formula
from portal.lib.field_error import FieldError

Math = Literal[
    "total", "unique_users", "unique_sessions", "per_user_average", "sum", "avg", "min", "max",
    "median", "p90", "p95", "p99", "wau", "mau",
]  # fmt: skip
MATHS: tuple[Math, ...] = get_args(Math)
OVER_VALUES = ("sum", "avg", "min", "max", "median", "p90", "p95", "p99")
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
ROLLING_DAYS = {"wau": 7, "mau": 30}
MATH_WORDS = {
    "total": "", "unique_users": "unique users", "unique_sessions": "unique sessions",
    "per_user_average": "per user", "wau": "weekly active users", "mau": "monthly active users",
    "avg": "average", "median": "median", "sum": "sum", "min": "minimum", "max": "maximum",
}  # fmt: skip
MAX_SERIES = 26
MAX_BREAKDOWN = 200
ANY_EVENT = "any event"


@dataclass(frozen=True)
class Series:
    """One event (None: any), how it is counted, and its own filters."""

    event: str | None
    math: Math = "total"
    measured: str = ""
    where: tuple[Filter, ...] = ()
    label: str = ""
    number_column: str = field(default="", compare=False)  # as Property's

    @property
    def title(self) -> str:
        """Return the label, or one made from what is counted."""
        if self.label:
            return self.label
        words = MATH_WORDS.get(self.math, self.math)
        of = f" of {self.measured}" if self.math in OVER_VALUES else ""
        name = ANY_EVENT if self.event is None else self.event
        return f"{name}, {words}{of}" if words else name


@dataclass(frozen=True)
class Breakdown:
    property: Dimension
    limit: int = 10


@dataclass(frozen=True)
class Trend:
    """A checked trend definition; the time range is not part of it."""

    series: tuple[Series, ...]
    interval: Interval = "day"
    where: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None
    formula: Formula | None = None
    compare: bool = False
    sampling: float = 1.0


def parse_trend(body: Mapping[str, Any], zone: ZoneInfo) -> Trend:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    if reader.choice("kind", ("trend",), "trend") != "trend":
        raise FieldError("kind", "This is not a trend.")
    a_filter = partial(parse_filter, zone=zone)
    trend = Trend(
        series=reader.each("series", partial(parse_series, zone=zone), most=MAX_SERIES),
        interval=next(i for i in INTERVALS if i == reader.choice("interval", INTERVALS, "day")),
        where=reader.each("where", a_filter, most=MAX_FILTERS),
        breakdown=parse_breakdown(reader.take("breakdown")),
        formula=_formula(reader),
        compare=_compare(reader),
        sampling=parse_sampling(reader),
    )
    reader.finish()
    if not trend.series:
        raise FieldError("series", 'A trend needs at least one series: [{"event": "…"}].')
    if trend.formula:
        _check_letters(trend.formula, len(trend.series))
    return trend


def parse_series(body: Any, path: str, zone: ZoneInfo) -> Series:
    reader = Reader(body, path, like='{"event": "…"}')
    if "event" not in reader.values:
        message = "Name the event to count; null counts any event."
        raise FieldError(reader.at("event"), message)
    event = None if reader.take("event") is None else reader.text("event")
    math: Math = next(m for m in MATHS if m == reader.choice("math", MATHS, "total"))
    found = reader.text("property", "")
    where = reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS)
    label = reader.text("label", "")
    reader.finish()
    if math in OVER_VALUES and (not found or found.startswith("$")):
        message = f"`{math}` needs a numeric property of the event."
        raise FieldError(reader.at("property"), message)
    return Series(event, math, found, where, label)


def parse_breakdown(body: Any) -> Breakdown | None:
    if body is None:
        return None
    reader = Reader(body, "breakdown", like='{"property": "…"}')
    found = parse_dimension(reader)
    limit = reader.integer("limit", 10, low=1, high=MAX_BREAKDOWN)
    reader.finish()
    return Breakdown(found, limit)


def _formula(reader: Reader) -> Formula | None:
    text = reader.text("formula", "")
    try:
        return parse_formula(text) if text else None
    except BadFormula as problem:
        raise FieldError(reader.at("formula"), str(problem)) from problem


def _check_letters(formula: Formula, count: int) -> None:
    last = chr(ord("A") + count - 1)
    for letter in sorted(formula.letters):
        if letter > last:
            there_are = "The only series is A" if count == 1 else f"The series are A to {last}"
            raise FieldError("formula", f"There is no series {letter}. {there_are}.")


def _compare(reader: Reader) -> bool:
    if reader.take("compare") is None:
        return False
    return reader.choice("compare", ("previous_period",)) == "previous_period"


def parse_sampling(reader: Reader) -> float:
    value = reader.take("sampling")
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError("sampling", f"This must be a number, not {name_of(value)}.")
    if not 0.0001 <= value <= 1:
        raise FieldError("sampling", "This must lie between 0.0001 and 1 (1 counts everything).")
    return float(value)
