"""Files of the data directory: exports, the log, e-mail that was written to files, rejected lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any

from django.conf import settings

from analytics.ingest.models import PersonRequest
from analytics.ingest.subjects import ids_of, reference
from analytics.privacy import exporting
from portal.audit.personal import Subject, Turn, holders

FOLDERS = ("log", "outbox", "rejected")


def files_in(folder: str) -> list[Path]:
    found: Path = settings.DATA_DIR / folder
    return sorted(file for file in found.rglob("*") if file.is_file()) if found.exists() else []


def places(file: Path, names: Sequence[bytes]) -> Iterator[re.Match[bytes]]:
    """Find the names in a file, wherever they stand."""
    if not names or not file.stat().st_size:
        return
    wanted = re.compile(b"|".join(map(re.escape, names)))
    with file.open("r+b") as opened, mmap(opened.fileno(), 0) as held:
        yield from wanted.finditer(held)


@dataclass(frozen=True)
class Folder:
    """Text files in which names are overwritten in place: others go on writing at their end."""

    kind: str
    label: str
    folder: str
    turn: Turn = Turn.WORKER
    stays: str = ""

    @property
    def covers(self) -> Sequence[str]:
        return (f"{self.folder}/",)

    def count(self, subject: Subject) -> int:
        names = subject.as_written
        return sum(1 for file in files_in(self.folder) for _ in places(file, names))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        names = subject.as_written
        for file in files_in(self.folder):
            if found := sum(1 for _ in places(file, names)):
                yield {
                    "file": f"{self.folder}/{file.name}",
                    "named": found,
                    "lines": list(lines(file, names)),
                }

    def erase(self, subject: Subject) -> None:
        names = subject.as_written
        for file in files_in(self.folder):
            spans = [found.span() for found in places(file, names)]
            with file.open("r+b") as opened:
                for start, end in spans:
                    opened.seek(start)
                    opened.write(b"*" * (end - start))


def lines(file: Path, names: Sequence[bytes]) -> Iterator[str]:
    with file.open("rb") as opened:
        for line in opened:
            if any(name in line for name in names):
                yield line.decode("utf-8", "replace").rstrip("\n")


@dataclass(frozen=True)
class Exports:
    """What was handed out of the person before."""

    kind: str = "exports"
    label: str = "Files of exports"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("exports/",)
    stays: str = ""

    def _of(self, subject: Subject) -> Iterator[PersonRequest]:
        asked = set(map(reference, ids_of(subject)))
        for one in PersonRequest.objects.exclude(file="").order_by("pk"):
            if asked & set(one.references):
                yield one

    def count(self, subject: Subject) -> int:
        return sum(1 for _ in self._of(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject):
            yield {"requested_at": one.requested_at, "size_bytes": one.size_bytes}

    def erase(self, subject: Subject) -> None:
        for one in self._of(subject):
            exporting.forget_file(one)


holders.add(Exports())
holders.add(Folder("log", "The portal's log", "log"))
holders.add(Folder("outbox", "E-mail written to files", "outbox"))
holders.add(Folder("rejected", "Rejected lines of imports", "rejected"))
