"""What the chain hashes. Pure: a program elsewhere can compute the same from exported rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

START = "0" * 64
CONTENT = (
    "at", "actor_id", "actor_label", "action", "object_type", "object_id", "object_label", "before",
    "after", "request_id", "address",
)  # fmt: skip


def canonical(row: Mapping[str, Any]) -> bytes:
    """Write an entry's content as JSON: sorted names, no blanks, UTF-8, times in UTC."""
    content = {name: _plain(row[name]) for name in CONTENT}
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()  # fmt: skip


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry's content. Its number is not in it: that stands in `link`."""
    return hashlib.sha256(canonical(row)).hexdigest()


def link(previous: str, position: int, entry_id: int, content: str) -> str:
    """Return the chain's hash at a position, from the hash before and the entry there."""
    return hashlib.sha256(f"{previous}\n{position}\n{entry_id}\n{content}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
