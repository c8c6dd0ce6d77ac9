"""A shop's events, which somebody may read, and foreign ones beside them, which they may not.

`canary` stands in every value of the foreign events, so it is looked for in whatever was sent.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.insights.models import DataSet
from portal.accounts import actions
from portal.accounts.models import Grant, Level, Team, User
from portal.lib import clock
from tests.factories import make_staff
from tests.insights.events import Event, add, load, person_property
from tests.people import People

START = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = {"from": "2026-03-01", "to": "2026-03-15"}
SHOP = {"property": "$service", "op": "in", "value": ["shop", "7"]}
TEAM_A = {"property": "team", "op": "=", "value": "a"}
INSIGHTS = "/api/v1/insights"


def own() -> list[Event]:
    dice = random.Random(1)
    return [
        Event(
            dice.choice(["visit", "visit", "buy"]),
            START + timedelta(minutes=dice.randrange(14 * 1440)),
            user := dice.choice("abcdef"),
            service=dice.choice(["shop", "7"]),
            environment="prod",
            platform=dice.choice(["web", "5"]),
            session=f"{user}-{n // 9}",
            properties={"plan": dice.choice(["free", "pro"]), "price": n % 7, "team": "a"},
            id=f"own-{n:03}",
        )
        for n in range(150)
    ]


def foreign() -> list[Event]:
    """Events of the same persons and of one more, some of the same names, later and earlier too."""
    dice = random.Random(2)
    return [
        Event(
            dice.choice(["visit", "buy", "canary event"]),
            START + timedelta(minutes=dice.randrange(-1440, 15 * 1440)),
            dice.choice(["a", "b", "c", "canary user"]),
            anonymous=dice.choice(["", "canary device"]),
            service="canary service",
            environment=dice.choice(["prod", "canary environment"]),
            platform="canary platform",
            version="canary version",
            session=dice.choice(["canary session", "a-1"]),
            properties={"plan": "canary plan", "price": 10_000 + n, "canary key": "canary",
                        "team": dice.choice(["canary team", 1])},
            id=f"canary-{n:03}",
            source=666,
        )
        for n in range(150)
    ]  # fmt: skip


def store_own() -> None:
    load(own())
    for user in "abcdef":
        person_property(user, "country", "DE" if user in "abc" else "FR", START)


def store_all() -> None:
    store_own()
    add(foreign())
    person_property("canary user", "canary property", "canary value", START)


def data_set(*filters: dict[str, Any], sources: tuple[int, ...] = (), name: str = "Own") -> DataSet:
    now = clock.now()
    return DataSet.objects.create(
        name=name, filters=list(filters), sources=list(sources), created_at=now, updated_at=now
    )


def take_all_away() -> None:
    Grant.objects.filter(object_type="data_set").delete()


@pytest.fixture
def team(people: People) -> Team:
    return actions.create_team(people.admin, name="Payments")


@pytest.fixture
def restricted(people: People, team: Team) -> User:
    """Return an analyst whose team reads the events of the shop only."""
    user = make_staff("analyst", name="restricted")
    take_all_away()
    actions.add_member(people.admin, team, user)
    actions.share(people.admin, data_set(SHOP, TEAM_A), team.group, Level.VIEW)
    return user


@pytest.fixture
def everything(people: People) -> User:
    """Return an admin: they see every data set, so they read all rows."""
    return people.admin


def plain(answer: Any) -> Any:
    """Leave out what differs between two askings of the same; of `meta` the warnings stay."""
    if isinstance(answer, dict):
        shown = {k: v for k, v in answer.items() if k != "size_at"}
        if isinstance(shown.get("meta"), dict):
            shown["meta"] = shown["meta"].get("warnings")
        return {k: plain(v) for k, v in shown.items()}
    return [plain(one) for one in answer] if isinstance(answer, list) else answer
