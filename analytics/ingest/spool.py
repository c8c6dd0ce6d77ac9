"""Accepted batches on disk until the engine has them, and the writer's journal beside them.

One SQLite file: what is committed survives kill -9 and loss of power. docs/decisions/0002 says why.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import orjson
from django.conf import settings

SHRINK_BYTES = 64 << 20
KEEP_OUTCOMES = 100_000
ALL = 2**62
SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL,
    events INTEGER NOT NULL, wants_outcome INTEGER NOT NULL, expanded INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS rejections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL,
    received_at INTEGER NOT NULL, entries BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS plans (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, token TEXT NOT NULL, kept BLOB NOT NULL,
    narrowed TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS outcomes (
    number INTEGER PRIMARY KEY, written INTEGER NOT NULL, duplicates INTEGER NOT NULL,
    refused INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS samples (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL,
    received_at INTEGER NOT NULL, samples INTEGER NOT NULL, body BLOB NOT NULL,
    told BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS pushes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL,
    received_at INTEGER NOT NULL, push BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Kept(Protocol):
    """Something that can be kept: it writes itself within the spool's transaction."""

    @property
    def size(self) -> int: ...

    def write(self, db: sqlite3.Connection) -> int: ...


class SpoolFull(Exception):
    """The disk cannot take the batch; nothing of it is kept."""


@dataclass(frozen=True)
class Entry:
    """One batch to keep: its packed rows, and what was rejected of it, as JSON."""

    source: int
    received_at: int
    events: int
    body: bytes
    expanded: int = 0  # bytes that the rows take in memory
    rejections: bytes = b""
    wants_outcome: bool = False

    def write(self, db: sqlite3.Connection) -> int:
        """Insert the batch and what was rejected of it; returns the batch's number."""
        number = self._insert(db) if self.events else 0
        if self.rejections:
            db.execute(
                "INSERT INTO rejections (source, received_at, entries) VALUES (?, ?, ?)",
                (self.source, self.received_at, self.rejections),
            )
        return number

    def _insert(self, db: sqlite3.Connection) -> int:
        done = db.execute(
            "INSERT INTO batches (received_at, events, wants_outcome, expanded, body)"
            " VALUES (?, ?, ?, ?, ?)",
            (self.received_at, self.events, self.wants_outcome, self.expanded, self.body),
        )
        return int(done.lastrowid or 0)

    @property
    def size(self) -> int:
        """Return how many bytes wait in memory until they are on disk."""
        return len(self.body) + len(self.rejections)


@dataclass(frozen=True)
class Batch:
    """One batch as the writer takes it."""

    number: int
    received_at: int
    events: int
    wants_outcome: bool
    body: bytes


@dataclass(frozen=True)
class Plan:
    """What the writer is about to insert: these batches less the rows not `kept`.

    Once the engine has refused the whole, `narrowed` says which ranges of the kept rows are still
    to be tried, and which single rows were refused, with the reason.
    """

    first: int
    last: int
    token: str
    kept: bytes  # one byte a row, 1 or 0
    narrowed: Narrowed | None = None


@dataclass(frozen=True)
class Narrowed:
    """The search for the rows that the engine refuses."""

    ranges: list[tuple[int, int]]
    refused: dict[int, str]

    def as_json(self) -> str:
        return orjson.dumps([self.ranges, list(self.refused.items())]).decode()

    @classmethod
    def from_json(cls, text: str) -> Narrowed:
        ranges, refused = orjson.loads(text)
        return cls([(low, high) for low, high in ranges], dict(refused))


@dataclass(frozen=True)
class Outcome:
    number: int
    written: int
    duplicates: int
    refused: int


@dataclass(frozen=True)
class Size:
    batches: int
    bytes: int
    oldest_at: int | None  # microseconds since 1970


def path() -> Path:
    found: Path = settings.DATA_DIR / "spool" / "events.sqlite3"
    return found


LOCKED_AT_MOST_S = 20.0
PRAGMAS = (
    "page_size=8192",
    "auto_vacuum=INCREMENTAL",
    "journal_mode=WAL",
    "synchronous=FULL",
    "journal_size_limit=67108864",
)


