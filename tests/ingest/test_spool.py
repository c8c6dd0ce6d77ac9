"""What the spool keeps, and how much of it the writer takes at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analytics.ingest import writer as writing
from analytics.ingest.committing import Committer
from analytics.ingest.spool import Entry, Outcome, Plan, Spool
from analytics.ingest.writer import Writer
from tests.ingest.conftest import DoorClient, rows, write_all


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "events.sqlite3"


def entry(events: int = 1, *, expanded: int = 0, wants_outcome: bool = False) -> Entry:
    return Entry(1, 1_000_000, events, b"x" * 10, expanded, wants_outcome=wants_outcome)


def test_batches_come_in_their_order_and_bounded_by_events_and_bytes(file: Path) -> None:
    spool = Spool(file)
    spool.append([entry(5, expanded=100), entry(5, expanded=100), entry(50, expanded=5000)])

    assert [one.number for one in spool.batches(max_events=10)] == [1, 2]
    assert [one.number for one in spool.batches(max_bytes=150)] == [1]
    assert [one.number for one in spool.batches(after=2, max_events=1, max_bytes=1)] == [3]
    assert [one.number for one in spool.batches(after=1, up_to=2)] == [2]


def test_a_plan_goes_with_its_batches_in_one_step(file: Path) -> None:
    spool = Spool(file)
    spool.append([entry(wants_outcome=True), entry(), entry()])
    plan = Plan(1, 2, "token", b"\1\0")
    spool.write_plan(plan)
    assert Spool(file).plan() == plan

    spool.finish(plan, [Outcome(1, 1, 0, 0)])

    assert spool.plan() is None
    assert [one.number for one in spool.batches()] == [3]
    assert spool.outcomes([1, 2, 3]) == [Outcome(1, 1, 0, 0)]


def test_numbers_are_never_used_again(file: Path) -> None:
    spool = Spool(file)
    spool.append([entry()])
    spool.finish(Plan(1, 1, "t", b"\1"), [])

    assert spool.append([entry()]) == [2]


def test_a_batch_of_rejections_only_needs_no_number(file: Path) -> None:
    spool = Spool(file)

    numbers = spool.append([Entry(1, 5, 0, b"", rejections=b"[]")])

    assert numbers == [0]
    assert spool.size().batches == 0
    assert spool.rejections() == [(1, 1, 5, b"[]")]


def test_only_its_owner_may_read_it(file: Path) -> None:
    Spool(file)

    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_commit_is_on_disk_before_it_is_confirmed(file: Path) -> None:
    Spool(file)
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    spool = Spool(file)
    assert spool._one("PRAGMA synchronous") == (2,)


def test_a_spool_that_an_earlier_version_began_is_read(file: Path) -> None:
    Spool(file).close()
    with sqlite3.connect(file) as db:
        db.execute("ALTER TABLE batches DROP COLUMN expanded")
        db.execute("INSERT INTO batches VALUES (1, 5, 1, 0, x'00')")

    assert [one.number for one in Spool(file).batches(max_bytes=1)] == [1]


def test_what_waits_is_committed_when_the_door_closes(file: Path) -> None:
    committer = Committer(file)
    futures = [committer.put(entry()) for _ in range(50)]

    committer.close()

    assert [future.result(timeout=0) for future in futures] == list(range(1, 51))


def test_room_is_given_back_after_a_burst(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.ingest.spool.SHRINK_BYTES", 100_000)
    spool = Spool(file)
    spool.append([Entry(1, 5, 1, b"x" * 1_000_000)])
    spool.finish(Plan(1, 1, "t", b"\1"), [])

    spool.shrink()

    assert file.stat().st_size < 200_000


def test_a_backlog_larger_than_a_round_is_written_in_rounds(
    door: DoorClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_BYTES", 2_000)
    for number in range(6):
        door.send({"id": str(number), "name": "a", "properties": {"x": "y" * 800}})

    write_all(writer)

    assert rows("SELECT count(), uniqExact(id) FROM events") == [(6, 6)]


def test_many_may_open_a_new_spool_at_once(tmp_path: Path) -> None:
    # Turning a new file to WAL, SQLite refuses at once instead of waiting for the others.
    def open_together(file: Path) -> list[str]:
        with ThreadPoolExecutor(8) as pool:
            return [spool.id for spool in pool.map(Spool, [file] * 8)]

    for turn in range(15):
        assert len(set(open_together(tmp_path / str(turn) / "events.sqlite3"))) == 1
