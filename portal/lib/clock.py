"""The clock, read at the edge only: views, tasks, commands and loops pass `now` inwards."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(tz=UTC)
