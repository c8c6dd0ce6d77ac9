"""Metrics of a test's own in the engine, and Prometheus's API over them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from rest_framework.test import APIClient

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from tests.conftest import TokenClient
from tests.people import People

# What a sample is: a value, or None for none.
Row = Sequence[float | None]


@pytest.fixture
def program(people: People, call: TokenClient, store_schema: None) -> APIClient:
    """Return a program with a viewer's token that may read."""
    return call(people.viewer, ["read"])


@pytest.fixture
def metric() -> str:
    """Return a metric name that no other test uses: the engine's tables are shared."""
    return f"test_{uuid.uuid4().hex}"


def kept(name: str, series: Mapping[str, Row], *, start_ms: int, step_ms: int) -> None:
    """Keep series of one metric; each is named by its labels: "job=a,instance=1"."""
    found = [Series.of(name, labels(text)) for text in series]
    cells = [
        (row, start_ms + at * step_ms, value)
        for row, values in enumerate(series.values())
        for at, value in enumerate(values)
        if value is not None
    ]
    rows, ts, values = zip(*cells, strict=True)
    write(
        Batch(found, np.array(rows), np.array(ts), np.array(values, np.float64)),
        token=uuid.uuid4().hex,
    )


def labels(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name: value for name, _, value in pairs}
