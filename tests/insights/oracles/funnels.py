"""A funnel's whole answer, from every attempt of every person. (SEMANTICS 5)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.ingest.identities import Id
from tests.insights.events import Event
from tests.insights.oracles.asking import Asked, name_of, ranked, within
from tests.insights.oracles.cohorts import UNITS
from tests.insights.oracles.funnel import Attempt, Happened, Rules, attempts, early
from tests.insights.oracles.world import UNSET, Label

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OTHER: Label = ("string", "$other")


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Person:
    """One person's attempts that count, the best of them, and the labels of its events."""

    attempts: Sequence[Attempt]
    best: Attempt
    labels: tuple[Label | None, ...] = ()


@dataclass(frozen=True)
class Funnel:
    """The funnel that is asked."""

    asked: Asked

    @property
    def rules(self) -> Rules:
        body = self.asked.body
        given = body.get("window") or {"value": 14, "unit": "day"}
        steps = body["steps"]
        return Rules(
            steps=len(steps),
            window=given["value"] * UNITS[given.get("unit", "day")] // timedelta(microseconds=1),
            end=micros(self.asked.end),
            order=body.get("order", "ordered"),
            optional=frozenset(n for n, one in enumerate(steps) if one.get("optional")),
            exclusions=tuple(
                (one["after_step"] - 1, one["before_step"] - 1)
                for one in body.get("exclusions", ())
            ),
        )

    def happened(self, place: int, event: Event) -> Happened:
        body = self.asked.body
        return Happened(
            micros(event.at),
            self._which(event, body["steps"]),
            self._which(event, body.get("exclusions", ())),
            place,
        )

    def place(self, event: Event) -> tuple[datetime, str, int]:
        """Order events of one instant by the breakdown's value, then by what they can be."""
        body = self.asked.body
        one = self.happened(0, event)
        excluded = [len(body["steps"]) + number for number in one.voids]
        mask = sum(1 << bit for bit in (*one.steps, *excluded))
        breakdown = body.get("breakdown")
        label = self.asked.world.label(event, breakdown) if breakdown else UNSET
        return event.at, as_text(label), mask

    def _which(self, event: Event, several: Sequence[Any]) -> frozenset[int]:
        return frozenset(
            number for number, one in enumerate(several)
            if self.asked.is_meant(event, one["event"], one.get("where", ()))
        )  # fmt: skip

    def is_open(self, attempt: Attempt) -> bool:
        return attempt.start + self.rules.window > micros(self.asked.as_of)

    def persons(self) -> dict[Id, Person]:
        """Return those who entered."""
        found = {}
        rules, body = self.rules, self.asked.body
        until = self.asked.end + timedelta(microseconds=rules.window)
        for who, all_events in self.asked.world.people().items():
            events = [
                one for one in within(all_events, self.asked.start, until + timedelta(microseconds=1))
                if self.asked.is_meant(one, None, body.get("where", ()))
            ]  # fmt: skip
            events.sort(key=self.place)
            happened = [self.happened(place, one) for place, one in enumerate(events)]
            if rules.order != "strict":
                happened = [one for one in happened if one.steps or one.voids]
            tried = [
                one for one in attempts(happened, rules)
                if not (body.get("leave_out_open") and self.is_open(one))
            ]  # fmt: skip
            if tried:
                best = min(tried, key=early)
                found[who] = Person(tried, best, self.labels(best, events))
        return found

    def labels(self, best: Attempt, events: Sequence[Event]) -> tuple[Label | None, ...]:
        """Return the breakdown's value at each step, None at a step not taken."""
        breakdown = self.asked.body.get("breakdown")
        if not breakdown:
            return ()
        return tuple(
            None if place is None else self.asked.world.label(events[place], breakdown)
            for place in best.places
        )


def as_text(label: Label) -> str:
    """Write a value as it is ordered: not set before booleans, these before numbers and texts."""
    return "" if label == UNSET else label[0][0] + name_of(label[1])


def base_of(steps: Sequence[Any], place: int) -> int:
    """Return the step that a step is compared with: the required one before it."""
    return max(n for n in range(max(1, place)) if not steps[n].get("optional"))


@dataclass(frozen=True)
class Row:
    """What one step counts; `took` are the seconds since the step before, in order."""

    users: int
    of_first: float | None
    of_previous: float | None
    took: list[float]


def seconds(times: Sequence[int | None], base: int, place: int) -> float:
    begin, end = times[base], times[place]
    assert begin is not None
    assert end is not None
    return (end - begin) / 1e6


def rows(asked: Asked, persons: Sequence[Person]) -> list[Row]:
    found = []
    steps = asked.body["steps"]
    for place in range(len(steps)):
        base = base_of(steps, place)
        reached = [one.best.times for one in persons if one.best.times[place] is not None]
        first = sum(one.best.times[0] is not None for one in persons)
        before = sum(one.best.times[base] is not None for one in persons)
        took = sorted(seconds(times, base, place) for times in reached) if place else []
        found.append(
            Row(
                len(reached),
                len(reached) / first if first else None,
                len(reached) / before if before else None,
                took,
            )
        )
    return found


def values_of(asked: Asked, one: Person) -> set[Label]:
    """Return for which values of the breakdown a person counts."""
    breakdown = asked.body["breakdown"]
    touch = breakdown.get("attribution", "first_touch")
    if touch == "step":
        return {one.labels[breakdown.get("step", 1) - 1] or UNSET}
    seen = [label for label in one.labels if label is not None and label != UNSET]
    if touch == "any":
        return set(seen) or {UNSET}
    return {seen[-1 if touch == "last_touch" else 0]} if seen else {UNSET}


def by_value(asked: Asked, persons: Sequence[Person]) -> Iterator[tuple[Label, list[Row]]]:
    """Yield each value: by who entered, then by name; then the rest."""
    groups: dict[Label, list[Person]] = {}
    for one in persons:
        for label in values_of(asked, one):
            groups.setdefault(label, []).append(one)
    order = ranked([(label, len(found)) for label, found in groups.items()])
    limit = asked.body["breakdown"].get("limit", 10)
    for label in order[:limit]:
        yield label, rows(asked, groups[label])
    rest = {id(one): one for label in order[limit:] for one in groups[label]}
    if rest:
        yield OTHER, rows(asked, list(rest.values()))


def trend(asked: Asked, persons: Sequence[Person]) -> list[tuple[datetime, int, int, bool]]:
    """Return (begin, entered, converted, complete) of each bucket."""
    funnel = Funnel(asked)
    window = timedelta(microseconds=funnel.rules.window)
    found = []
    for begin, end in asked.calendar(asked.body["trend_interval"]).buckets(asked.start, asked.end):
        inside = [
            [one for one in person.attempts if micros(begin) <= one.start < micros(end)]
            for person in persons
        ]
        converted = sum(any(one.far == funnel.rules.steps for one in several) for several in inside)
        is_over = asked.start <= begin and end <= min(asked.end, asked.as_of)
        is_over = is_over and end + window <= asked.as_of
        found.append((begin, sum(map(bool, inside)), converted, is_over))
    return found
