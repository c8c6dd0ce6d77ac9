"""The writer dies at each step for samples; the next one loses none, and each is there once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.ingest import sample_spool, sample_writer, spool
from analytics.ingest.sample_writer import SampleWriter
from analytics.series import bulk, metadata
from portal.lib import clock
from portal.store import client
from portal.store.client import EngineUnavailable
from tests.ingest.bodies import NOW, body_one
from tests.ingest.conftest import DoorClient, rows
from tests.ingest.metrics import insert_all, stored, write
from tests.ingest.test_crashes import Crash, crash_around

SEAMS = [
    (sample_spool, "write_plan", 1),
    (bulk, "announce", 1),
    (metadata, "write", 1),
    (client, "insert_arrow", 1),
    (client, "insert_given", 1),
    (client, "insert_given", 2),
    (bulk, "write_rows", 1),
    (sample_spool, "finish", 1),
]


@pytest.fixture(autouse=True)
def empty_tables(samples_tables: None) -> None:
    """Begin without samples."""


def series(number: int) -> dict[str, str]:
    return {"__name__": "orders", "shop": str(number)}


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name", "call"), SEAMS)
def test_a_crash_loses_no_sample_and_doubles_none(
    door: DoorClient,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    call: int,
    is_after: bool,
) -> None:
    write(door, body_one(*[(series(n), [(NOW, float(n))]) for n in range(5)]))
    write(door, body_one(*[(series(n), [(NOW + 1000, float(n))]) for n in range(5)]))

    with monkeypatch.context() as patches:
        crash_around(patches, owner, name, call, is_after=is_after)
        with pytest.raises(Crash):
            insert_all()
    # What comes meanwhile goes with the next round: the repeated one is as it was.
    write(door, body_one(*[(series(n), [(NOW + 2000, float(n))]) for n in range(6)]))
    insert_all()

    found = {dict(labels)["shop"]: samples for labels, samples in stored("orders").items()}
    assert found.pop("5") == [(NOW + 2000, 5.0)]
    assert found == {str(n): [(NOW, n), (NOW + 1000, n), (NOW + 2000, n)] for n in range(5)}
    # Not even the engine has any of them twice.
    assert rows("SELECT count() FROM samples") == [(16,)]


def test_samples_wait_while_the_engine_is_away(
    door: DoorClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise EngineUnavailable("away")

    with monkeypatch.context() as patches:
        patches.setattr(client, "insert_given", away)
        assert write(door, body_one((series(1), [(NOW, 1.0)]))).status_code == 204
        with pytest.raises(EngineUnavailable):
            insert_all()
    insert_all()

    assert list(stored("orders").values()) == [[(NOW, 1.0)]]


def test_a_backlog_larger_than_an_insert_is_written_in_rounds(
    door: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_writer, "MAX_SAMPLES", 3)
    for at in range(4):
        write(door, body_one(*[(series(n), [(NOW + at, 1.0)]) for n in range(2)]))
    opened = spool.Spool(spool.path())
    writer = SampleWriter(opened)

    done = [writer.round(clock.now(), is_last=True) for _ in range(5)]

    assert done == [1, 1, 1, 1, 0]
    assert opened.size().oldest_at is None
    opened.close()
    assert rows("SELECT count() FROM samples") == [(8,)]


def test_samples_gather_for_a_moment(door: DoorClient) -> None:
    write(door, body_one((series(1), [(NOW, 1.0)])))
    opened = spool.Spool(spool.path())
    at = opened.oldest_at("samples")
    assert at is not None

    early = datetime.fromtimestamp(at / 1e6 + 0.1, UTC)
    assert SampleWriter(opened).round(early) == 0
    late = datetime.fromtimestamp(at / 1e6 + 0.6, UTC)
    assert SampleWriter(opened).round(late) == 1
    opened.close()
