"""Who people are and since when is the same from kept rows, from the engine, and by looking at all."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.ingest.identities import Id
from analytics.insights import fast
from analytics.insights.directory import people_page
from portal.store import client
from portal.store.query import TimeRange
from portal.store.sources import Question
from tests.insights.events import Event, columns, load
from tests.insights.exact.stand import erase, join, rekey
from tests.insights.oracles.world import Join

pytestmark = pytest.mark.usefixtures("db", "store_schema", "empty_cache")
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
NOW = datetime(2026, 4, 10, 15, 30, tzinfo=UTC)
USERS, BROWSERS = ("", "u1", "u2", "u3"), ("", "b1", "b2", "b3", "b4")
Json = dict[str, Any]


def drawn(dice: random.Random, number: int) -> list[Event]:
    """Draw events of people with a user id, an anonymous one, both or neither, each at its time."""
    times = dice.sample(range(22 * 24 * 60), number)
    return [
        Event(
            "a",
            FIRST + timedelta(minutes=minute, microseconds=place),
            user=dice.choice(USERS),
            anonymous=dice.choice(BROWSERS),
        )
        for place, minute in enumerate(times)
    ]


def asked(start: datetime = FIRST, end: datetime = NOW) -> Json:
    return people_page(Question({}, TimeRange(start, end), NOW))


def expected(events: list[Event], joins: list[Join]) -> dict[str, Json]:
    """Look at all events of everybody."""
    owner = {one.other: one.user for one in joins}
    people: dict[Id, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.at):
        if event.key:
            people[owner.get(event.key, event.key)].append(event)
    found: dict[str, Json] = {}
    for own in people.values():
        if not any(one.at < NOW for one in own):
            continue
        named = [one.user for one in own if one.user]
        browsers = [one.anonymous for one in own if one.anonymous]
        found[(named or browsers)[-1]] = {
            "anonymous": not named,
            "events": len(own),
            "first_seen": own[0].at.isoformat().replace("+00:00", "Z"),
            "last_seen": own[-1].at.isoformat().replace("+00:00", "Z"),
        }
    return found


def same(events: list[Event], joins: list[Join], form: fast.Form | None) -> None:
    with fast.only(*([form] if form else [])):
        answer = asked()
    wanted = expected(events, joins)
    assert {
        one["user_id"]: {
            name: one[name] for name in ("anonymous", "events", "first_seen", "last_seen")
        }
        for one in answer["people"]
    } == wanted
    assert bool(answer["meta"].forms) == (form == "rows")


@pytest.mark.parametrize("form", [None, "rows"])
@pytest.mark.parametrize("seed", range(2))
def test_people_are_who_all_their_events_say(seed: int, form: fast.Form | None) -> None:
    dice = random.Random(seed)
    client.command("TRUNCATE TABLE person_overrides")
    events = load(drawn(dice, dice.choice((3, 40, 120))))
    same(events, [], form)

    joins = [Join(Id("u1", is_user=True), Id(one, is_user=False)) for one in ("b1", "b2")]
    known = join(iter(joins))
    same(events, joins, form)

    late = drawn(dice, 3)
    for event in late:
        told = columns([event])
        own = known.person_of(event.key) if event.key else 0
        client.insert(
            "events", told | {"actor": [own], "person": [own]}, token=f"{event.at} {form}"
        )
    same([*events, *late], joins, form)

    rekey()
    same([*events, *late], joins, form)

    erase([Id("u1", is_user=True)], known)
    gone = {Id("u1", is_user=True), *(one.other for one in joins)}
    same([one for one in [*events, *late] if one.key not in gone], joins, form)
