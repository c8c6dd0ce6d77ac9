"""Accepted batches on disk until the engine has them, and the writer's journal beside them.

One SQLite file: what is committed survives kill -9 and loss of power. docs/decisions/0002 says why.
"""

from __future__ import annotations

import queue
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

MAX_GROUP_BYTES = 32 << 20
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
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


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
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Keep batches durably, in one commit; returns their numbers. Raises SpoolFull."""
        numbers = []
        with self._transaction() as db:
            for entry in entries:
                numbers.append(self._insert(db, entry) if entry.events else 0)
                if entry.rejections:
                    db.execute(
                        "INSERT INTO rejections (source, received_at, entries) VALUES (?, ?, ?)",
                        (entry.source, entry.received_at, entry.rejections),
                    )
        return numbers

    def _insert(self, db: sqlite3.Connection, entry: Entry) -> int:
        done = db.execute(
            "INSERT INTO batches (received_at, events, wants_outcome, expanded, body)"
            " VALUES (?, ?, ?, ?, ?)",
            (entry.received_at, entry.events, entry.wants_outcome, entry.expanded, entry.body),
        )
        return int(done.lastrowid or 0)

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
        with self._transaction() as db:
            db.execute(
                "INSERT INTO plans (first, last, token, kept) VALUES (?, ?, ?, ?)",
                (plan.first, plan.last, plan.token, plan.kept),
            )

    def narrow(self, plan: Plan, narrowed: Narrowed | None) -> None:
        """Note how far the search for refused rows has come."""
        text = narrowed.as_json() if narrowed else ""
        with self._transaction() as db:
            db.execute("UPDATE plans SET narrowed = ? WHERE first = ?", (text, plan.first))

    def finish(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        """Forget the plan and its batches: the engine has them."""
        with self._transaction() as db:
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

    def forget_rejections(self, up_to: int) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM rejections WHERE number <= ?", (up_to,))

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
        first, last = self._one("SELECT min(number), max(number) FROM batches")
        if first is None:
            return Size(0, self.used_bytes(), None)
        (oldest,) = self._one("SELECT received_at FROM batches WHERE number = ?", (first,))
        return Size(last - first + 1, self.used_bytes(), oldest)


class Committer:
    """One thread that puts everything which came during the last fsync into the next."""

    def __init__(self, file: Path) -> None:
        self._spool = Spool(file)
        self._file = file
        self._queue: queue.SimpleQueue[tuple[Entry, Future[int]] | None] = queue.SimpleQueue()
        self._room_until = 0.0
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> Future[int]:
        """Keep a batch; the future has its number once it is on disk, or raises SpoolFull."""
        future: Future[int] = Future()
        self._queue.put((entry, future))
        return future

    def close(self) -> None:
        """Commit what waits, and end."""
        self._queue.put(None)
        self._thread.join()
        self._spool.close()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = self._group(first)
            self._commit(group)
            if is_last:
                return

    def _group(
        self, first: tuple[Entry, Future[int]]
    ) -> tuple[list[tuple[Entry, Future[int]]], bool]:
        """Take what waits, up to MAX_GROUP_BYTES."""
        group, size = [first], len(first[0].body)
        while size < MAX_GROUP_BYTES:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group.append(item)
            size += len(item[0].body)
        return group, False

    def _commit(self, group: list[tuple[Entry, Future[int]]]) -> None:
        try:
            self._check_room()
            numbers = self._spool.append([entry for entry, _ in group])
        except Exception as error:  # noqa: BLE001  # every waiting request must hear of it
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), number in zip(group, numbers, strict=True):
            future.set_result(number)

    def _check_room(self) -> None:
        """Refuse before the disk is full: the servers beside us need room, too."""
        if time.monotonic() < self._room_until:
            return
        check_room(self._file, self._spool)
        self._room_until = time.monotonic() + 0.5


def check_room(file: Path, spool: Spool) -> None:
    """Raise SpoolFull when the spool's cap or the disk's reserve is reached."""
    if spool.used_bytes() > settings.SPOOL_MAX_BYTES:
        raise SpoolFull("The intake spool has reached its limit; the writer is behind.")
    if shutil.disk_usage(file.parent).free < settings.DISK_RESERVE_BYTES:
        raise SpoolFull("The disk is nearly full.")
