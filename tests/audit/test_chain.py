"""The hash chain: who owns the tables can switch the triggers off, but not change the trail unseen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from portal.audit.chain import heads, posting, sealing
from portal.audit.chain.linking import CONTENT, START, digest, link
from portal.audit.chain.verifying import Verdict, verify
from portal.audit.models import AuditEntry, ChainState, Head, Seal
from portal.audit.trail import Change, record
from tests.people import People

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TABLES = ("audit_auditentry", "audit_seal", "audit_head")


@pytest.fixture(autouse=True)
def beside_the_database(tmp_path: Path, settings: Settings) -> None:
    settings.AUDIT_DIR = tmp_path / "audit"
    settings.AUDIT_KEY_FILE = tmp_path / "audit-key"


@pytest.fixture
def tables(db: None) -> Iterator[None]:
    """Leave the tables protected, whatever a test did."""
    yield
    as_owner("ALTER TABLE {table} ENABLE TRIGGER ALL")


def as_owner(*statements: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            for statement in statements:
                cursor.execute(statement.format(table=table))


def owner_runs(statement: str, *values: Any) -> None:
    """Run SQL as the tables' owner, who has switched the triggers off, and on again."""
    as_owner("ALTER TABLE {table} DISABLE TRIGGER ALL")
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    as_owner("ALTER TABLE {table} ENABLE TRIGGER ALL")


@pytest.fixture
def trail(people: People, tables: None) -> list[int]:
    """Nine entries, sealed in three rounds; return their numbers."""
    sealing.seal_new(NOW)
    made = []
    for turn in range(3):
        for number in range(3):
            change = Change({"n": number}, {"n": number + 1, "text": f"é {turn}"})
            made.append(record(people.admin, "thing.change", people.viewer, change).pk)
        sealing.seal_new(NOW + timedelta(seconds=turn))
    return made


def position_of(entry: int) -> int:
    return Seal.objects.get(entry_id=entry).position


def found(verdict: Verdict) -> tuple[str, int | None, int | None]:
    first = verdict.findings[0]
    return first.kind, first.position, first.entry_id


def test_a_trail_that_nobody_touched_is_sound(trail: list[int]) -> None:
    verdict = verify()

    assert verdict.findings == ()
    assert (verdict.waiting, verdict.sealed) == (0, AuditEntry.objects.count())
    assert verdict.signed == verdict.sealed


def test_an_altered_entry_is_found_and_named(trail: list[int]) -> None:
    position = position_of(trail[4])

    owner_runs("UPDATE audit_auditentry SET actor_label = 'somebody else' WHERE id = %s", trail[4])

    assert found(verify()) == ("altered", position, trail[4])


@pytest.mark.parametrize("column", [*CONTENT])
def test_no_column_of_an_entry_can_be_altered(trail: list[int], column: str) -> None:
    values = {
        "at": "at + interval '1 microsecond'", "actor_id": "actor_id + 1", "address": "'10.0.0.1'",
        "before": "'{\"n\": 7}'", "after": "NULL",
    }  # fmt: skip

    owner_runs(
        f"UPDATE audit_auditentry SET {column} = {values.get(column, chr(39) + 'x' + chr(39))}"
        " WHERE id = %s", trail[4],
    )  # fmt: skip

    assert found(verify())[::2] == ("altered", trail[4])


def test_a_deleted_entry_is_found_and_named(trail: list[int]) -> None:
    position = position_of(trail[2])

    owner_runs("DELETE FROM audit_auditentry WHERE id = %s", trail[2])

    assert found(verify()) == ("deleted", position, trail[2])


def test_an_entry_deleted_with_its_seal_is_found(trail: list[int]) -> None:
    position = position_of(trail[2])

    owner_runs("DELETE FROM audit_auditentry WHERE id = %s", trail[2])
    owner_runs("DELETE FROM audit_seal WHERE entry_id = %s", trail[2])

    assert found(verify())[:2] == ("deleted", position)


def test_an_entry_put_in_behind_the_sealer_is_found_and_named(trail: list[int]) -> None:
    owner_runs(
        "INSERT INTO audit_auditentry (id, at, actor_label, action, object_type, object_id,"
        " object_label, request_id, transaction_id)"
        " VALUES (-5, now(), 'x', 'y.z', '', '', '', '', 1)"
    )

    sealing.seal_new(NOW + timedelta(seconds=9))

    assert found(verify()) == ("inserted", None, -5)


def test_an_entry_with_a_time_of_before_is_found_and_named(trail: list[int]) -> None:
    owner_runs(
        "INSERT INTO audit_auditentry (id, at, actor_label, action, object_type, object_id,"
        " object_label, request_id)"
        " VALUES (-5, now() - interval '2 days', 'x', 'y.z', '', '', '', '')"
    )

    sealing.seal_new(NOW + timedelta(seconds=9))

    assert found(verify()) == ("inserted", position_of(-5), -5)


