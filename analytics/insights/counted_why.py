"""Sentences for "how is this counted?" of a change. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.insights.counted import joined, moment, of_series
from analytics.insights.definitions.trend import Trend
from analytics.insights.definitions.why import Why
from portal.store.query import TimeRange


def sentences(why: Why, now: TimeRange, before: TimeRange) -> Iterator[str]:
    """Explain the arithmetic of a change."""
    yield of_series(0, why.series, Trend((why.series,), why.interval))
    if why.where:
        yield f"Only events where {joined(why.where)}."
    yield f"Counted {_span(now)}, and before that {_span(before)}."
    if why.series.math == "avg":
        yield (
            "A value's contribution to the change of the average is its rate effect (its own average"
            " moved, times its mean share of the events) plus its mix effect (its share of the events"
            " moved, times the distance of its average from that of all). The contributions of a"
            " property's values add up to the change."
        )
    else:
        yield "A value's contribution is what it counted now less what it counted before."
    if why.series.math == "unique_users":
        yield (
            "A person may stand in several values of a property; what the values count more than"
            " the persons there are is its overlap. Values, rest and overlap add up to the change."
        )
    elif why.series.math != "avg":
        yield "The contributions of a property's values and of the rest add up to the change."
    yield (
        "Properties are ranked by how much one value explains: the largest distance between a value's"
        " contribution and its share before of the whole change, divided by all gains or all losses,"
        " whichever is more. A value that only follows the whole explains nothing."
    )


def _span(period: TimeRange) -> str:
    zone = period.tzinfo
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    return f"from {moment(start)} up to, not including, {moment(end)} in {period.zone}"
