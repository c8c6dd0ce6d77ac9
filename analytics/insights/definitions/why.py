"""Why did a number change: which number, against which, by which properties. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Filter,
    Property,
    parse_filter,
    parse_property,
)
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.trend import Series, parse_series
from portal.lib.field_error import FieldError

Against = Literal["previous_bucket", "same_bucket_last_week", "previous_period"]
AGAINST: tuple[Against, ...] = get_args(Against)
MATHS = ("total", "unique_users", "sum", "avg")
WITHIN_A_WEEK: tuple[Interval, ...] = ("minute", "hour", "day")
MAX_PROPERTIES = 40
MAX_LISTED = 200


@dataclass(frozen=True)
class Why:
    """One series at one bucket (`at` lies in it), or over the whole range, and its reference.

    `reference` lies in the bucket to compare with; it goes before `against`. Without `properties`
    the answer looks at those that the events have.
    """

    series: Series
    interval: Interval
    against: Against
    at: datetime | None = None
    reference: datetime | None = None
    where: tuple[Filter, ...] = ()
    properties: tuple[Property, ...] | None = None
    limit: int = 10


def parse_why(body: Mapping[str, Any], zone: ZoneInfo) -> Why:
    """Read the body of POST /api/v1/insights/why without its time range. Raises FieldError."""
    reader = Reader(body)
    series = parse_series(reader.take("series"), "series", zone)
    at = _instant(reader.text("t", ""), zone)
    against, reference = _against(reader, at, zone)
    why = Why(
        series=series,
        interval=next(i for i in INTERVALS if i == reader.choice("interval", INTERVALS, "day")),
        against=against,
        at=at,
        reference=reference,
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        properties=_properties(reader),
        limit=reader.integer("limit", 10, low=1, high=MAX_LISTED),
    )
    reader.finish()
    _check(why)
    return why


def _against(
    reader: Reader, at: datetime | None, zone: ZoneInfo
) -> tuple[Against, datetime | None]:
    """Take a word, or a time in the bucket to compare with."""
    usual: Against = "previous_period" if at is None else "previous_bucket"
    given = reader.text("against", usual)
    known = next((word for word in AGAINST if word == given), None)
    if known is not None:
        return known, None
    try:
        return usual, _instant(given, zone)
    except FieldError as error:
        words = ", ".join(AGAINST)
        message = f"This must be one of: {words}; or a time in the bucket to compare with."
        raise FieldError("against", message) from error


def _properties(reader: Reader) -> tuple[Property, ...] | None:
    if reader.values.get("properties") is None:
        reader.take("properties")
        return None
    return reader.each("properties", _property, most=MAX_PROPERTIES)


def _property(body: Any, path: str) -> Property:
    """Read a property's name, or an object as breakdowns have it."""
    found = parse_property(Reader({"property": body} if isinstance(body, str) else body, path))
    if found.of == "person" or found.is_time:
        raise FieldError(path, "A change is explained by the events' own properties.")
    return found


def _check(why: Why) -> None:
    if why.series.math not in MATHS:
        message = (
            f"`{why.series.math}` does not fall into parts that add up to it; ask for one of:"
            f" {', '.join(MATHS)}."
        )
        raise FieldError("series.math", message)
    if why.at is None and (why.reference or why.against != "previous_period"):
        raise FieldError("t", "This reference needs the point's time; a total has none.")
    if why.against == "same_bucket_last_week" and why.interval not in WITHIN_A_WEEK:
        message = f"By {why.interval} there is no same bucket last week; use previous_bucket."
        raise FieldError("against", message)


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """Read the point's time; without an offset it is one of the zone."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FieldError("t", "This is a point's time, such as 2026-03-01T00:00:00Z.") from error
