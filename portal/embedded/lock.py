"""One portal a data directory: whoever comes second is told who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path


class AlreadyHeld(Exception):
    """Another process runs on this data directory; the text says which."""


@contextmanager
def held(data_dir: Path, address: str, now: datetime) -> Iterator[None]:
    """Hold the data directory for the length of the block. Raises AlreadyHeld."""
    file = data_dir / "run" / "lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyHeld(_holder(data_dir, file)) from None
        os.truncate(descriptor, 0)
        holder = {"pid": os.getpid(), "since": f"{now:%Y-%m-%d %H:%M:%S} UTC", "address": address}
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(data_dir: Path, file: Path) -> str:
    try:
        holder = json.loads(file.read_text())
        who = f"process {holder['pid']} since {holder['since']}, at {holder['address']}"
    except (ValueError, KeyError):
        who = "another process that is just starting"
    return f"{data_dir} is in use by {who}. Stop it, or set PORTAL_DATA_DIR and PORTAL_PORT."
