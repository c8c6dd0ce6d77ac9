"""From a client's batch to rows in the engine."""

from __future__ import annotations

from analytics.ingest.writer import Writer
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
