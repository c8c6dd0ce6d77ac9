"""What PostgreSQL's files still hold of rows that are gone: dead rows, statistics, its log.

A table written anew keeps the rows that a transaction may still see. So older ones are waited for,
and afterwards PostgreSQL itself says whether it kept any: that, not the waiting, is the proof.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from psycopg.errors import Diagnostic

from portal.audit.personal import holders, remains

WAIT_S = 60.0
POLL_S = 0.1
SWITCHES = 2  # the segment in use, and the one that the first check point wrote into
STATISTICS = "pg_catalog.pg_statistic"

WRITERS_ARE_OVER = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %(xid)s::xid8"
WRITERS = """
SELECT format('process %%s, %%s, in database %%s, since %%s, %%s',
    pid, coalesce(application_name, ''), datname, xact_start, state)
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND age(backend_xid) > age(%(xid)s::xid8::xid)
UNION ALL
SELECT format('prepared transaction %%s in database %%s, since %%s', gid, database, prepared)
FROM pg_prepared_xacts WHERE age(transaction) > age(%(xid)s::xid8::xid)
LIMIT 1"""
# VACUUM without FULL is left out, as PostgreSQL does: it keeps nothing from being removed.
READERS = """
SELECT format('process %%s, %%s, since %%s, %%s',
    pid, coalesce(application_name, ''), xact_start, state)
FROM pg_stat_activity
WHERE (datname = current_database() OR datname IS NULL) AND pid <> pg_backend_pid()
    AND age(backend_xmin) > age(%(xid)s::xid8::xid)
    AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
UNION ALL
SELECT format('replication slot %%s', slot_name)
FROM pg_replication_slots
WHERE greatest(age(xmin), age(catalog_xmin)) > age(%(xid)s::xid8::xid)
LIMIT 1"""


class StillSeen(Exception):
    """A transaction that began earlier may still read rows that are gone, so they have to stay."""


class NotWritten(Exception):
    """PostgreSQL left a table as it was, because it is another account's for instance."""


def tables() -> list[str]:
    """Return the tables of all models that holders answer for."""
    labels = {label for holder in holders for label in holder.covers if "." in label}
    kept = {"audit.AuditEntry"}  # nothing was removed from it, and it may be large
    return sorted(apps.get_model(label)._meta.db_table for label in labels - kept)


def wait_for_older_transactions(cursor: Any) -> None:
    """Wait until nobody can see what was removed: until then a table written anew keeps it.

    First for those that write, in any database of the server: the snapshot that VACUUM FULL itself
    looks through reaches back to the oldest of them. Once they are over, no new snapshot reaches
    back as far, so only then it is known whose are left. Raises StillSeen.
    """
    cursor.execute("SELECT pg_current_xact_id()::text")
    xid, deadline = cursor.fetchone()[0], time.monotonic() + WAIT_S
    while not first(cursor, WRITERS_ARE_OVER, xid):
        pause(deadline, first(cursor, WRITERS, xid) or "one that this account may not see")
    while found := first(cursor, READERS, xid):
        pause(deadline, found)


def first(cursor: Any, sql: str, xid: str) -> Any:
    cursor.execute(sql, {"xid": xid})
    row = cursor.fetchone()
    return row[0] if row else None


def pause(deadline: float, found: str) -> None:
    """Let some time go by. Raises StillSeen."""
    if time.monotonic() > deadline:
        raise StillSeen(f"A transaction still sees what was removed: {found}")
    time.sleep(POLL_S)


def write_anew(cursor: Any, table: str) -> None:
    """Write a table and its statistics anew until it keeps no row that is gone.

    Raises DatabaseError, StillSeen, NotWritten.
    """
    deadline = time.monotonic() + WAIT_S
    while kept := rows_kept(cursor, table):
        pause(deadline, f"{table} keeps {kept} rows that are gone")
        wait_for_older_transactions(cursor)


def rows_kept(cursor: Any, table: str) -> int:
    """Write a table anew; returns how many rows that are gone PostgreSQL had to keep in it.

    Raises DatabaseError, NotWritten.
    """
    with notices(cursor) as told:
        cursor.execute(f"VACUUM (FULL, ANALYZE, VERBOSE) {table}")
    for notice in told:
        # "3 dead row versions cannot be removed yet.", in whatever language
        found = re.match(r"\D*(\d+)\D*(\n|$)", notice.detail)
        if found:
            return int(found[1])
    reasons = [notice.text for notice in told if notice.severity == "WARNING"]
    raise NotWritten(" ".join([f"{table} was not written anew.", *reasons]))


@dataclass(frozen=True)
class Notice:
    severity: str
    text: str
    detail: str


@contextmanager
def notices(cursor: Any) -> Iterator[list[Notice]]:
    """Collect what the server says beside its answers."""
    found: list[Notice] = []

    def note(said: Diagnostic) -> None:  # it is gone after this call
        words = (said.severity_nonlocalized, said.message_primary, said.message_detail)
        found.append(Notice(*(one or "" for one in words)))

    cursor.connection.add_notice_handler(note)
    try:
        yield found
    finally:
        cursor.connection.remove_notice_handler(note)


@dataclass(frozen=True)
class DeadRows:
    kind: str = "postgres"
    label: str = "PostgreSQL's dead rows and log"

    def clear(self) -> str:
        """Write the tables anew, their statistics too, and end the write-ahead log's segments.

        Raises DatabaseError, StillSeen, NotWritten.
        """
        with connection.cursor() as cursor:
            wait_for_older_transactions(cursor)
            for table in tables():
                write_anew(cursor, f'"{table}"')
            done = f"{len(tables())} tables written anew."
            try:
                write_anew(cursor, STATISTICS)
                for _ in range(SWITCHES):
                    cursor.execute("SELECT pg_switch_wal()")
                    cursor.execute("CHECKPOINT")
            except (DatabaseError, NotWritten) as error:
                reason = str(error).splitlines()[0]
                return f"{done} Its log and statistics are its administrator's to clear: {reason}"
        if settings.DATABASE_URL.find("@/") < 0:
            done += " Archived log and replicas are its administrator's."
        return f"{done} Its write-ahead log begins anew."


remains.add(DeadRows())
