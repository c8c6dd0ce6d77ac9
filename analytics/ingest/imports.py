"""Import a file of events through the running portal's own spool, and learn what became of it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from analytics.ingest import columns, committing, files, spool
from analytics.ingest.erased import ErasedIds
from analytics.ingest.events import KNOWN, Arrival, Reader
from analytics.ingest.files import Line, Mapping, Progress
from analytics.ingest.models import Source
from analytics.ingest.scrubbers import Scrubbers
from analytics.ingest.spool import Entry, Spool
from portal.lib import clock

CHUNK = 5_000
MAX_PENDING = 20  # chunks that wait for the writer: what comes through the door is not held up
PATIENCE_S = 90.0
POLL_S = 0.05


class NotWritten(Exception):
    """The import cannot go on; the text says why and what to do."""


@dataclass
class Counts:
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0

    @property
    def read(self) -> int:
        return self.accepted + self.duplicate + self.rejected


@dataclass
class Importer:
    """Feeds chunks to the spool and counts what the writer made of them."""

    spool: Spool
    source: Source
    show: Callable[[float, Counts], None]
    counts: Counts = field(default_factory=Counts)
    rejected_file: Path | None = None
    erased: ErasedIds = field(default_factory=ErasedIds)
    scrubbers: Scrubbers = field(default_factory=Scrubbers)
    _pending: set[int] = field(default_factory=set)

    def import_file(self, file: Path, mapping: Mapping) -> None:
        """Import one file. Raises NotWritten, files.UnknownFormat, OSError."""
        self.erased.load()
        self.scrubbers.load()
        occurrences: dict[bytes, int] = {}
        digest = digest_of(file)
        with files.opened(file, mapping) as (lines, progress), Rejects(file) as rejects:
            while chunk := list(islice(lines, CHUNK)):
                self._take(chunk, digest, occurrences, rejects)
                self._wait(MAX_PENDING, progress)
            self._wait(0, progress)
            self.rejected_file = rejects.file

    def _take(
        self, chunk: list[Line], digest: bytes, occurrences: dict[bytes, int], rejects: Rejects
    ) -> None:
        now_us = int(clock.now().timestamp() * 1e6)
        source = self.source
        arrival = Arrival(source.pk, source.service, source.environment, now_us, lambda: digest)
        reader = Reader(arrival, occurrences)
        scrubber = self.scrubbers.of(source.pk)
        if scrubber is not None:
            scrubber.scrub(line.event for line in chunk)
        for line in chunk:
            if line.problem is not None:
                rejects.add(line.number, line.event, line.problem.field, line.problem.message)
            elif not reader.read(line.number, line.event):
                problem = reader.rejections[-1]
                rejects.add(line.number, line.event, problem.field, problem.message)
        refused = self.erased.refuse(reader.rows)
        for why in refused.values():
            rejects.add(why.index, None, why.field, why.message)
        count = len(reader.rows) - len(refused)
        self.counts.rejected += len(chunk) - count
        if count:
            keep = [place not in refused for place in range(len(reader.rows))]
            body, expanded = columns.pack(reader.rows, arrival, keep if refused else None)
            entry = Entry(source.pk, now_us, count, body, expanded, wants_outcome=True)
            self._pending.update(self._append(entry))

    def _append(self, entry: Entry) -> list[int]:
        """Keep a chunk; wait while the spool is full."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                committing.check_room(spool.path(), self.spool)
                return self.spool.append([entry])
            except spool.SpoolFull as error:
                if time.monotonic() > deadline:
                    raise NotWritten(f"{error} Start the import again later.") from error
            time.sleep(POLL_S)

    def _wait(self, pending: int, progress: Progress) -> None:
        """Wait until at most so many chunks are not written yet."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if self._collect():
                deadline = time.monotonic() + PATIENCE_S
            self.show(progress.share(), self.counts)
            if len(self._pending) <= pending:
                return
            if time.monotonic() > deadline:
                raise NotWritten(
                    "The writer does not take the events. They are in the spool and will be"
                    " written; look at the portal's log, and import again to see the counts."
                )
            time.sleep(POLL_S)

    def _collect(self) -> bool:
        """Count the chunks that are written; False when there are none."""
        found = self.spool.outcomes(sorted(self._pending))
        for outcome in found:
            self._pending.discard(outcome.number)
            self.counts.accepted += outcome.written
            self.counts.duplicate += outcome.duplicates
            self.counts.rejected += outcome.refused
        return bool(found)


class Rejects:
    """What was not taken, with the reason: one JSON object a line, beside the file."""

    def __init__(self, file: Path) -> None:
        self._wanted = file.with_name(f"{file.name}.rejected.ndjson")
        self._stream: IO[bytes] | None = None
        self.file: Path | None = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, number: int, event: Any, field: str, message: str) -> None:
        if self._stream is None:
            self._stream = self._open()
        try:
            shown = orjson.dumps(event)
        except TypeError:
            shown = b"null"
        entry = {
            "line": number,
            "field": field,
            "message": message,
            "event": orjson.Fragment(shown),
        }
        self._stream.write(orjson.dumps(entry) + b"\n")

    def _open(self) -> IO[bytes]:
        """Write beside the file; where that is not allowed, into the data directory."""
        try:
            stream = self._wanted.open("wb")
        except OSError:
            folder: Path = settings.DATA_DIR / "rejected"
            folder.mkdir(parents=True, exist_ok=True)
            self._wanted = folder / self._wanted.name
            stream = self._wanted.open("wb")
        self.file = self._wanted
        return stream


def digest_of(file: Path) -> bytes:
    """Hash a file: it tells lines apart that have neither id nor timestamp."""
    digest = blake2b(digest_size=16)
    with file.open("rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            digest.update(piece)
    return digest.digest()


def writer_runs() -> bool:
    """Tell whether a writer holds the lock of this data directory."""
    file = spool.path().with_name("writer.lock")
    if not file.exists():
        return False
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def mapping_of(texts: list[str]) -> Mapping:
    """Read `column=field` and `column=properties.name:type`. Raises ValueError."""
    return dict(parsed(text) for text in texts)


def parsed(text: str) -> tuple[str, tuple[str, str]]:
    column, mark, target = text.partition("=")
    name, _, kind = target.partition(":")
    is_known = name in KNOWN or name.startswith(files.PROPERTY)
    if not mark or not column or not is_known or kind not in ("", "string", "number", "boolean"):
        known = ", ".join(sorted(KNOWN))
        raise ValueError(
            f"{text!r} should be COLUMN=FIELD; fields are {known} and properties.NAME,"
            " which may end in :string, :number or :boolean."
        )
    return column, (name, kind)
