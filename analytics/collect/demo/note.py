"""What the demo remembers on disk between its commands: <data dir>/run/demo.json, owner only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Note:
    """`last_day` (ISO) and `days` fix the history: an interrupted load repeats the same events."""

    url: str
    key: str
    source: int
    last_day: str
    days: int
    prefix: str = ""  # of metrics' names
    customers: int = 0
    is_complete: bool = False


def file_of(data_dir: Path) -> Path:
    return data_dir / "run" / "demo.json"


def removed_marker(data_dir: Path) -> Path:
    """Return the file that keeps `up` from loading the demo again after it was removed."""
    return data_dir / "run" / "demo-removed"


def logins_file(data_dir: Path) -> Path:
    return data_dir / "run" / "demo-logins.txt"


def read(data_dir: Path) -> Note | None:
    try:
        return Note(**json.loads(file_of(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(data_dir: Path, note: Note) -> None:
    write_private(file_of(data_dir), json.dumps(asdict(note)))


def write_private(file: Path, text: str) -> None:
    """Replace a file by one that only its owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(file)
