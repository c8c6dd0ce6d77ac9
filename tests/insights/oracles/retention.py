"""Retention by brute force: for every person, cohort and period one look at all events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.insights.events import Event

Test = Callable[[Event], bool]


@dataclass(frozen=True)
class Rules:
    """What the test asks; `named` tells the start event by name only, `start` with its filters."""

    named: Test
    start: Test
    back: Test
    kind: str
    counting: str
    interval: str
    periods: int
    begin: datetime
    end: datetime
    as_of: datetime
    zone: str = "UTC"
    week_start: int = 0
    often: int = 1


def bucket(at: datetime, rules: Rules) -> date:
    """Return the first date of the calendar bucket."""
    day = at.astimezone(ZoneInfo(rules.zone)).date()
    if rules.interval == "week":
        while day.weekday() != rules.week_start:
            day -= timedelta(days=1)
    return day.replace(day=1) if rules.interval == "month" else day


def following(day: date, rules: Rules) -> date:
    if rules.interval == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if rules.interval == "week" else 1)


def begins(day: date, rules: Rules) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(rules.zone)).astimezone(UTC)


def cohorts_of(events: Sequence[Event], rules: Rules) -> set[date]:
    """Return the buckets whose cohort a person belongs to."""
    inside = [one for one in events if rules.begin <= one.at < rules.end and rules.start(one)]
    if rules.kind == "recurring":
        return {bucket(one.at, rules) for one in inside}
    if rules.kind == "first_in_range":
        return {bucket(one.at, rules) for one in inside[:1]}
    test = rules.named if rules.kind == "first_ever" else rules.start
    first = next((one for one in events if test(one)), None)
    return {bucket(first.at, rules)} if first is not None and first in inside else set()


def came_back(events: Sequence[Event], day: date, rules: Rules) -> bool:
    there = [one for one in events if rules.back(one) and bucket(one.at, rules) == day]
    there = [one for one in there if one.at >= rules.begin]
    return len(there) >= rules.often


def table(
    people: dict[str, list[Event]], rules: Rules
) -> list[tuple[date, int, list[int], list[bool]]]:
    """Return (start, size, returned, complete) of every cohort; events come in order."""
    rows = []
    day = bucket(rules.begin, rules)
    while begins(day, rules) < rules.end:
        members = [events for events in people.values() if day in cohorts_of(events, rules)]
        days = [day]
        for _ in range(rules.periods):
            days.append(following(days[-1], rules))
        shown = [one for one in days if begins(one, rules) < rules.as_of]
        complete = [begins(following(one, rules), rules) <= rules.as_of for one in shown]
        returned = [returners(members, shown, place, rules) for place in range(len(shown))]
        rows.append((day, len(members), returned, complete))
        day = following(day, rules)
    return rows


def returners(members: list[list[Event]], shown: list[date], place: int, rules: Rules) -> int:
    if place == 0:
        return len(members)
    days = shown[place:] if rules.counting == "on_or_after" else [shown[place]]
    return sum(any(came_back(events, day, rules) for day in days) for events in members)
