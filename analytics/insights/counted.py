"""Sentences for "how is this counted?", made from the definition that ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analytics.insights.definitions.filters import Dimension, Filter, InCohort, PropertyFilter
from analytics.insights.definitions.trend import OVER_VALUES, PERCENTILES, Series, Trend
from portal.store.query import TimeRange

OP_WORDS = {
    "=": "is", "!=": "is not", "in": "is one of", "not_in": "is none of", "contains": "contains",
    "not_contains": "does not contain", "regex": "matches", "is_set": "is set",
    "is_not_set": "is not set",
}  # fmt: skip
NEGATIVE = ("!=", "not_in", "not_contains")
MATH_SENTENCES = {
    "total": "every event counts, also those of nobody",
    "unique_users": "a person counts once per {interval}, and once in the total; "
    "events without any user id count for nobody",
    "unique_sessions": "a session counts once per {interval}, and once in the total; events "
    "without a session id are split where a person pauses for more than 30 minutes",
    "per_user_average": "all events divided by the persons behind them",
    "sum": "the sum of {property}", "avg": "the average of {property}",
    "min": "the smallest {property}", "max": "the largest {property}",
    "wau": "persons active in the 7 days that end with each {interval}; the total is the last",
    "mau": "persons active in the 30 days that end with each {interval}; the total is the last",
}  # fmt: skip
PERCENTILE = "the {level:g}th percentile of {property}, between the two nearest values"


def sentences(trend: Trend, window: TimeRange) -> list[str]:
    """Explain a trend's numbers, one sentence each."""
    return [
        *(of_series(place, series, trend) for place, series in enumerate(trend.series)),
        _of_time(trend, window),
        *_of_filters(trend),
        *_of_shape(trend),
    ]


def of_series(place: int, series: Series, trend: Trend) -> str:
    """Say what one series counts."""
    if series.math in PERCENTILES:
        level = PERCENTILES[series.math] * 100
        how = PERCENTILE.format(level=level, property=series.measured)
    else:
        how = MATH_SENTENCES[series.math].format(interval=trend.interval, property=series.measured)
    if series.math in OVER_VALUES:
        how += ", of events where it is a number"
    letter = f"{chr(ord('A') + place)}: " if len(trend.series) > 1 or trend.formula else ""
    name = "Any event" if series.event is None else f"“{series.event}”"
    own = f" Only where {joined(series.where)}." if series.where else ""
    return f"{letter}{name}: {how}.{own}"


def _of_time(trend: Trend, window: TimeRange) -> str:
    zone = window.tzinfo
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    week = " Weeks start on Monday." if trend.interval == "week" else ""
    return (
        f"From {moment(start)} up to, not including, {moment(end)}, cut by {trend.interval} in"
        f" {window.zone}.{week} An interval still running, or cut by the range, is marked incomplete."
    )


def _of_filters(trend: Trend) -> Iterator[str]:
    if trend.where:
        yield f"Only events where {joined(trend.where)}."
    found_in = [*trend.where, *(found for series in trend.series for found in series.where)]
    every = [found for found in found_in if isinstance(found, PropertyFilter)]
    if any(found.op in NEGATIVE for found in every):
        yield (
            "“Is not” holds only where the property is set and of the same type; events without it"
            " are left out."
        )
    if any(found.property.of == "person" for found in every):
        yield "Filters on person properties use today's value."


def _of_shape(trend: Trend) -> Iterator[str]:
    if trend.breakdown:
        yield (
            f"Broken down by {name_of(trend.breakdown.property)}: the"
            f" {trend.breakdown.limit} values with the largest total over the whole range"
            f"{' of the first series' if trend.formula else ''}, then by name; the rest together is"
            " $other, not set is $none."
        )
    if trend.formula:
        yield (
            f"{trend.formula.text} is computed point by point, the total from the totals; division"
            " by zero gives a gap."
        )
    if trend.compare:
        yield (
            f"Compared with the period before, moved by whole {trend.interval}s so that points"
            " stand side by side."
        )
    if trend.sampling < 1:
        yield f"Estimated from a sample of {trend.sampling:.4g} of all persons, scaled up."


def joined(filters: tuple[Filter, ...]) -> str:
    return " and ".join(phrase(found) for found in filters)


def phrase(found: Filter) -> str:
    """Say a filter in words: plan is not “free”."""
    if isinstance(found, InCohort):
        return f"the person is {'' if found.op == 'in' else 'not '}in {name_of(found)}"
    word = OP_WORDS.get(found.op, found.op)
    values = ", ".join(_shown(value) for value in found.values[:5])
    more = f" and {len(found.values) - 5} more" if len(found.values) > 5 else ""
    return f"{name_of(found.property)} {word} {values}{more}".rstrip()


def name_of(found: Dimension) -> str:
    """Say a property or a cohort in words."""
    if isinstance(found, InCohort):
        return f"cohort “{found.name}”"
    return f"the person's {found.name}" if found.of == "person" else found.name


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.isoformat() if isinstance(value, datetime) else f"“{value}”"


def moment(at: datetime) -> str:
    return (
        f"{at:%Y-%m-%d}" if (at.hour, at.minute, at.second) == (0, 0, 0) else f"{at:%Y-%m-%d %H:%M}"
    )
