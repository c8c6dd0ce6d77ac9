"""PostgreSQL's tables after an erasure (analytics.privacy.personal.postgres)."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from analytics.insights.models import Annotation
from analytics.privacy.personal import postgres
from portal.lib import clock
from tests.running import eventually
from tests.servers import SERVERS

pytestmark = pytest.mark.django_db(transaction=True)
CLUSTER = Path(os.environ[SERVERS]) / "postgres"
embedded = pytest.mark.skipif(not CLUSTER.exists(), reason="the servers are not embedded")


@contextmanager
def writing_elsewhere() -> Iterator[psycopg.Connection[Any]]:
    """Begin a transaction in another database of the same server, and write in it."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        assert other.info.dbname != connection.settings_dict["NAME"]
        other.execute("SELECT pg_current_xact_id()")
        yield other
        other.rollback()


TABLE = Annotation._meta.db_table


def plant_and_remove() -> str:
    """Leave a dead row in TABLE; returns a mark that only this one has."""
    now, mark = clock.now(), uuid.uuid4().hex
    note = Annotation.objects.create(text=f"Call {mark}", at=now, created_at=now, updated_at=now)
    note.delete()
    return mark


def files_with(mark: str) -> set[str]:
    """Return the files of this database that hold a mark."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT oid::text FROM pg_database WHERE datname = current_database()")
        folder = CLUSTER / "base" / cursor.fetchone()[0]
    return {file.name for file in folder.iterdir() if mark.encode() in file.read_bytes()}


def file_of(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode(%s::regclass)::text", [table])
        return str(cursor.fetchone()[0])


class Doing(threading.Thread):
    """Something done with a connection of its own; `finished` gives what went wrong back."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__()
        self.what = what
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.what()
        except BaseException as error:  # noqa: BLE001  # handed on
            self.error = error
        finally:
            connections.close_all()

    def finished(self) -> None:
        self.join(timeout=30)
        assert not self.is_alive()
        if self.error:
            raise self.error


def test_whoever_may_still_see_what_was_removed_is_waited_for_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "WAIT_S", 0.2)
    other = connections.create_connection("default")
    with other.cursor() as reading:
        reading.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reading.execute("SELECT pg_backend_pid(), count(*) FROM accounts_user")
        pid = reading.fetchone()[0]
        with connection.cursor() as writing:
            writing.execute("SELECT pg_current_xact_id()")  # as whoever removes something later
        with pytest.raises(postgres.StillSeen, match=f"process {pid}"):
            postgres.DeadRows().clear()
        reading.execute("COMMIT")
    other.close()

    monkeypatch.undo()
    assert "written anew" in postgres.DeadRows().clear()
    assert connection.is_usable()


def test_who_writes_in_another_database_is_waited_for_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "WAIT_S", 0.2)
    with writing_elsewhere() as other:
        plant_and_remove()

        words = f"process {other.info.backend_pid}, .*in database {other.info.dbname}"
        with pytest.raises(postgres.StillSeen, match=words):
            postgres.DeadRows().clear()


@embedded
def test_nothing_is_left_in_the_files_though_another_database_was_written_to_meanwhile() -> None:
    with writing_elsewhere() as other:
        mark = plant_and_remove()
        assert files_with(mark)
        clearing = Doing(postgres.DeadRows().clear)
        eventually(somebody_waits, within_s=20, what="it is waiting")
        other.rollback()
        clearing.finished()

    assert files_with(mark) == set()


def somebody_waits() -> bool:
    """Tell whether another session asked just now who still writes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s",
            ["%pg_prepared_xacts%"],
        )
        return bool(cursor.fetchone()[0])


@embedded
def test_a_table_that_had_to_keep_rows_is_written_anew_once_more() -> None:
    with writing_elsewhere() as other:
        mark, before = plant_and_remove(), file_of(TABLE)

        def write() -> None:
            with connection.cursor() as cursor:  # nobody waited before this
                postgres.write_anew(cursor, TABLE)

        writing = Doing(write)
        eventually(lambda: file_of(TABLE) != before, within_s=20, what="it was written anew")
        kept = files_with(mark)
        assert file_of(TABLE) in kept
        other.rollback()
        writing.finished()

    assert files_with(mark).isdisjoint({*kept, file_of(TABLE)})


def test_a_table_that_postgresql_skips_is_not_said_to_be_clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_in_particular")
        try:
            cursor.execute("SET ROLE nobody_in_particular")
            with pytest.raises(postgres.NotWritten, match="permission denied"):
                postgres.write_anew(cursor, "accounts_user")
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE nobody_in_particular")
