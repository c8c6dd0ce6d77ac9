"""Sessions by cutting every person's events one after the other. (SEMANTICS 7)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from tests.insights.events import Event
from tests.insights.oracles.asking import Asked, ranked, within
from tests.insights.oracles.world import UNSET, Label

OTHER: Label = ("string", "$other")


@dataclass(frozen=True)
class Session:
    """One session: whose (None: nobody's), its events in order, and the breakdown's value."""

    who: Any
    events: list[Event]
    label: Label | None = None

    @property
    def seconds(self) -> float:
        return (self.events[-1].at - self.events[0].at).total_seconds()

    @property
    def is_bounce(self) -> bool:
        return len(self.events) == 1


@dataclass(frozen=True)
class Measured:
    """What is told of some sessions; of none there is no average."""

    sessions: int
    people: int
    average_seconds: float | None
    median_seconds: float | None
    events_per_session: float | None
    bounce_share: float | None


@dataclass(frozen=True)
class Line:
    value: Label | None
    points: list[tuple[datetime, Measured, bool]]
    total: Measured


@dataclass(frozen=True)
class Answer:
    lines: list[Line]
    total: Measured
    entries: list[tuple[str, int, float, float]]
    exits: list[tuple[str, int, float, float]]


def sessions(asked: Asked) -> Iterator[tuple[Any, list[Event]]]:
    """Yield whose it is and the events of each session that the range holds, or its part of it.

    By id; without one, split where the gap is too long, and what nobody did is in none.
    """
    inside = within(asked.world.events, asked.start, asked.end)
    for who, session in dict.fromkeys((asked.world.who(one), one.session) for one in inside):
        own = [one for one in inside if asked.world.who(one) == who and one.session == session]
        if session:
            yield who, own
        elif who is not None:
            yield from ((who, part) for part in split(own, gap_of(asked)))


def gap_of(asked: Asked) -> timedelta:
    return timedelta(minutes=asked.body.get("session_gap_minutes", 30))


def split(events: list[Event], gap: timedelta) -> list[list[Event]]:
    parts = [events[:1]]
    for earlier, later in pairwise(events):
        if later.at - earlier.at > gap:
            parts.append([])
        parts[-1].append(later)
    return parts


def chosen(asked: Asked) -> list[Session]:
    """Return the sessions in which one event is meant, with all their events."""
    name, filters = asked.body.get("event"), asked.body.get("where", ())
    return [
        Session(who, events, label_of(asked, events))
        for who, events in sessions(asked)
        if any(asked.is_meant(one, name, filters) for one in events)
    ]


def label_of(asked: Asked, events: Sequence[Event]) -> Label | None:
    """Return the first value of the breakdown that is set."""
    breakdown = asked.body.get("breakdown")
    if breakdown is None:
        return None
    labels = [asked.world.label(one, breakdown) for one in events]
    return next((label for label in labels if label != UNSET), UNSET)


def answer(asked: Asked) -> Answer:
    found = chosen(asked)
    return Answer(
        [line(asked, label, own) for label, own in grouped(asked, found)],
        measured(found),
        edges(found, 0),
        edges(found, -1),
    )


def grouped(asked: Asked, found: list[Session]) -> Iterator[tuple[Label | None, list[Session]]]:
    """Yield the sessions of each value, the most frequent first, and of the rest."""
    breakdown = asked.body.get("breakdown")
    if breakdown is None:
        yield None, found
        return
    counts: dict[Label, int] = {}
    for one in found:
        if one.label is not None:
            counts[one.label] = counts.get(one.label, 0) + 1
    order = ranked(counts.items())
    shown = order[: breakdown.get("limit", 10)]
    for label in shown:
        yield label, [one for one in found if one.label == label]
    rest = [one for one in found if one.label not in shown]
    if rest:
        yield OTHER, rest


def line(asked: Asked, label: Label | None, own: list[Session]) -> Line:
    points = []
    for begin, end in asked.calendar().buckets(asked.start, asked.end):
        inside = [one for one in own if begin <= one.events[0].at < end]
        is_over = asked.start <= begin and end <= asked.end and end + gap_of(asked) <= asked.as_of
        points.append((begin, measured(inside), is_over))
    return Line(label, points, measured(own))


def measured(found: Sequence[Session]) -> Measured:
    if not found:
        return Measured(0, 0, None, None, None, None)
    return Measured(
        len(found),
        len({one.who for one in found} - {None}),
        fmean(one.seconds for one in found),
        median(one.seconds for one in found),
        fmean(len(one.events) for one in found),
        sum(one.is_bounce for one in found) / len(found),
    )


def edges(found: Sequence[Session], place: int) -> list[tuple[str, int, float, float]]:
    """Return (name, sessions, their share, their bounces' share) of what they begin or end with."""
    rows = []
    for name in {one.events[place].name for one in found}:
        own = [one for one in found if one.events[place].name == name]
        bounces = sum(one.is_bounce for one in own)
        rows.append((name, len(own), len(own) / len(found), bounces / len(own)))
    return sorted(rows, key=lambda row: (-row[1], row[0]))
