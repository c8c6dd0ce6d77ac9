"""Trends by counting: every cell of every series is a list of events, measured apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.insights.events import Event
from tests.insights.oracles.asking import Asked, ranked, within
from tests.insights.oracles.calendar import Calendar
from tests.insights.oracles.world import Json, Label

Number = float | int | None
OTHER: Label = ("string", "$other")
ROLLING = {"wau": 7, "mau": 30}
SHARES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
COUNTING = {"total", "unique_users", "unique_sessions", "sum", "wau", "mau"}
GAP = timedelta(minutes=30)


@dataclass(frozen=True)
class Line:
    """One line of an answer."""

    value: Label | None
    points: list[tuple[datetime, Number, bool]]
    total: Number


@dataclass(frozen=True)
class Counted:
    """One series over one range."""

    asked: Asked
    series: Json
    start: datetime
    end: datetime

    @property
    def math(self) -> str:
        return str(self.series.get("math", "total"))

    @property
    def events(self) -> list[Event]:
        """Return the events that the series is about, before the range too."""
        return [
            one
            for one in self.asked.meant(
                self.series["event"], self.asked.body.get("where", ()), self.series.get("where", ())
            )
            if self.math not in {"sum", "avg", "min", "max", *SHARES}
            or self.number(one) is not None
        ]

    def number(self, event: Event) -> float | None:
        value = event.properties.get(self.series["property"])
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def buckets(self) -> list[tuple[datetime, datetime]]:
        return self.asked.calendar().buckets(self.start, self.end)

    def cell(self, events: Sequence[Event], begin: datetime, end: datetime) -> Number:
        """Measure what lies in a bucket."""
        if self.math in ROLLING:
            return self.measure(within(events, *self.rolling(end)))
        return self.measure(within(events, max(begin, self.start), min(end, self.end)))

    def counted_in(self) -> tuple[datetime, datetime]:
        """Return the time that the total covers: of rolling users the last bucket that has begun."""
        if self.math not in ROLLING:
            return self.start, self.end
        buckets = self.buckets()
        begun = sum(begin < self.asked.as_of for begin, _ in buckets)
        return self.rolling(buckets[max(0, begun - 1)][1])

    def rolling(self, end: datetime) -> tuple[datetime, datetime]:
        close = min(end, self.end)
        return Calendar("day", self.asked.zone).moved(close, -ROLLING[self.math]), close

    def counts(self, event: Event) -> bool:
        """Tell whether any number covers an event."""
        is_users = self.math in {"unique_users", *ROLLING}
        if is_users and self.asked.world.who(event) is None:
            return False
        if self.math == "unique_sessions" and self.session(event) is None:
            return False
        if self.math in ROLLING:
            spans = [self.rolling(end) for _, end in self.buckets()]
            return any(start <= event.at < end for start, end in spans)
        return self.start <= event.at < self.end

    def total(self, events: Sequence[Event]) -> Number:
        return self.measure(within(events, *self.counted_in()))

    def measure(self, events: Sequence[Event]) -> Number:
        users = {self.asked.world.who(event) for event in events} - {None}
        if self.math == "total":
            return len(events)
        if self.math in {"unique_users", *ROLLING}:
            return len(users)
        if self.math == "per_user_average":
            return len(events) / len(users) if users else None
        if self.math == "unique_sessions":
            return len({self.session(event) for event in events} - {None})
        values = sorted(number for event in events if (number := self.number(event)) is not None)
        return MEASURES[self.math](values) if values else (0 if self.math == "sum" else None)

    def session(self, event: Event) -> Any:
        """Return the session of an event: its id, or how many long pauses came before it."""
        who = self.asked.world.who(event)
        if event.session:
            return who, event.session
        if who is None:
            return None
        own = [one.at for one in within(self.asked.world.events, self.start, self.end)
               if not one.session and self.asked.world.who(one) == who]  # fmt: skip
        return who, sum(b - a > GAP for a, b in pairwise(own) if b <= event.at)


def share(part: float) -> Callable[[Sequence[float]], float]:
    def measured(values: Sequence[float]) -> float:
        place = part * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)

    return measured


MEASURES: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum, "min": min, "max": max, "avg": lambda values: sum(values) / len(values),
    **{name: share(part) for name, part in SHARES.items()},
}  # fmt: skip


Groups = dict[Label, list[Event]]


def answer(asked: Asked) -> list[Line]:
    """Return the lines of a trend in the order of the contract."""
    counted = [Counted(asked, one, asked.start, asked.end) for one in asked.body["series"]]
    shown = list(values_of(counted, asked))
    lines = list(drawn(counted, shown, asked))
    if asked.body.get("compare"):
        start, end = asked.calendar().previous(asked.start, asked.end)
        earlier = [replace(one, start=start, end=end) for one in counted]
        lines += drawn(earlier, shown, asked)
    return lines


def values_of(counted: Sequence[Counted], asked: Asked) -> Iterator[list[Label]]:
    """Return for each series which breakdown values are shown; with a formula those of the first."""
    first: list[Label] | None = None
    for one in counted:
        if first is None or not asked.body.get("formula"):
            groups = grouped(one, asked)
            totals = [(label, ranked_by(one.total(found))) for label, found in groups.items()
                      if any(one.counts(event) for event in found)]  # fmt: skip
            first = ranked(totals)[: (asked.body.get("breakdown") or {}).get("limit", 10)]
        yield first


def ranked_by(total: Number) -> float:
    """Put last what has no total."""
    return -math.inf if total is None else total


def grouped(one: Counted, asked: Asked) -> Groups:
    found: Groups = {}
    if "breakdown" in asked.body:
        for event in one.events:
            found.setdefault(asked.world.label(event, asked.body["breakdown"]), []).append(event)
    return found


def drawn(counted: Sequence[Counted], shown: Sequence[list[Label]], asked: Asked) -> Iterator[Line]:
    """Draw each series, or the formula over them, for each value and for the rest."""
    tables = [table(one, values, asked) for one, values in zip(counted, shown, strict=True)]
    formula = asked.body.get("formula")
    if not formula:
        for found in tables:
            yield from found.values()
        return
    empty = [0 if one.math in COUNTING else None for one in counted]
    for value in dict.fromkeys(label for found in tables for label in found):
        lines = [found.get(value) for found in tables]
        totals = [line.total if line else e for line, e in zip(lines, empty, strict=True)]
        points = [
            (begin, computed(formula, [line.points[n][1] if line else e
                                       for line, e in zip(lines, empty, strict=True)]), is_over)
            for n, (begin, is_over) in enumerate(times(counted[0]))
        ]  # fmt: skip
        yield Line(value, points, computed(formula, totals))


def table(one: Counted, values: list[Label], asked: Asked) -> dict[Label | None, Line]:
    """Return a series' lines by value; without a breakdown the only one is under None."""
    if "breakdown" not in asked.body:
        return {None: line(one, None, one.events)}
    groups = grouped(one, asked)
    found: dict[Label | None, Line] = {
        label: line(one, label, groups.get(label, [])) for label in values
    }
    rest = [event for label, events in groups.items() if label not in values for event in events]
    if values and any(one.counts(event) for event in rest):
        found[OTHER] = line(one, OTHER, rest)
    return found


def line(one: Counted, label: Label | None, events: Sequence[Event]) -> Line:
    points = [
        (begin, one.cell(events, begin, end), is_over)
        for (begin, end), (_, is_over) in zip(one.buckets(), times(one), strict=True)
    ]
    return Line(label, points, one.total(events))


def times(one: Counted) -> list[tuple[datetime, bool]]:
    """Return the beginning of each bucket, and whether it is over and lies in the range."""
    until = min(one.end, one.asked.as_of)
    return [(begin, one.start <= begin and end <= until) for begin, end in one.buckets()]


def computed(formula: str, values: Sequence[Number]) -> Number:
    """Compute a formula of letters; what is missing, or divided by zero, gives nothing."""
    named = {chr(ord("A") + place): value for place, value in enumerate(values)}
    if any(named[letter] is None for letter in formula if letter in named):
        return None
    try:
        result: float = eval(formula, {}, named)  # noqa: S307  # the tests' own formulas
    except ZeroDivisionError:
        return None
    return result