class Spool:
    """One connection to the spool, to be used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            file, timeout=LOCKED_AT_MOST_S, isolation_level=None, check_same_thread=False
        )
        file.chmod(0o600)
        self._configure()
        self._db.executescript(SCHEMA)
        self._add_missing_column()
        self._db.execute(
            "INSERT OR IGNORE INTO about VALUES ('spool_id', ?)", (secrets.token_hex(8),)
        )
        self.id = str(self._one("SELECT value FROM about WHERE name = 'spool_id'")[0])

    def _configure(self) -> None:
        """Set the modes; SQLite does not wait by itself when two processes open a new file."""
        deadline = time.monotonic() + LOCKED_AT_MOST_S
        while True:
            try:
                for pragma in PRAGMAS:
                    self._db.execute(f"PRAGMA {pragma}")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def close(self) -> None:
        self._db.close()

    def _add_missing_column(self) -> None:
        """Bring a spool that an earlier version began up to date."""
        names = {row[1] for row in self._db.execute("PRAGMA table_info(batches)")}
        if "expanded" not in names:
            self._db.execute("ALTER TABLE batches ADD COLUMN expanded INTEGER NOT NULL DEFAULT 0")

    def _one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._db.execute(sql, values).fetchone()
        return row

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit at the end, with everything on disk. Raises SpoolFull."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR")):
                raise SpoolFull("The disk is full.") from error
            raise

    # What the door does

    def append(self, entries: Sequence[Kept]) -> list[int]:
        """Keep entries durably, in one commit; returns their numbers. Raises SpoolFull."""
        with self.transaction() as db:
            return [entry.write(db) for entry in entries]

    def outcomes(self, numbers: Sequence[int]) -> list[Outcome]:
        """Return what became of batches that wanted to know, as far as they are written."""
        marks = ",".join("?" * len(numbers))
        rows = self._db.execute(f"SELECT * FROM outcomes WHERE number IN ({marks})", numbers)
        return [Outcome(*row) for row in rows]

    # What the writer does

    def batches(
        self, *, after: int = 0, up_to: int = ALL, max_events: int = ALL, max_bytes: int = ALL
    ) -> list[Batch]:
        """Return the oldest batches: at least one, at most `max_events` and `max_bytes` of them."""
        found: list[Batch] = []
        events = size = 0
        rows = self._db.execute(
            "SELECT number, received_at, events, wants_outcome, expanded, body FROM batches"
            " WHERE number > ? AND number <= ? ORDER BY number", (after, up_to),
        )  # fmt: skip
        for number, received_at, count, wants_outcome, expanded, body in rows:
            if found and (events + count > max_events or size + expanded > max_bytes):
                break
            found.append(Batch(number, received_at, count, bool(wants_outcome), body))
            events += count
            size += expanded
        rows.close()
        return found

    def plan(self) -> Plan | None:
        """Return what was about to be inserted and is not confirmed yet."""
        row = self._one("SELECT first, last, token, kept, narrowed FROM plans ORDER BY first")
        if not row:
            return None
        first, last, token, kept, narrowed = row
        return Plan(first, last, token, kept, Narrowed.from_json(narrowed) if narrowed else None)

    def write_plan(self, plan: Plan) -> None:
        with self.transaction() as db:
            db.execute(
                "INSERT INTO plans (first, last, token, kept) VALUES (?, ?, ?, ?)",
                (plan.first, plan.last, plan.token, plan.kept),
            )

    def narrow(self, plan: Plan, narrowed: Narrowed | None) -> None:
        """Note how far the search for refused rows has come."""
        text = narrowed.as_json() if narrowed else ""
        with self.transaction() as db:
            db.execute("UPDATE plans SET narrowed = ? WHERE first = ?", (text, plan.first))

    def finish(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        """Forget the plan and its batches: the engine has them."""
        with self.transaction() as db:
            db.execute("DELETE FROM batches WHERE number BETWEEN ? AND ?", (plan.first, plan.last))
            db.execute("DELETE FROM plans WHERE first = ?", (plan.first,))
            db.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?)",
                [(one.number, one.written, one.duplicates, one.refused) for one in outcomes],
            )
            if outcomes:
                oldest = outcomes[-1].number - KEEP_OUTCOMES
                db.execute("DELETE FROM outcomes WHERE number < ?", (oldest,))

    def rejections(self, limit: int = 100) -> list[tuple[int, int, int, bytes]]:
        """Return the oldest rejections: number, source, received at, entries as JSON."""
        rows = self._db.execute("SELECT * FROM rejections ORDER BY number LIMIT ?", (limit,))
        return list(rows.fetchall())

    def rejected(self) -> Iterator[dict[str, Any]]:
        """Give each rejected event that waits for the quarantine."""
        for (entries,) in self._db.execute("SELECT entries FROM rejections ORDER BY number"):
            yield from orjson.loads(entries)

    def forget_rejections(self, up_to: int) -> None:
        with self.transaction() as db:
            db.execute("DELETE FROM rejections WHERE number <= ?", (up_to,))

    def last_number(self) -> int:
        """Return the number of the newest batch that was ever kept."""
        found = self._one(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'batches'"
        )
        return int(found[0])

    def first_number(self) -> int | None:
        """Return the number of the oldest batch that waits."""
        found: int | None = self._one("SELECT min(number) FROM batches")[0]
        return found

    def scrub(self) -> None:
        """Leave nothing of deleted rows in the file or beside it: free pages, write-ahead log."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def shrink(self) -> None:
        """Give a burst's room back to the disk."""
        if self._free_bytes() > SHRINK_BYTES:
            # execute() would free a single page: it takes one step of a statement without rows.
            self._db.executescript("PRAGMA incremental_vacuum")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # What everybody may ask

    def used_bytes(self) -> int:
        """Return how much of the file is in use, without reading it."""
        pages, size = self._one("PRAGMA page_count")[0], self._one("PRAGMA page_size")[0]
        return int(pages * size) - self._free_bytes()

    def _free_bytes(self) -> int:
        return int(self._one("PRAGMA freelist_count")[0] * self._one("PRAGMA page_size")[0])

    def size(self) -> Size:
        """Return what waits: batches of events, the whole file, and since when anything does."""
        first, last = self._one("SELECT min(number), max(number) FROM batches")
        ages = [at for table in ("batches", "samples") if (at := self.oldest_at(table)) is not None]
        batches = 0 if first is None else last - first + 1
        return Size(batches, self.used_bytes(), min(ages, default=None))

    def oldest_at(self, table: Literal["batches", "samples"]) -> int | None:
        """Return when the oldest entry of a table came, in microseconds since 1970."""
        row = self._one(f"SELECT received_at FROM {table} ORDER BY number LIMIT 1")
        return row[0] if row else None

    def note(self, name: str, value: str | None) -> None:
        """Keep a word about the spool itself; None forgets it."""
        with self.transaction() as db:
            if value is None:
                db.execute("DELETE FROM about WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str | None:
        row = self._one("SELECT value FROM about WHERE name = ?", (name,))
        return str(row[0]) if row else None

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a SELECT of whoever has a table here."""
        return list(self._db.execute(sql, values).fetchall())
