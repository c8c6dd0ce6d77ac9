"""Keep what is kept within bounds: old folders go, then the selections that were used least."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from analytics.insights.kept.reading import shelf
from portal.store.models import Epoch


@dataclass(frozen=True)
class Shelved:
    """A selection's folder: how large it is, and when it was used last (POSIX time)."""

    folder: Path
    size_bytes: int
    used_at: float


def make_room() -> int:
    """Delete what is out of date or too much; returns the bytes that were freed.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    current = shelf(Epoch.current().rewrites).folder
    found = settings.DATA_DIR / "kept"
    freed = 0
    for folder in found.glob("*-*") if found.exists() else ():
        if folder != current:
            freed += size_of(folder)
            shutil.rmtree(folder, ignore_errors=True)
    shelved = [shelved_at(folder) for folder in current.glob("*/")]
    left = sum(one.size_bytes for one in shelved)
    for one in sorted(shelved, key=lambda one: one.used_at):
        if left <= settings.KEPT_MAX_BYTES:
            break
        shutil.rmtree(one.folder, ignore_errors=True)
        left -= one.size_bytes
        freed += one.size_bytes
    return freed


def shelved_at(folder: Path) -> Shelved:
    return Shelved(folder, size_of(folder), folder.stat().st_mtime)


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
