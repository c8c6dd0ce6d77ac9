"""Reads as of one moment are done once, for whoever asks at about the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.series import together
from analytics.series.together import Reads
from portal.lib import clock
from portal.store.query import Query

pytestmark = pytest.mark.usefixtures("store_schema")
NEXT = Query("SELECT rand64() AS n, {which:UInt8} AS which", {"which": 1})
NOW = clock.now()


def number(reads: Reads, query: Query = NEXT, as_of: datetime = NOW) -> int:
    return int(np.asarray(reads.read(as_of, query).columns["n"])[0])


def test_whoever_asks_as_of_the_same_moment_has_the_same_answer() -> None:
    reads = Reads()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: number(reads), range(8)))

    assert len(found) == 1
    assert number(reads) in found
    assert number(reads, as_of=NOW + timedelta(seconds=1)) not in found
    assert number(reads, Query(NEXT.sql, {"which": 2})) not in found


def test_who_asks_later_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads()
    first = number(reads)

    monkeypatch.setattr(together, "TOGETHER_S", -1.0)

    assert number(reads) != first


def test_what_is_too_large_is_not_kept_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads()
    first = number(reads)

    monkeypatch.setattr(together, "MOST_BYTES_OF_ONE", 1)
    assert number(reads, as_of=NOW + timedelta(1)) != number(reads, as_of=NOW + timedelta(1))
    assert number(reads) == first

    monkeypatch.undo()
    monkeypatch.setattr(together, "MOST_BYTES", len(reads.read(NOW, NEXT).body))
    number(reads, as_of=NOW + timedelta(2))
    assert number(reads) != first
