"""Series are found in every range in which they have samples, in whatever order these came."""

from __future__ import annotations

import uuid

import numpy as np

from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from analytics.series.writing import Batch, write
from tests.series.conftest import T0

MINUTE = 60_000


def test_a_series_is_found_before_what_was_told_of_it_first(metric: str) -> None:
    one = Series.of(metric, {"a": "b"})
    for ts in (T0, T0 - 50 * MINUTE):
        rows = Batch([one], np.zeros(1, np.int64), np.array([ts]), np.array([1.0]))
        write(rows, token=uuid.uuid4().hex)

    matchers = [Matcher("__name__", "=", metric)]
    found = EngineStorage().select(matchers, T0 - 60 * MINUTE, T0 - 30 * MINUTE)

    assert found.ts.tolist() == [T0 - 50 * MINUTE]
