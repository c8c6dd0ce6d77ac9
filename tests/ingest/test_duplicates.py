"""One event id counts once, whenever and however often it arrives."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from analytics.ingest import spool
from analytics.ingest.recent import RecentIds
from analytics.ingest.writer import Writer
from portal.lib import clock
from tests.ingest.conftest import DoorClient, rows, write_all

DAY = {"timestamp": "2026-03-01T12:00:00Z"}


def names() -> list[str]:
    return [name for (name,) in rows("SELECT name FROM events ORDER BY name, ts")]


def forget(door: DoorClient) -> None:
    """Restart the door, so that only the writer knows what came before."""
    door.intake.door.recent = RecentIds()


@pytest.fixture
def arrive(monkeypatch: pytest.MonkeyPatch) -> object:
    """Set the arrival time of what is sent from now on."""

    def at(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return at


def test_a_retried_batch_hears_duplicates_and_counts_once(door: DoorClient, writer: Writer) -> None:
    events = [{"id": str(n), "name": "a", **DAY} for n in range(3)]

    first, second = door.send(*events), door.send(*events)
    write_all(writer)

    assert first == {"accepted": 3, "rejected": []}
    assert second == {"accepted": 0, "duplicates": 3, "rejected": []}
    assert len(names()) == 3


def test_an_id_twice_in_one_batch_counts_once(door: DoorClient, writer: Writer) -> None:
    answer = door.send({"id": "1", "name": "a", **DAY}, {"id": "1", "name": "b", **DAY})
    write_all(writer)

    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert names() == ["a"]


@pytest.mark.parametrize("is_written", [True, False])
def test_the_writer_knows_what_the_restarted_door_forgot(
    door: DoorClient, writer: Writer, is_written: bool
) -> None:
    event = {"id": "1", "name": "a", **DAY}
    door.send(event)
    if is_written:
        write_all(writer)
    forget(door)

    answer = door.send(event, {"id": "2", "name": "b", **DAY})
    write_all(writer)

    assert answer["accepted"] == 2
    assert names() == ["a", "b"]


def test_the_same_id_on_another_day_or_of_another_source_is_another_event(
    door: DoorClient, writer: Writer
) -> None:
    door.send({"id": "1", "name": "a", **DAY})
    door.send({"id": "1", "name": "b", "timestamp": "2026-03-02T12:00:00Z"})
    write_all(writer)

    assert names() == ["a", "b"]


def test_an_id_within_one_utc_day_is_the_same_whatever_the_zone_and_hour(
    door: DoorClient, writer: Writer
) -> None:
    door.send({"id": "1", "name": "a", "timestamp": "2026-03-01T00:00:00Z"})
    door.send({"id": "1", "name": "b", "timestamp": "2026-03-02T01:59:00+02:00"})
    write_all(writer)

    assert names() == ["a"]


@pytest.mark.parametrize(("days", "expected"), [(0, ["a"]), (1, ["a"]), (2, ["a", "b"])])
def test_without_a_timestamp_the_day_of_arrival_and_the_one_before_count(
    door: DoorClient, writer: Writer, arrive: object, days: int, expected: list[str]
) -> None:
    noon = datetime.fromisoformat("2026-03-01T12:00:00Z")
    arrive(noon)  # type: ignore[operator]  # the fixture's function
    door.send({"id": "1", "name": "a"})
    write_all(writer)
    forget(door)

    arrive(noon + timedelta(days=days))  # type: ignore[operator]  # the fixture's function
    door.send({"id": "1", "name": "b"})
    write_all(writer)

    assert names() == expected


def test_without_ids_a_sent_again_batch_does_not_double(door: DoorClient, writer: Writer) -> None:
    body = {"events": [{"name": "a"}, {"name": "a"}, {"name": "b", **DAY}, {"name": "b", **DAY}]}

    first = door.post(body).json()
    forget(door)
    door.post(body)
    write_all(writer)

    assert first["accepted"] == 4
    assert names() == ["a", "a", "b", "b"]


def test_without_id_and_timestamp_other_batches_are_other_events(
    door: DoorClient, writer: Writer
) -> None:
    door.send({"name": "a"})
    door.send({"name": "a"}, {"name": "c"})
    write_all(writer)

    assert names() == ["a", "a", "c"]


def test_a_retry_is_known_although_the_clients_clock_was_corrected(
    door: DoorClient, writer: Writer
) -> None:
    event = {"id": "1", "name": "a", "timestamp": "2026-03-01T23:59:00Z"}
    wrong = (clock.now() - timedelta(minutes=90)).isoformat()

    door.send(event, timestamp=wrong)
    forget(door)
    door.send(event)
    write_all(writer)

    assert rows("SELECT flags, client_timestamp FROM events") == [
        (["shifted"], "2026-03-01T23:59:00Z")
    ]


def test_the_door_forgets_its_oldest_ids_first() -> None:
    recent = RecentIds(size=2)

    for number in range(5):
        recent.add([(b"key", number)])

    assert (b"key", 4) in recent
    assert (b"key", 3) in recent
    assert (b"key", 0) not in recent


def test_batches_are_gone_from_the_spool_once_they_are_written(
    door: DoorClient, writer: Writer
) -> None:
    door.send({"id": "1", "name": "a"})
    assert spool.Spool(spool.path()).size().batches == 1

    write_all(writer)

    assert spool.Spool(spool.path()).size().batches == 0
