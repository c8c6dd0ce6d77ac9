"""How the portal is, in one line that every page shows."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from analytics.collect import processes, scrape
from analytics.collect.health import standing
from analytics.ingest import state

KEPT_S = 2.0
PATIENCE_S = 0.5
WORKERS = frozenset({"web", "writer", "worker"})


@dataclass(frozen=True)
class Status:
    """`as_of`: what was accepted before is in every answer. Lag None: not known."""

    as_of: datetime
    intake_lag_s: float | None
    workers: int
    engine_ok: bool
    failing: int = 0  # health checks


class _Kept:
    """One status for everybody who asks within KEPT_S; not in Valkey, which may be away."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.read_at = float("-inf")
        self.status: Status | None = None


_kept = _Kept()


def current(now: datetime) -> Status:
    """Return the status, at most KEPT_S old. Answers whatever is down."""
    with _kept.lock:
        if _kept.status is None or time.monotonic() - _kept.read_at > KEPT_S:
            _kept.status = read(now)
            _kept.read_at = time.monotonic()
        return _kept.status


def read(now: datetime) -> Status:
    lag_s = intake_lag_s(now)
    return Status(
        as_of=now - timedelta(seconds=lag_s or 0),
        intake_lag_s=lag_s,
        workers=sum(child.name in WORKERS for child in processes.living(settings.DATA_DIR)),
        engine_ok=scrape.is_answering(settings.CLICKHOUSE_URL, timeout_s=PATIENCE_S),
        failing=sum(not one.is_up for one in standing.read() if one.is_current(now)),
    )


def intake_lag_s(now: datetime) -> float | None:
    try:
        return state.lag(now)
    except (sqlite3.Error, OSError):
        return None
