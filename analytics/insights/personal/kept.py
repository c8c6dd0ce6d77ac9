"""Rows of closed days that are kept beside the engine (docs/fast-forms.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from analytics.insights.kept import room
from analytics.insights.kept.reading import shelf
from portal.audit.personal import Subject, Turn, holders
from portal.store.models import Epoch


def outdated() -> list[Path]:
    """Return the files that no question takes any more: any of them may hold the person's rows."""
    current = shelf(Epoch.current().rewrites).folder
    found: Path = settings.DATA_DIR / "kept"
    return [file for file in found.rglob("*") if file.is_file() and current not in file.parents]


@dataclass(frozen=True)
class Kept:
    """The writer has moved the epoch by then, so that all that is old is out of date."""

    kind: str = "kept_rows"
    label: str = "Files of rows of closed days"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("kept/",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        """Count them all before, and what is left of them after."""
        return len(outdated())

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        return iter(())  # copies of columns of the events, by number

    def erase(self, subject: Subject) -> None:
        room.make_room()


holders.add(Kept())
