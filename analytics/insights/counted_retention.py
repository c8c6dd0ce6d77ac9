"""Sentences for "how is this counted?" of a retention, made from the definition that ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.insights.counted import joined, moment, name_of
from analytics.insights.definitions.filters import Filter
from analytics.insights.definitions.retention import WEEKDAYS, Retention
from portal.store.query import TimeRange

KINDS = {
    "recurring": "in every {interval} in which they did it, so a person can be in many cohorts",
    "first_time": "in the {interval} of the first such event since the beginning of data",
    "first_ever": "in the {interval} of their very first event of that name, and only if it passes"
    " the filters",
    "first_in_range": "in the {interval} of their first such event in the range",
}
COUNTINGS = {
    "exact": "in exactly the n-th {interval} after the cohort's own",
    "on_or_after": "in the n-th {interval} after the cohort's own or in any later one shown",
}


def sentences(retention: Retention, window: TimeRange) -> list[str]:
    """Explain a retention's numbers, one sentence each."""
    interval = retention.interval
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    often = retention.min_occurrences
    times = f" at least {often} times" if often > 1 else ""
    return [
        f"A cohort is the persons who did {named(retention.start_event, retention.start_where)}:"
        f" {KINDS[retention.kind].format(interval=interval)}.",
        f"Period n counts those of them who did"
        f" {named(retention.return_event, retention.return_where)}{times}"
        f" {COUNTINGS[retention.counting].format(interval=interval)}; period 0 is the cohort's size.",
        f"Cohorts begin from {moment(start)} up to, not including, {moment(end)}; calendar"
        f" {interval}s are cut in {window.zone}{_week(retention)}. Returns after the range count.",
        "A cell whose time has not ended is marked incomplete. The average weights cohorts by their"
        " size and leaves incomplete cells out.",
        *_of_shape(retention),
    ]


def named(event: str | None, filters: tuple[Filter, ...]) -> str:
    """Say an event with its filters in words."""
    name = "any event" if event is None else f"“{event}”"
    return f"{name} where {joined(filters)}" if filters else name


def _week(retention: Retention) -> str:
    if retention.interval != "week":
        return ""
    day = next(name for name, number in WEEKDAYS.items() if number == retention.week_start)
    return f", weeks from {day.capitalize()}"


def _of_shape(retention: Retention) -> Iterator[str]:
    if retention.where:
        yield f"Only events where {joined(retention.where)}."
    if retention.breakdown:
        yield (
            f"Broken down by {name_of(retention.breakdown.property)} of the event that put the person"
            " into the cohort; the rest together is $other, not set is $none."
        )
    if retention.sampling < 1:
        yield f"Counted over a sample of {retention.sampling:.4g} of all persons."