def test_entries_that_changed_places_are_found_and_named(trail: list[int]) -> None:
    first, second = trail[3], trail[7]
    position = position_of(first)

    owner_runs(
        "UPDATE audit_auditentry SET id = CASE id WHEN %s THEN -1 ELSE -2 END WHERE id IN (%s, %s)",
        first, first, second,
    )  # fmt: skip
    owner_runs("UPDATE audit_auditentry SET id = %s WHERE id = -1", second)
    owner_runs("UPDATE audit_auditentry SET id = %s WHERE id = -2", first)

    assert found(verify()) == ("reordered", position, first)


def test_seals_that_changed_places_are_found_and_named(trail: list[int]) -> None:
    first, second = position_of(trail[3]), position_of(trail[7])

    owner_runs("UPDATE audit_seal SET position = -1 WHERE position = %s", first)
    owner_runs("UPDATE audit_seal SET position = %s WHERE position = %s", first, second)
    owner_runs("UPDATE audit_seal SET position = %s WHERE position = -1", second)

    assert found(verify()) == ("reordered", first, trail[7])


def test_a_chain_cut_at_its_end_is_found_by_the_heads_outside(trail: list[int]) -> None:
    position = position_of(trail[6])

    cut_from(position)

    assert found(verify()) == ("truncated", position, None)


def cut_from(position: int) -> None:
    """Remove the end of the trail from the database, its seals and heads too."""
    owner_runs(
        "DELETE FROM audit_auditentry WHERE id IN"
        " (SELECT entry_id FROM audit_seal WHERE position >= %s)", position,
    )  # fmt: skip
    owner_runs("DELETE FROM audit_seal WHERE position >= %s", position)
    owner_runs("DELETE FROM audit_head WHERE position >= %s", position)


def test_a_trail_emptied_altogether_is_found(trail: list[int]) -> None:
    cut_from(0)
    owner_runs("DELETE FROM audit_chainstate")

    assert found(verify()) == ("truncated", 1, None)


def test_a_chain_computed_anew_is_found_by_the_heads_outside(trail: list[int]) -> None:
    owner_runs("UPDATE audit_auditentry SET actor_label = 'somebody else' WHERE id = %s", trail[4])

    compute_anew()

    first = verify().findings[0]
    head = next(h for h in Head.objects.all() if h.position >= position_of(trail[4]))
    assert (first.kind, first.position) == ("rewritten", head.position)
    assert f"between {position_of(trail[2]) + 1} and {position_of(trail[5])}" in first.text


def compute_anew() -> None:
    """Do what the sealer does, over the rows as they are now."""
    previous = START
    for seal in Seal.objects.all():
        row = AuditEntry.objects.values("id", *CONTENT).get(pk=seal.entry_id)
        content = digest(row)
        previous = link(previous, seal.position, seal.entry_id, content)
        owner_runs(
            "UPDATE audit_seal SET digest = %s, hash = %s WHERE position = %s",
            content, previous, seal.position,
        )  # fmt: skip


def test_a_head_that_we_did_not_sign_is_found(trail: list[int]) -> None:
    last = Head.objects.latest("position")

    owner_runs("UPDATE audit_head SET hash = %s WHERE position = %s", "1" * 64, last.position)

    assert ("forged", last.position, None) in [
        (one.kind, one.position, one.entry_id) for one in verify().findings
    ]


def test_heads_deleted_from_the_database_are_found(trail: list[int]) -> None:
    last = Head.objects.latest("position").position

    owner_runs("DELETE FROM audit_head WHERE position = %s", last)

    assert found(verify()) == ("deleted", last, None)


def test_triggers_left_switched_off_are_found(trail: list[int]) -> None:
    as_owner("ALTER TABLE audit_seal DISABLE TRIGGER audit_no_change")

    assert [one.kind for one in verify().findings] == ["unprotected"]


def test_heads_kept_elsewhere_prove_what_data_directory_and_database_deny(
    trail: list[int], tmp_path: Path, settings: Settings
) -> None:
    copy = tmp_path / "elsewhere" / "heads.ndjson"
    settings.AUDIT_HEADS_TO = str(copy)
    assert posting.post_new()
    position = position_of(trail[6])

    cut_from(position)
    heads.heads_file().unlink()

    assert verify().is_sound
    assert found(verify([copy])) == ("truncated", position, None)


def test_a_head_is_posted_outside_once(
    trail: list[int], tmp_path: Path, settings: Settings
) -> None:
    copy = tmp_path / "elsewhere.ndjson"
    settings.AUDIT_HEADS_TO = str(copy)

    posted = [posting.post_new(), posting.post_new()]

    assert posted == [True, False]
    assert [one.position for one in heads.read(copy)] == [Head.objects.latest("position").position]


