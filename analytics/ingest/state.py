"""How far the writer is behind: for the status line, /readyz and the metrics."""

from __future__ import annotations

from datetime import datetime

from analytics.ingest import spool
from analytics.ingest.instruments import spool_batches, spool_bytes, writer_lag
from analytics.ingest.spool import Size, Spool

NOTHING = Size(0, 0, None)


def spool_size() -> Size:
    """Return what waits in the spool. Raises sqlite3.Error when that cannot be read."""
    file = spool.path()
    if not file.exists():
        return NOTHING
    opened = Spool(file)
    try:
        return opened.size()
    finally:
        opened.close()


def lag(now: datetime) -> float:
    """Return the age in seconds of the oldest accepted batch that is not in the engine; 0: none."""
    return age_s(spool_size(), now)


def age_s(size: Size, now: datetime) -> float:
    if size.oldest_at is None:
        return 0.0
    return max(0.0, now.timestamp() - size.oldest_at / 1e6)


def note(opened: Spool, now: datetime) -> None:
    """Put the figures into the metrics."""
    size = opened.size()
    spool_batches.set(size.batches)
    spool_bytes.set(size.bytes)
    writer_lag.set(age_s(size, now))
