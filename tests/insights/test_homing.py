"""On a cluster, events of merged persons go to the shard of their person; no answer moves meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from analytics.ingest import homing, merging
from analytics.ingest.models import Away
from portal.lib import clock
from portal.store import client, nodes
from portal.store.models import Epoch
from portal.store.query import Query
from tests.insights.events import Event, person_of
from tests.insights.test_sharding import (  # noqa: F401
    MERGED,
    STEPS,
    alike,
    asked,
    everything,  # fixtures
    spread,
    trend,
    two_shards,
)
from tests.store.engines import EngineProcess

SOON = timedelta(seconds=1)
QUESTIONS = [
    trend("total"),
    trend("unique_users"),
    trend("avg"),
    ("funnel", {"steps": STEPS}),
    ("stickiness", {"event": None}),
]


@pytest.fixture
def cluster(
    everything: list[Event], two_shards: EngineProcess,  # noqa: F811
    settings: Settings, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Lay everything on two shards, with some persons merged and re-keyed in place.

    The shards are views of one table, so what changes rows names that one; and the embedded engine
    runs no DDL on a cluster.
    """
    for loser, winner in MERGED.items():
        client.command(
            f"ALTER TABLE events UPDATE person = {person_of(winner)}"
            f" WHERE person = {person_of(loser)}",
            settings_={"mutations_sync": 1},
        )
    settings.CLICKHOUSE_URL = spread(two_shards)
    settings.CLICKHOUSE_CLUSTER = "portal"
    monkeypatch.setattr(nodes, "sync", lambda table: None)
    monkeypatch.setattr(homing, "altered", lambda table, on: f"whole.{table}")
    into = homing.COPY_HOME.replace("INSERT INTO events", "INSERT INTO whole.events")
    monkeypatch.setattr(homing, "COPY_HOME", into)


def answers() -> list[Any]:
    return [alike(asked(kind, body)) for kind, body in QUESTIONS]


def away() -> int:
    sql = "SELECT count() FROM whole.events WHERE actor != person AND person != 0"
    return int(client.run(Query(sql)).value())


def go_on() -> bool:
    now = clock.now()
    found = homing.step(now, after=now + SOON)
    merging.count_overrides()
    return found


def test_no_answer_changes_on_the_way_home(cluster: None) -> None:
    homing.note([person_of(winner) for winner in MERGED.values()], clock.now())
    merging.count_overrides()
    expected = answers()
    assert away() > 100

    while go_on():
        assert answers() == expected, list(Away.objects.values_list("stage", flat=True))

    assert away() == 0
    assert not Away.objects.exists()
    assert (Epoch.current().pending_overrides, Epoch.current().unread) == (0, "")
    assert client.run(Query("SELECT count() FROM person_overrides FINAL")).value() == 0
    assert answers() == expected


@pytest.mark.parametrize("failing", ["ALTER TABLE", "INSERT INTO whole"])
def test_a_step_that_broke_off_is_repeated(
    cluster: None, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Broken off after the engine did it, and before anything else was done."""
    homing.note([person_of(winner) for winner in MERGED.values()], clock.now())
    merging.count_overrides()
    expected = answers()
    command: Callable[..., None] = client.command
    broken: list[str] = []

    def breaks_off(sql: str, **more: Any) -> None:
        command(sql, **more)
        if sql.strip().startswith(failing) and not broken:
            broken.append(sql)
            raise client.EngineUnavailable

    monkeypatch.setattr(client, "command", breaks_off)

    for _ in range(10):
        try:
            go_on()
        except client.EngineUnavailable:
            merging.count_overrides()
        assert answers() == expected

    assert broken
    assert away() == 0
    assert not Away.objects.exists()


@pytest.mark.parametrize("steps", [0, 1, 2], ids=["waiting", "announced", "moved"])
def test_a_person_who_becomes_another_on_the_way_lets_go_first(cluster: None, steps: int) -> None:
    homing.note([person_of(winner) for winner in MERGED.values()], clock.now())
    merging.count_overrides()
    expected = answers()
    for _ in range(steps):
        go_on()

    homing.make_way([person_of(next(iter(MERGED.values())))])
    merging.count_overrides()

    assert not homing.is_moving()
    assert Epoch.current().unread == ""
    assert answers() == expected
