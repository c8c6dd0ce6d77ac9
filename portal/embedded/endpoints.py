"""Where the embedded servers of a running portal listen: a file that `up` writes."""

from __future__ import annotations

import json
import os
from pathlib import Path


def file_of(data_dir: Path) -> Path:
    return data_dir / "run" / "endpoints.json"


def read(data_dir: Path) -> dict[str, str]:
    """Return settings such as DATABASE_URL that `up` published; empty while nothing runs."""
    try:
        found = json.loads(file_of(data_dir).read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def write(data_dir: Path, endpoints: dict[str, str]) -> None:
    """Publish atomically, readable by the owner only: the URLs hold passwords."""
    target = file_of(data_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(endpoints, stream)
    draft.replace(target)


def remove(data_dir: Path) -> None:
    file_of(data_dir).unlink(missing_ok=True)
