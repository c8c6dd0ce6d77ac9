"""Who is let in, how much, and what happens when the disk or the database cannot."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from pytest_django import Settings

from analytics.ingest import actions, keys, spool, state
from analytics.ingest.keys import KeyHolder, Keys, KeysUnknown
from analytics.ingest.models import IngestKey, Source
from analytics.ingest.recent import Quotas
from portal.audit.models import AuditEntry
from portal.lib import clock, instruments
from tests.ingest.conftest import DoorClient

UNKNOWN = f"pik_00000000_{'x' * 43}"
ONE = {"events": [{"name": "a"}]}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic x"}, {"Authorization": f"Bearer {UNKNOWN}"}, {"Authorization": "", "X-Portal-Key": "pik_1_2"},
    ],
)  # fmt: skip
def test_an_unknown_key_is_a_401_in_the_contracts_shape(
    door: DoorClient, headers: dict[str, str]
) -> None:
    answer = door.post(ONE, headers=headers)

    assert answer.status_code == 401
    assert set(answer.json()["error"]) == {"code", "message"}


def test_the_key_may_come_in_a_header_of_its_own(door: DoorClient, key: str) -> None:
    answer = door.post(ONE, headers={"Authorization": "", "X-Portal-Key": key})

    assert answer.status_code == 200


def test_a_new_key_works_at_once_and_a_revoked_one_stops(door: DoorClient, source: Source) -> None:
    door.post(ONE)
    made, text = actions.create_key(None, source)
    own = {"Authorization": f"Bearer {text}"}
    assert door.post(ONE, headers=own).status_code == 200

    actions.revoke_key(None, made, now=clock.now())
    shared = door.intake.door.keys
    shared._read_at -= keys.STALE_S  # that much later
    shared._next_try_at = 0

    assert door.post(ONE, headers=own).status_code == 401
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")][-2:] == [
        "ingest_key.create", "ingest_key.revoke",
    ]  # fmt: skip


def test_known_keys_let_in_while_the_database_is_away(
    door: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.post(ONE)
    shared = door.intake.door.keys

    def away() -> dict[str, KeyHolder]:
        raise DatabaseError

    monkeypatch.setattr(shared, "_load", away)
    shared._read_at -= 3600

    assert door.post(ONE).status_code == 200
    restarted = Keys(keys.file(), away)
    door.intake.door.keys = restarted
    assert door.post(ONE).status_code == 200


def test_requests_do_not_wait_for_a_database_that_hangs(tmp_path: Path) -> None:
    hanging = threading.Event()

    def hangs() -> dict[str, KeyHolder]:
        hanging.wait(10)
        return {}

    async def ask() -> None:
        asked = Keys(tmp_path / "keys.json", hangs)
        asked._found = {}
        for _ in range(50):
            with pytest.raises(KeysUnknown):
                await asked.find(UNKNOWN)
        hanging.set()

    asyncio.run(asyncio.wait_for(ask(), timeout=2 * keys.WAIT_S))


def test_without_any_knowledge_of_keys_intake_says_that_it_is_unavailable(
    data_dir: Path, door: DoorClient
) -> None:
    def away() -> dict[str, KeyHolder]:
        raise DatabaseError

    door.intake.door.keys = Keys(data_dir / "none.json", away)

    assert door.post(ONE).status_code == 503
    with pytest.raises(KeysUnknown):
        asyncio.run(Keys(data_dir / "none.json", away).find(UNKNOWN))


def test_over_the_quota_is_a_429_that_says_when_to_come_back(
    door: DoorClient, source: Source
) -> None:
    source.events_per_minute = 60
    source.save()

    assert door.send(*[{"name": "a"}] * 90)["accepted"] == 90
    answer = door.post(ONE)

    assert answer.status_code == 429
    assert 25 <= int(answer.headers["Retry-After"]) <= 32


def test_a_quota_fills_up_evenly() -> None:
    quotas = Quotas()

    quotas.take(1, 60, 120, now_s=1000)

    assert quotas.wait_s(1, 60, now_s=1000) > 60
    assert quotas.wait_s(1, 60, now_s=1062) == 0
    assert quotas.wait_s(1, None, now_s=1000) == 0
    assert quotas.wait_s(2, 60, now_s=1000) == 0


@pytest.mark.parametrize("setting", ["SPOOL_MAX_BYTES", "DISK_RESERVE_BYTES"])
def test_a_disk_without_room_is_a_507_and_nothing_of_the_body_is_kept(
    door: DoorClient, settings: Settings, setting: str
) -> None:
    setattr(settings, setting, 1 if setting == "SPOOL_MAX_BYTES" else 1 << 60)

    answer = door.post({"events": [{"id": "1", "name": "a"}, {"name": 5}]})

    assert answer.status_code == 507
    opened = spool.Spool(spool.path())
    assert opened.size().batches == 0
    assert opened.rejections() == []
    settings.SPOOL_MAX_BYTES, settings.DISK_RESERVE_BYTES = 1 << 30, 0
    assert door.post({"events": [{"id": "1", "name": "a"}]}).json()["accepted"] == 1


def test_a_full_disk_met_while_writing_is_a_507(door: DoorClient) -> None:
    door.post(ONE)
    opened = door.intake.door.committer._spool
    pages = opened._db.execute("PRAGMA page_count").fetchone()[0]
    opened._db.execute(f"PRAGMA max_page_count={pages}")

    big = {"events": [{"name": "a", "properties": {"x": f"{n}" * 1000}} for n in range(500)]}
    answer = door.post(big)

    assert answer.status_code == 507
    opened._db.execute("PRAGMA max_page_count=1000000")
    assert door.post(big).json()["accepted"] == 500


def test_browsers_may_send_from_anywhere(door: DoorClient) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    preflight = door.request("OPTIONS", "/api/v1/events", headers=asked)
    answer = door.post(ONE, headers={"Origin": "https://shop.example"})

    assert preflight.status_code == 204
    assert "content-encoding" in preflight.headers["Access-Control-Allow-Headers"]
    for one in (preflight, answer):
        assert one.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in one.headers


def test_what_is_no_intake_goes_on_to_the_pages(door: DoorClient) -> None:
    assert door.request("GET", "/api/v1/events").text == "behind"
    assert door.post(ONE, path="/api/v1/other").text == "behind"


def test_many_clients_at_once_all_have_their_batches_on_disk(door: DoorClient) -> None:
    answers: list[Any] = []
    senders = [
        threading.Thread(target=lambda n=n: answers.append(door.send({"id": str(n), "name": "a"})))
        for n in range(40)
    ]

    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert [answer["accepted"] for answer in answers] == [1] * 40
    with sqlite3.connect(spool.path()) as db:
        assert db.execute("SELECT sum(events) FROM batches").fetchone() == (40,)


def test_the_lag_is_the_age_of_what_waits(door: DoorClient) -> None:
    assert state.lag(clock.now()) == 0
    door.post(ONE)

    assert 0 < state.lag(clock.now()) < 30
    assert state.spool_size().batches == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "shop"])
def test_a_source_needs_a_name_of_its_own(source: Source, name: str) -> None:
    with pytest.raises(Exception, match="source"):
        actions.create_source(None, name=name)

    assert Source.objects.count() == 1
    assert not IngestKey.objects.exists()


def test_requests_at_the_door_count_as_those_of_pages_do(door: DoorClient) -> None:
    labels = {
        "method": "POST", "route": "/api/v1/events", "status_code": "200", "platform": "api",
    }  # fmt: skip

    def counted() -> float:
        name = f"{instruments.PREFIX}http_requests_total"
        return instruments.registry.get_sample_value(name, labels) or 0

    before = counted()

    door.send({"name": "seen"})

    assert counted() == before + 1
