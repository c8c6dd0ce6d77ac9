"""Series of one's own in the engine's shared tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.series.identity import Series
from analytics.series.samples import Samples
from analytics.series.writing import Batch, write
from portal.store import client

# Old samples are dropped by the engine, so the past has to be near.
T0 = int(
    (datetime.now(tz=UTC) - timedelta(days=2))
    .replace(minute=0, second=0, microsecond=0)
    .timestamp()
    * 1000
)
Rows = Iterable[tuple[int, float]]


@pytest.fixture(scope="session", autouse=True)
def engine_tables(store_schema: None) -> None:
    """Apply the DDL where the suite's start has not."""


@pytest.fixture
def metric() -> str:
    """Return a metric name that no other test uses: the engine's tables are shared."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def no_samples(store_schema: None) -> None:
    """Forget all samples: what is downsampled is what a test wrote."""
    for table in ("samples", "samples_5m", "samples_1h"):
        client.command(f"TRUNCATE TABLE {table}")


def keep(given: Mapping[Series, Rows], token: str = "") -> None:
    """Write samples: seconds after T0 and value."""
    series = list(given)
    flat = [(row, T0 + s * 1000, v) for row, one in enumerate(series) for s, v in given[one]]
    rows, ts, values = zip(*flat, strict=True)
    batch = Batch(
        series, np.array(rows, np.int64), np.array(ts, np.int64), np.array(values, np.float64)
    )
    write(batch, token=token or uuid.uuid4().hex)


def rows_of(samples: Samples) -> dict[Series, list[tuple[int, float]]]:
    """Return samples as they were given to `keep`."""
    found, start = {}, 0
    for series, end in zip(samples.series, samples.ends.tolist(), strict=True):
        seconds = ((samples.ts[start:end] - T0) // 1000).tolist()
        found[series] = list(zip(seconds, samples.values[start:end].tolist(), strict=True))
        start = end
    return found
