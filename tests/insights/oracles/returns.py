"""A retention's whole answer: for every person, cohort and period one look at all events.

(SEMANTICS 6)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.insights.events import Event
from tests.insights.oracles.asking import Asked, ranked, within
from tests.insights.oracles.world import Label

Bucket = tuple[datetime, datetime]
OTHER: Label = ("string", "$other")


@dataclass(frozen=True)
class Member:
    """A person in a cohort: the event that began it, and the person's returns."""

    began: Event
    returns: list[Event]


@dataclass(frozen=True)
class Cohort:
    start: datetime
    size: int
    returned: list[int]
    complete: list[bool]


def cohorts(asked: Asked) -> list[tuple[list[Bucket], list[Member]]]:
    """Return each cohort's own bucket with those after it, and who is in it."""
    calendar, periods = asked.calendar(), asked.body.get("periods", 8)
    people = list(beginnings(asked))
    found = []
    for own in calendar.buckets(asked.start, asked.end):
        buckets = [own]
        while len(buckets) <= periods:
            end = buckets[-1][1]
            buckets.append((end, calendar.after(end)))
        inside = [(within(began, *own), back) for began, back in people]
        found.append((buckets, [Member(began[0], back) for began, back in inside if began]))
    return found


def beginnings(asked: Asked) -> Iterator[tuple[list[Event], list[Event]]]:
    """Yield each person's events that may begin a cohort, and their returns."""
    body = asked.body
    filters = (body.get("where", ()), body.get("return_where", ()))
    for events in asked.world.people().values():
        began = starts(asked, events)
        if began:
            yield (
                began,
                [one for one in events if asked.is_meant(one, body["return_event"], *filters)],
            )


def starts(asked: Asked, events: Sequence[Event]) -> list[Event]:
    """Return the events in the range that put a person into the cohort of their bucket."""
    body = asked.body
    filters = (body.get("where", ()), body.get("start_where", ()))
    named = [one for one in events if asked.is_meant(one, body["start_event"])]
    matching = [one for one in named if asked.is_meant(one, None, *filters)]
    inside = within(matching, asked.start, asked.end)
    kind = body.get("kind", "recurring")
    if kind == "first_in_range":
        return inside[:1]
    if kind == "recurring":
        return inside
    first = (matching if kind == "first_time" else named)[:1]
    return [one for one in inside[:1] if one in first]


def answer(asked: Asked) -> list[Cohort]:
    return [counted(asked, buckets, found) for buckets, found in cohorts(asked)]


def counted(asked: Asked, buckets: list[Bucket], found: Sequence[Member]) -> Cohort:
    shown = [bucket for bucket in buckets if bucket[0] < asked.as_of]
    returned = [
        sum(place == 0 or came_back(asked, one, shown, place) for one in found)
        for place in range(len(shown))
    ]
    return Cohort(buckets[0][0], len(found), returned, [end <= asked.as_of for _, end in shown])


def came_back(asked: Asked, one: Member, shown: list[Bucket], place: int) -> bool:
    is_or_after = asked.body.get("counting", "exact") == "on_or_after"
    least = asked.body.get("min_occurrences", 1)
    buckets = shown[place:] if is_or_after else shown[place : place + 1]
    return any(len(within(one.returns, *bucket)) >= least for bucket in buckets)


def average(found: Sequence[Cohort]) -> list[float | None]:
    """Weight each period by the cohorts' sizes; cells that are not complete are left out."""
    rates: list[float | None] = []
    for period in range(max((len(one.returned) for one in found), default=0)):
        cells = [
            (one.returned[period], one.size)
            for one in found
            if period < len(one.returned) and one.complete[period]
        ]
        size = sum(whole for _, whole in cells)
        rates.append(sum(part for part, _ in cells) / size if size else None)
    return rates


def by_value(asked: Asked) -> Iterator[tuple[Label, list[Cohort]]]:
    """Yield each value of the breakdown at the event that began it: the largest first, the rest."""
    breakdown, all_of_them = asked.body["breakdown"], cohorts(asked)

    def label(one: Member) -> Label:
        return asked.world.label(one.began, breakdown)

    sizes: dict[Label, int] = {}
    for _, found in all_of_them:
        for one in found:
            sizes[label(one)] = sizes.get(label(one), 0) + 1
    order = ranked(sizes.items())
    limit = breakdown.get("limit", 10)
    groups = [(value, {value}) for value in order[:limit]]
    groups += [(OTHER, set(order[limit:]))] if order[limit:] else []
    for value, meant in groups:
        yield (
            value,
            [
                counted(asked, buckets, [one for one in found if label(one) in meant])
                for buckets, found in all_of_them
            ],
        )