def test_a_place_that_does_not_take_heads_is_told_and_tried_again(
    trail: list[int], tmp_path: Path, settings: Settings
) -> None:
    settings.AUDIT_HEADS_TO = str(tmp_path)  # a folder

    assert not posting.post_new()

    state = ChainState.objects.get()
    assert (state.posted_position, "directory" in state.posting_problem) == (0, True)


def test_the_command_says_by_its_exit_code_and_text_what_it_found(trail: list[int]) -> None:
    sound = StringIO()
    call_command("audit", "verify", stdout=sound)
    owner_runs("DELETE FROM audit_auditentry WHERE id = %s", trail[2])
    told = StringIO()

    with pytest.raises(CommandError) as error:
        call_command("audit", "verify", stdout=told)

    assert "is as it was sealed" in sound.getvalue()
    assert error.value.returncode == 1
    assert f"deleted: entry {trail[2]} at position" in told.getvalue()


def test_a_finding_of_the_portal_itself_stands_in_the_trail(trail: list[int]) -> None:
    owner_runs("DELETE FROM audit_auditentry WHERE id = %s", trail[2])

    with pytest.raises(CommandError):
        call_command("audit", "verify", stdout=StringIO())

    entry = AuditEntry.objects.latest("id")
    assert entry.action == "audit.verify"
    assert entry.after is not None
    assert entry.after["findings"][0].startswith("deleted: ")


def test_after_a_restored_backup_the_heads_are_put_aside_with_a_reason(trail: list[int]) -> None:
    cut_from(position_of(trail[6]))

    call_command("audit", "begin-anew", "--reason", "backup of Monday", stdout=StringIO())
    sealing.seal_new(NOW + timedelta(minutes=1))

    assert verify().is_sound
    entry = AuditEntry.objects.latest("id")
    assert entry.after is not None
    assert entry.after["reason"] == "backup of Monday"
    assert entry.after["findings"][0].startswith("truncated")


def test_the_key_is_kept_to_its_owner_and_not_in_the_database(
    trail: list[int], settings: Settings
) -> None:
    assert settings.AUDIT_KEY_FILE.stat().st_mode & 0o777 == 0o600
    assert list(heads.public_keys()) == [Head.objects.latest("position").key_id]


def test_heads_of_a_key_of_before_stay_genuine(
    trail: list[int], people: People, settings: Settings
) -> None:
    settings.AUDIT_KEY_FILE.unlink()
    record(people.admin, "thing.change")

    sealing.seal_new(NOW + timedelta(minutes=1))

    assert len(heads.public_keys()) == 2
    assert verify().is_sound


def test_a_line_cut_by_a_crash_is_left_out(trail: list[int]) -> None:
    with heads.heads_file().open("ab") as file:
        file.write(orjson.dumps({"position": 999})[:8])

    assert verify().is_sound


def test_sealing_when_nothing_is_new_changes_nothing(trail: list[int]) -> None:
    before = heads.heads_file().read_bytes()

    assert sealing.seal_new(NOW) == 0
    assert heads.heads_file().read_bytes() == before


def test_more_entries_than_one_batch_are_sealed_at_once(people: People, tables: None) -> None:
    waiting = AuditEntry.objects.count() + 1_100
    AuditEntry.objects.bulk_create(
        AuditEntry(actor_label="x", action="thing.change") for _ in range(1_100)
    )

    assert sealing.seal_new(NOW) == waiting
    assert verify().is_sound


@pytest.mark.django_db(transaction=True)
def test_an_entry_committed_late_gets_a_later_place_and_holds_nobody_up(tables: None) -> None:
    sealing.seal_new(timezone.now())
    has_written, may_commit = threading.Event(), threading.Event()
    slow = threading.Thread(target=write_slowly, args=(has_written, may_commit))
    slow.start()
    has_written.wait(10)
    quick = record(None, "thing.quick").pk

    first = sealing.seal_new(timezone.now())
    may_commit.set()
    slow.join()
    second = sealing.seal_new(timezone.now())

    late = AuditEntry.objects.get(action="thing.slow").pk
    assert (first, second) == (1, 1)
    assert late < quick
    assert position_of(late) == position_of(quick) + 1
    assert verify().is_sound


def write_slowly(has_written: threading.Event, may_commit: threading.Event) -> None:
    try:
        with transaction.atomic():
            record(None, "thing.slow")
            has_written.set()
            may_commit.wait(10)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_one_sealer_works_at_a_time(tables: None) -> None:
    sealing.seal_new(timezone.now())
    record(None, "thing.change")
    counts: list[int] = []

    def seal() -> None:
        try:
            counts.append(sealing.seal_new(timezone.now()))
        finally:
            connection.close()

    with transaction.atomic():
        assert sealing._is_only_sealer()
        other = threading.Thread(target=seal)
        other.start()
        other.join()

    assert counts == [0]
    assert sealing.seal_new(timezone.now()) == 1
