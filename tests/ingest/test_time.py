"""When an event happened: as the client says, unless its clock cannot be right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analytics.ingest.events import Unusable, instant
from analytics.ingest.writer import Writer
from portal.lib import clock
from tests.ingest.conftest import DoorClient, rows, write_all

STORED = "SELECT toString(ts), client_timestamp, flags FROM events"


def microseconds(text: str) -> int:
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01t12:00:00.5z", "2026-03-01T12:00:00.500000+00:00"),
        ("2026-03-01 12:00:00+05:30", "2026-03-01T06:30:00+00:00"),
        ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("1900-01-01T00:00:00.000001Z", "1900-01-01T00:00:00.000001+00:00"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ],
)
def test_rfc_3339_times_are_read_to_the_microsecond(given: str, expected: str) -> None:
    assert instant(given) == microseconds(expected)


@pytest.mark.parametrize("given", ["", "now", "2026-03-01", "20260301T120000Z", "0" * 500, 5, None])
def test_other_texts_are_no_times(given: object) -> None:
    with pytest.raises(Unusable):
        instant(given)


def test_the_past_has_no_limit(door: DoorClient, writer: Writer) -> None:
    door.send({"name": "a", "timestamp": "1900-01-01T00:00:00Z"})
    write_all(writer)

    assert rows(STORED) == [("1900-01-01 00:00:00.000000", "", [])]


def test_a_time_more_than_a_day_ahead_becomes_the_arrival_time(
    door: DoorClient, writer: Writer
) -> None:
    door.send({"id": "1", "name": "a", "timestamp": "9999-12-31T23:59:59Z"})
    write_all(writer)

    ((is_arrival, sent, flags),) = rows(
        "SELECT ts = received_at, client_timestamp, flags FROM events"
    )
    assert (bool(is_arrival), sent, flags) == (True, "9999-12-31T23:59:59Z", ["future"])


def test_a_time_less_than_a_day_ahead_stays(door: DoorClient, writer: Writer) -> None:
    soon = (clock.now() + timedelta(hours=23)).replace(microsecond=0)

    door.send({"name": "a", "timestamp": soon.isoformat()})
    write_all(writer)

    assert rows(STORED) == [(f"{soon:%Y-%m-%d %H:%M:%S}.000000", "", [])]


@pytest.mark.parametrize(("offset", "minutes"), [(4, 0), (-4, 0), (61, 61), (-30, -30)])
def test_a_wrong_clock_shifts_the_batch_by_whole_minutes(
    door: DoorClient, writer: Writer, offset: int, minutes: int
) -> None:
    sent_at = clock.now() - timedelta(minutes=offset)

    door.send({"name": "a", "timestamp": "2026-03-01T12:00:30.25Z"}, timestamp=sent_at.isoformat())
    write_all(writer)

    moved = datetime(2026, 3, 1, 12, 0, 30, 250_000) + timedelta(minutes=minutes)  # noqa: DTZ001  # as the engine prints it
    ((ts, _, flags),) = rows(STORED)
    assert ts == f"{moved:%Y-%m-%d %H:%M:%S.%f}"
    assert flags == (["shifted"] if minutes else [])


def test_an_event_is_found_on_the_day_of_its_time_not_of_a_wrong_clock(
    door: DoorClient, writer: Writer
) -> None:
    now = clock.now()
    door.send({"id": "1", "name": "a", "timestamp": "9999-12-31T23:59:59Z"})
    sent = (now - timedelta(days=3)).isoformat()
    door.send({"id": "2", "name": "a", "timestamp": sent}, timestamp=sent)
    door.send({"id": "3", "name": "a", "timestamp": "1950-01-01T23:59:59Z"})
    write_all(writer)

    assert rows("SELECT count() FROM events WHERE day = toDate32(ts)") == [(3,)]
