"""Sentences for "how is this counted?" of a funnel, made from the definition that ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analytics.insights.counted import joined, moment, name_of
from analytics.insights.definitions.funnel import UNITS, Exclusion, Funnel, Step
from portal.store.query import TimeRange

ORDERS = {
    "ordered": "Each later step takes the earliest event not used yet, at or after the step before;"
    " events of the same instant may be taken in any order, and one event fills one step.",
    "strict": "The next step must be the person's very next event of any name.",
    "any": "The steps may come in any order: an attempt begins with any of them, and step k counts"
    " persons with at least k different steps.",
}
TOUCHES = {
    "first_touch": "the first value set among the attempt's events",
    "last_touch": "the last value set among the attempt's events",
    "step": "the value at step {step}, $none for who did not reach it",
    "any": "each value seen among the attempt's events, so a person may count in several",
}


def sentences(funnel: Funnel, window: TimeRange) -> list[str]:
    """Explain a funnel's numbers, one sentence each."""
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    return [
        f"An attempt begins with {_named(funnel.steps[0])}"
        f" from {moment(start)} up to, not including, {moment(end)} in {window.zone}, and may take"
        f" {span(funnel.window)}; later steps count after the range, too.",
        ORDERS[funnel.order],
        "Of a person's attempts the one that got furthest counts, then the one that got there first,"
        " then the one that began last. A person counts once per step; events without any user id"
        " count for nobody.",
        *_of_steps(funnel),
        *_of_shape(funnel),
        "Times run from the step before, over those who took the step; the interval of a rate is"
        " Wilson's at 95 %.",
    ]


def _named(step: Step | Exclusion) -> str:
    name = "any event" if step.event is None else f"“{step.event}”"
    return f"{name} where {joined(step.where)}" if step.where else name


def span(length: timedelta) -> str:
    """Say a length in the largest unit that divides it."""
    for unit, size in reversed(UNITS.items()):
        count, rest = divmod(length, size)
        if not rest and unit != "month":
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{length.total_seconds():g} seconds"


def _of_steps(funnel: Funnel) -> Iterator[str]:
    for place, step in enumerate(funnel.steps[1:], 2):
        optional = " (optional: it never blocks)" if step.is_optional else ""
        yield f"Step {place} is {_named(step)}{optional}."
    taken = " (as they were taken)" if funnel.order == "any" else ""
    for one in funnel.exclusions:
        yield (
            f"An attempt is void when {_named(one)} comes after its step {one.after_step} and before"
            f" its step {one.before_step}{taken}, or before its window ends when it never gets there."
        )


def _of_shape(funnel: Funnel) -> Iterator[str]:
    if funnel.where:
        yield f"Only events where {joined(funnel.where)}."
    if funnel.attribution:
        how = TOUCHES[funnel.attribution.touch].format(step=funnel.attribution.step)
        yield (
            f"Broken down by {name_of(funnel.attribution.breakdown.property)}: {how}. The"
            f" {funnel.attribution.breakdown.limit} values with the most persons are shown; the rest"
            " together is $other, not set is $none. Of events of one instant that fit a step alike, the"
            " one with the smallest value is taken."
        )
    if funnel.trend_interval:
        yield (
            f"In the trend an attempt belongs to the {funnel.trend_interval} of its first step; a"
            f" person counts once per {funnel.trend_interval}."
            + (" It is of all values together." if funnel.attribution else "")
        )
    if funnel.leave_out_open:
        yield "Attempts whose window is still open are left out."
    if funnel.sampling < 1:
        yield f"Counted over a sample of {funnel.sampling:.4g} of all persons."
