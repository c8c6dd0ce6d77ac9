"""Small random data sets, each with a question, and how the cases are told apart in one table.

A case's names and ids get a tag of their own when it is loaded, so that cases do not see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.ingest.identities import Id
from analytics.insights import fast
from tests.insights.events import Event, Fact
from tests.insights.oracles.asking import Asked
from tests.insights.oracles.world import Join

T = TypeVar("T")
Json = dict[str, Any]
Compare = Callable[[Asked, Json], None]
# What a body names an event by; `start` and `end` are those of paths.
NAMING = {
    "event", "start_event", "return_event", "did", "then", "first_did", "stopped", "start", "end"
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One data set with a question; `late` come after the joins, and `erased` goes at the end."""

    body: Json
    as_of: datetime
    events: tuple[Event, ...]
    late: tuple[Event, ...] = ()
    joins: tuple[Join, ...] = ()
    facts: tuple[Fact, ...] = ()
    cohorts: dict[int, Json] = field(default_factory=dict)
    erased: Id | None = None

    @property
    def size(self) -> int:
        return len(self.events) + len(self.late) + len(self.joins) + len(str(self.body)) // 50


@dataclass(frozen=True)
class Kind:
    """A kind of question: its cases, how its answer is compared, and which fast forms it knows."""

    name: str
    cases: st.SearchStrategy[Case]
    compare: Compare
    forms: tuple[fast.Form, ...] = ("columns",)


class Dice:
    """Draws of one hypothesis example."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def chance(self, in_ten: int) -> bool:
        return self.number(1, 10) <= in_ten


ERASED = (None, None, *(Id(user, is_user=True) for user in "abb"), Id("x", is_user=False))


def gathered(cases: st.SearchStrategy[Case], count: int) -> list[Case]:
    """Return so many examples of a strategy."""
    found: list[Case] = []

    @settings(
        max_examples=count, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases, st.sampled_from(ERASED))
    def gather(case: Case, erased: Id | None) -> None:
        found.append(replace(case, erased=erased))

    gather()
    return found


def tagged(case: Case, tag: str, numbers: dict[int, int]) -> Case:
    """Give a case names and ids of its own, and its cohorts their rows' ids."""
    return replace(
        case,
        body=isolated(renamed(case.body, tag, numbers), tag),
        events=tuple(moved(one, tag, place) for place, one in enumerate(case.events)),
        late=tuple(moved(one, tag, 500 + place) for place, one in enumerate(case.late)),
        joins=tuple(Join(own(one.user, tag), own(one.other, tag)) for one in case.joins),
        facts=tuple(replace(one, of=own(one.of, tag)) for one in case.facts),
        erased=case.erased and own(case.erased, tag),
        cohorts={numbers[n]: renamed(one, tag, numbers) for n, one in case.cohorts.items()},
    )


def own(one: Id, tag: str) -> Id:
    return replace(one, value=f"{one.value}~{tag}")


def moved(event: Event, tag: str, place: int) -> Event:
    return replace(
        event, name=f"{event.name}~{tag}", service=tag, id=f"{tag}-{place:03}",
        at=event.at.astimezone(UTC),  # Python subtracts times of one zone by the wall clock
        user=event.user and f"{event.user}~{tag}",
        anonymous=event.anonymous and f"{event.anonymous}~{tag}",
        session=event.session and f"{event.session}~{tag}",
        position=place if event.position is None else event.position,
    )  # fmt: skip


def renamed(value: Any, tag: str, numbers: dict[int, int], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: renamed(one, tag, numbers, name) for name, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, tag, numbers, key) for one in value]
    if key in NAMING and isinstance(value, str):
        return f"{value}~{tag}"
    if key == "user_ids":
        return f"{value}~{tag}"
    return numbers[value] if key == "cohort" else value


def isolated(body: Json, tag: str) -> Json:
    """Keep a question about any event to its own case."""
    if not names_any_event(body):
        return body
    service = {"property": "$service", "op": "=", "value": tag}
    return {**body, "where": [*body.get("where", ()), service]}


def names_any_event(value: Any) -> bool:
    if isinstance(value, dict):
        is_any = any(value.get(name, "") is None for name in NAMING)
        return is_any or "session_gap_minutes" in value or any(map(names_any_event, value.values()))
    return isinstance(value, list) and any(map(names_any_event, value))


# Clock changes, odd offsets, a date that never was, the ends of months and of a leap February.
PLACES = (
    ("UTC", "2024-01-30"), ("America/New_York", "2024-03-08"), ("America/New_York", "2024-11-01"),
    ("Asia/Kathmandu", "2024-02-27"), ("Australia/Lord_Howe", "2024-04-05"),
    ("Pacific/Apia", "2011-12-28"), ("Europe/Berlin", "2024-10-25"), ("America/Sao_Paulo", "2018-11-02"),
)  # fmt: skip
WHOLE_HOURS = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu")
UNITS = {
    "minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1),
    "week": timedelta(weeks=1), "month": timedelta(days=30), "year": timedelta(days=365),
}  # fmt: skip
TICK = timedelta(microseconds=1)
X_IS = [{"property": "x", "op": "=", "value": value} for value in (1, 2)]


@dataclass(frozen=True)
class Span:
    """A zone, and a range in it."""

    zone: str
    interval: str
    start: datetime
    end: datetime

    @property
    def body(self) -> Json:
        return {
            "from": self.start.isoformat(), "to": self.end.isoformat(), "time_zone": self.zone,
            "interval": self.interval,
        }  # fmt: skip


def span_of(dice: Dice, intervals: Sequence[str], most: int = 5) -> Span:
    interval = dice.pick(intervals)
    places = [p for p in PLACES if interval not in {"hour", "minute"} or p[0] in WHOLE_HOURS]
    zone, day = dice.pick(places)
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    if dice.chance(3):
        start += dice.number(1, 30) * timedelta(minutes=61)
    end = start + dice.number(1, most) * UNITS[interval]
    return Span(zone, interval, start, end + dice.pick([0, 0, 5]) * UNITS[interval] / 12)


def instants(dice: Dice, span: Span, around: timedelta, count: int = 6) -> list[datetime]:
    """Return a few instants around a range, on its borders, and on midnights."""
    length = span.end - span.start + 2 * around
    drawn = [
        span.start - around + length * dice.number(0, 240) / 240 + dice.pick([0, 0, 1, -1]) * TICK
        for _ in range(count)
    ]
    midnight = (
        drawn[0].astimezone(ZoneInfo(span.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    return [*drawn, span.start, span.end, midnight, midnight - TICK]


USERS = ("", "a", "b", "b", "c")
DEVICES = ("", "x", "y")


def event_of(dice: Dice, at: datetime, names: Sequence[str] = "AABC") -> Event:
    properties: Json = {}
    if dice.chance(7):
        properties["x"] = dice.pick([1, 1, 2, 2.5, "1", "!", True, None, [1]])
    user = dice.pick(USERS)
    return Event(
        dice.pick(names), at, user, properties=properties,
        anonymous="" if user and dice.chance(7) else dice.pick(DEVICES),
        position=dice.number(0, 2) if dice.chance(3) else None,
    )  # fmt: skip


def joins_of(dice: Dice) -> tuple[Join, ...]:
    """Join ids, some of them twice, or a device with two users."""
    if not dice.chance(4):
        return ()
    return tuple(
        Join(
            Id(dice.pick("abc"), is_user=True),
            Id(dice.pick("xy"), is_user=False)
            if dice.chance(6)
            else Id(dice.pick("abcd"), is_user=True),
        )
        for _ in range(dice.number(1, 3))
    )
