"""New series beyond what a source may have are refused at the door, by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from analytics.ingest import admission
from analytics.series import limits
from portal.store.client import EngineUnavailable
from tests.ingest.bodies import NOW, body_one
from tests.ingest.conftest import DoorClient, rows
from tests.ingest.metrics import insert_all, stored, write


@pytest.fixture(autouse=True)
def empty_tables(samples_tables: None, settings: Settings, source: Any) -> Iterator[None]:
    settings.MOST_SERIES_PER_SOURCE = 3
    limits.limits.forget()
    yield
    limits.limits.forget()


def body(*shops: int, ts: int = NOW) -> bytes:
    return body_one(*[({"__name__": "orders", "shop": str(shop)}, [(ts, 1.0)]) for shop in shops])


def shops() -> list[int]:
    insert_all()
    return sorted(int(dict(labels)["shop"]) for labels in stored("orders"))


def test_what_is_new_beyond_the_limit_is_refused_and_what_is_there_goes_on(
    door: DoorClient,
) -> None:
    assert write(door, body(1, 2)).status_code == 204
    assert shops() == [1, 2]
    limits.limits.forget()  # that much later

    answer = write(door, body(1, 2, 3, 4, 5, ts=NOW + 1000))

    assert answer.status_code == 400
    assert "Written: 3 samples. Not written: 2 x intake:shop has 3 live series" in answer.text
    assert write(door, body(4, ts=NOW + 2000)).status_code == 400
    assert write(door, body(1, 2, 3, ts=NOW + 2000)).status_code == 204
    assert shops() == [1, 2, 3]
    assert rows("SELECT DISTINCT source FROM series") == [("intake:shop",)]


def test_while_the_engine_is_away_all_is_taken(
    door: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise EngineUnavailable("away")

    monkeypatch.setattr(limits, "admit", away)

    assert write(door, body(1, 2, 3, 4, 5)).status_code == 204
    assert shops() == [1, 2, 3, 4, 5]


def test_nobody_waits_long_for_an_engine_that_hangs(
    door: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(admission, "WAIT_S", 0.05)
    monkeypatch.setattr(limits, "admit", lambda *_: release.wait(10) and None)

    assert [write(door, body(shop)).status_code for shop in range(9)] == [204] * 9
    release.set()
