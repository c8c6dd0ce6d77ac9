"""The writer dies at each of its steps; the next one brings everything to where it should be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest

from analytics.ingest import merging, narrowing, quarantine, spool, writer
from analytics.ingest.models import Merge, Quarantined
from analytics.ingest.writer import Writer
from portal.store import client
from portal.store.client import QueryFailed
from portal.store.models import Epoch
from tests.ingest.conftest import DoorClient, rows, write_all
from tests.ingest.test_persons import identified, people, properties_of, rekey_all, seen


class Crash(Exception):
    """Stands for kill -9."""


def crash_around(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int, *, is_after: bool
) -> None:
    """Die before or after the n-th call of a function, once."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not is_after:
            raise Crash
        answer = real(*args, **options)
        if calls == call:
            raise Crash
        return answer

    monkeypatch.setattr(owner, name, dying)


SEAMS = [
    (spool.Spool, "write_plan", 1),
    (writer, "commit", 1),
    (merging, "copy_properties", 1),
    (merging, "write_overrides", 1),
    (Epoch, "move", 1),
    *[(client, "insert_arrow", call) for call in (1, 2, 3, 4)],
    (spool.Spool, "finish", 1),
]


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name", "call"), SEAMS)
def test_a_crash_loses_nothing_and_doubles_nothing(
    door: DoorClient,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    call: int,
    is_after: bool,
) -> None:
    old = seen(anonymous="x") | {"id": "old", "timestamp": "2026-01-05T00:00:00Z"}
    door.send(old, seen(user="ada") | {"id": "ada"})
    write_all(writer)
    door.intake.door.recent = type(door.intake.door.recent)()
    # Two partitions and a duplicate, a late join and what it tells of the person.
    door.send(old, seen(user="bob") | {"id": "n1", "timestamp": "2026-02-05T00:00:00Z"})
    door.send(identified("ada", "x", plan="pro") | {"timestamp": "2026-03-05T00:00:00Z"})

    with monkeypatch.context() as patches:
        crash_around(patches, owner, name, call, is_after=is_after)
        with pytest.raises(Crash):
            write_all(writer)
    write_all(Writer(writer.spool))

    assert rows("SELECT count(), uniqExact(id) FROM events") == [(4, 4)]
    assert people() == 2
    assert properties_of("ada") == {"plan": "pro"}
    assert rows("SELECT count() FROM event_ids") == [(4,)]
    rekey_all(writer)
    assert people() == 2
    assert writer.spool.size().batches == 0


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [(merging, "rewrite", 1), (merging, "write_overrides", 1), (Epoch, "move", 1)],
)
def test_a_crash_while_re_keying_changes_no_answer(
    door: DoorClient,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    call: int,
    is_after: bool,
) -> None:
    for event in (seen(anonymous="x"), seen(user="ada"), identified("ada", "x")):
        door.send(event)
        write_all(writer)

    with monkeypatch.context() as patches:
        crash_around(patches, owner, name, call, is_after=is_after)
        with pytest.raises(Crash):
            rekey_all(writer)
    assert people() == 1
    rekey_all(writer)

    assert people() == 1
    assert not Merge.objects.exclude(stage=Merge.Stage.DONE).exists()


@pytest.fixture
def picky_engine(engine: None) -> Any:
    """Make the engine refuse events of one name, as a row that it cannot take."""
    client.command("ALTER TABLE events ADD CONSTRAINT picky CHECK name != 'poison'")
    yield
    client.command("ALTER TABLE events DROP CONSTRAINT picky")


def poisoned(count: int, *places: int) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "name": "poison" if n in places else "fine", "properties": {"n": n}}
        for n in range(count)
    ]


def test_a_row_that_the_engine_refuses_goes_into_quarantine_and_holds_nothing_up(
    door: DoorClient, writer: Writer, picky_engine: None
) -> None:
    door.send(*poisoned(50, 7, 8, 41))
    door.send({"id": "next", "name": "next"})

    write_all(writer)

    assert rows("SELECT count(), uniqExact(id) FROM events") == [(48, 48)]
    assert rows("SELECT count() FROM event_ids") == [(48,)]
    found = Quarantined.objects.order_by("index")
    assert [orjson.loads(one.event)["id"] for one in found] == ["7", "8", "41"]
    assert "picky" in found[0].message
    assert writer.spool.size().batches == 0


@pytest.mark.parametrize("call", range(1, 14))
def test_a_crash_while_looking_for_the_refused_row_repeats_nothing(
    door: DoorClient,
    writer: Writer,
    picky_engine: None,
    monkeypatch: pytest.MonkeyPatch,
    call: int,
) -> None:
    door.send(*poisoned(12, 5))

    with monkeypatch.context() as patches:
        crash_around(patches, narrowing, "insert", call, is_after=True)
        crash_around(patches, spool.Spool, "narrow", call, is_after=True)
        crash_around(patches, quarantine, "keep_refused", call, is_after=True)
        with suppress(Crash):  # there may be fewer steps than that
            write_all(writer)
    write_all(Writer(writer.spool))

    assert rows("SELECT count(), uniqExact(id) FROM events") == [(11, 11)]
    assert Quarantined.objects.count() == 1


def test_when_every_row_is_refused_the_batch_waits(
    door: DoorClient, writer: Writer, picky_engine: None
) -> None:
    door.send(*poisoned(80, *range(80)))

    with pytest.raises(QueryFailed):
        write_all(writer)

    assert not Quarantined.objects.exists()
    assert writer.spool.size().batches == 1
