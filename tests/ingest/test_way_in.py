"""From a client's batch to rows in the engine."""

from __future__ import annotations

from uuid import uuid4

import pytest

from analytics.ingest.writer import Writer
from portal.lib import instruments, named_instruments
from tests.ingest.conftest import DoorClient, rows, write_all


def test_an_accepted_event_stands_in_the_engine_as_it_was_sent(
    door: DoorClient, writer: Writer
) -> None:
    event = {
        "id": "1", "name": "bought", "userId": "ada", "anonymousId": "x", "sessionId": "s",
        "timestamp": "2026-03-01T12:00:00.123456Z", "platform": "ios", "version": "2",
        "properties": {"price": 9.5, "item": "book", "is_gift": True, "tags": ["a"], "note": None},
    }  # fmt: skip

    answer = door.post({"events": [event], "service": "api"})
    write_all(writer)

    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "rejected": []}
    (row,) = rows(
        "SELECT id, name, user_id, anonymous_id, session_id, toString(ts), platform, version,"
        " service, environment, strings, numbers, booleans, properties, flags FROM events"
    )
    assert row == (
        "1", "bought", "ada", "x", "s", "2026-03-01 12:00:00.123456", "ios", "2", "api", "test",
        {"item": "book"}, {"price": 9.5}, {"is_gift": True},
        '{"price":9.5,"item":"book","is_gift":true,"tags":["a"],"note":null}', [],
    )  # fmt: skip


def test_what_the_engine_confirmed_is_counted_by_name_once_and_gauges_keep_their_last_value(
    door: DoorClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_instruments, "MOST_NAMES", 10_000)
    name = f"counted {uuid4().hex}"
    events = [{"id": f"{n}", "name": name, "userId": "ada", "platform": "tv"} for n in range(3)]
    told = [
        {"name": "performance_metric", "properties": {"metric_name": name, "metric_value": value}}
        for value in (1.5, 2.5)
    ]

    door.send(*events)
    door.send(*events, *told)
    write_all(writer)

    def value(metric: str, **labels: str) -> float | None:
        return instruments.registry.get_sample_value(instruments.PREFIX + metric, labels)

    called = name.replace(" ", "_")
    assert value(f"event_{called}_total", platform="tv") == 3
    assert value(f"custom_{called}") == 2.5
