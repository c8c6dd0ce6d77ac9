"""Samples that were written when a test says."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from analytics.series.identity import Series
from portal.store import client

Point = tuple[datetime, float]


def store(series: Series, points: Sequence[Point], *, at: datetime | None = None) -> None:
    """Put samples into the engine as if they had been written at a moment; else when they were."""
    store_all({series: points}, at=at)


def store_all(given: Mapping[Series, Sequence[Point]], *, at: datetime | None = None) -> None:
    """Put samples of many series into the engine as `store` does."""
    rows = [(one.id, ts, value) for one, points in given.items() for ts, value in points]
    client.insert(
        "samples",
        {
            "series": [number for number, _, _ in rows],
            "ts": [ts for _, ts, _ in rows],
            "value": [value for _, _, value in rows],
            "written_at": [(at or ts).replace(second=0, microsecond=0) for _, ts, _ in rows],
        },
        token=uuid.uuid4().hex,
    )
