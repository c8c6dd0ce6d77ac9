"""Small random data sets, each with a question; hundreds of them stand in one table at once.

A case's names and ids get a tag of their own when it is loaded, so that cases do not see each other.
Then every case is asked, ids are joined, late events come, and the engine re-keys what it stored; in
between half the cases that this changes are asked again, and each time the oracle must agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.ingest import identities, merging
from analytics.ingest.identities import Id, Identities
from analytics.insights import fast, property_columns
from analytics.insights.definitions.window import parse_asked
from analytics.insights.models import Cohort
from portal.lib import clock
from portal.store import client
from portal.store.models import Epoch
from portal.store.sources import Question, sources
from tests.insights.events import Event, Fact, add, insert_facts, load
from tests.insights.oracles.asking import Asked
from tests.insights.oracles.world import Join, World
from tests.running import eventually

T = TypeVar("T")
Json = dict[str, Any]
Compare = Callable[[Asked, Json], None]
# A fast form gets a quarter. `CASES=2000` is the proof; fewer are enough from day to day.
CASES = int(os.environ.get("CASES", "120"))
LATER = timedelta(minutes=5)
# What a body names an event by; `start` and `end` are those of paths.
NAMING = {
    "event",
    "start_event",
    "return_event",
    "did",
    "then",
    "first_did",
    "stopped",
    "start",
    "end",
}


@dataclass(frozen=True)
class Case:
    """One data set with a question; `late` come after the joins."""

    body: Json
    as_of: datetime
    events: tuple[Event, ...]
    late: tuple[Event, ...] = ()
    joins: tuple[Join, ...] = ()
    facts: tuple[Fact, ...] = ()
    cohorts: dict[int, Json] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.events) + len(self.late) + len(self.joins) + len(str(self.body)) // 50


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


def gathered(cases: st.SearchStrategy[Case], count: int) -> list[Case]:
    """Return so many examples of a strategy."""
    found: list[Case] = []

    @settings(
        max_examples=count, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases)
    def gather(case: Case) -> None:
        found.append(case)

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
        cohorts={numbers[n]: renamed(one, tag, numbers) for n, one in case.cohorts.items()},
    )


def own(one: Id, tag: str) -> Id:
    return replace(one, value=f"{one.value}~{tag}")


def moved(event: Event, tag: str, place: int) -> Event:
    return replace(
        event, name=f"{event.name}~{tag}", service=tag, id=f"{tag}-{place:03}",
        user=event.user and f"{event.user}~{tag}",
        anonymous=event.anonymous and f"{event.anonymous}~{tag}",
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


@dataclass
class Stand:
    """All cases in the engine, at one stage."""

    cases: list[Case]
    form: fast.Form | None = None
    stage: str = ""
    has_joined: bool = False
    has_late: bool = False

    def world(self, case: Case) -> World:
        events = (*case.events, *(case.late if self.has_late else ()))
        return World(events, case.joins if self.has_joined else (), case.facts, case.cohorts)

    def asked(self, case: Case) -> Asked:
        return Asked(self.world(case), case.body, case.as_of)

    def stages(self) -> Iterator[list[Case]]:
        """Change the data step by step; yield the cases that it concerns."""
        for table in ("person_overrides", "event_ids"):
            client.command(f"TRUNCATE TABLE {table}")
        load(event for case in self.cases for event in case.events)
        insert_facts([fact for case in self.cases for fact in case.facts])
        self.stage = "as loaded"
        yield self.cases
        if self.form == "columns":
            add_columns()
        known = join(one for case in self.cases for one in case.joins)
        self.stage, self.has_joined = "joined", True
        yield [case for case in self.cases if case.joins][::2]
        add(
            (event for case in self.cases for event in case.late),
            persons=lambda event: known.person_of(event.key) if event.key else 0,
        )
        self.stage, self.has_late = "late events", True
        yield [case for case in self.cases if case.late][::2]
        rekey()
        self.stage = "re-keyed"
        yield [case for case in self.cases if case.joins][1::2]


def add_columns() -> None:
    """Give the properties that were asked for columns of their own, as a job does."""
    for row in property_columns.add_due(clock.now()):
        eventually(
            partial(property_columns.is_written, row), within_s=60, what="a column is written"
        )


def join(joins: Iterator[Join]) -> Identities:
    """Join ids as the writer does, so that queries have to apply the merges."""
    known = Identities.load()
    changes = known.plan(identities.Join(one.user, one.other, "test") for one in joins)
    identities.commit(changes, clock.now())
    merging.settle()
    known.apply(changes)
    return known


def rekey() -> None:
    """Let the engine rewrite the merged persons' events, to the end."""

    def is_done() -> bool:
        merging.rekey(clock.now() + LATER)
        return not Epoch.current().pending_overrides

    eventually(is_done, within_s=60, what="the merged persons are re-keyed")


def with_tags(cases: Sequence[Case]) -> list[Case]:
    """Tag all cases; their cohorts get rows."""
    now, batch = clock.now(), token_hex(3)  # kept rows must not be taken for those of another test
    rows = [
        Cohort(name=f"{place}/{number}", definition={}, created_at=now, updated_at=now)
        for place, case in enumerate(cases)
        for number in case.cohorts
    ]
    ids = iter(row.pk for row in Cohort.objects.bulk_create(rows))
    found = []
    for place, case in enumerate(cases):
        numbers = {number: next(ids) for number in case.cohorts}
        found.append(tagged(case, f"{batch}.{place}", numbers))
    definitions = {n: one for case in found for n, one in case.cohorts.items()}
    for row in rows:
        row.definition = definitions[row.pk]
    Cohort.objects.bulk_update(rows, ["definition"], batch_size=500)
    return found


def answered(kind: str, case: Case, epoch: Epoch) -> Json:
    """Ask the source, without a cache, as everybody does."""
    found = parse_asked(case.body, case.as_of, django_settings.PORTAL_TIME_ZONE)
    question = Question(found.params, found.window, case.as_of, epoch=epoch)
    return sources.get(kind).run(question).extra


def hold_against_the_oracle(
    kind: str, form: fast.Form | None, cases: st.SearchStrategy[Case], compare: Compare
) -> None:
    """Ask all cases at every stage; of those that differ from the oracle, show the smallest."""
    stand = Stand(with_tags(gathered(cases, CASES if form is None else CASES // 4)), form)
    for concerned in stand.stages():
        epoch = Epoch.current()
        wrong: list[tuple[Case, str]] = []
        for case in concerned:
            try:
                compare(stand.asked(case), answered(kind, case, epoch))
            except AssertionError as difference:
                wrong.append((case, str(difference)))
        if wrong:
            case, why = min(wrong, key=lambda pair: pair[0].size)
            pytest.fail(f"{why}\n{told(stand, case, len(wrong), len(concerned))}", pytrace=False)


def told(stand: Stand, case: Case, wrong: int, asked: int) -> str:
    lines = [
        f"{wrong} of {asked} answers differ ({stand.stage}); the smallest case:",
        f"{case.body}",
    ]
    lines += [f"as of {case.as_of}", *map(str, stand.world(case).events)]
    lines += [f"late: {one}" for one in case.late]
    return "\n".join([*lines, *map(str, (*case.joins, *case.facts)), f"{case.cohorts}"])


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
        properties["x"] = dice.pick([1, 1, 2, 2.5, "1", True, None, [1]])
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
