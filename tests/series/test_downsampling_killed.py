"""A worker that downsamples is killed the hard way, again and again; no bucket is wrong for it."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from analytics.series import downsampling
from analytics.series.identity import Series
from analytics.series.models import Kept
from portal.store import client
from tests.series.test_downsampling import (
    HOURS,
    MINUTE,
    NOON,
    buckets,
    clock,
    every,
    expected,
    same,
)
from tests.series.written import store_all

KILLS = 8


def forked(work: Callable[[], object]) -> int:
    """Do something in a child process with connections of its own; return its id."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL only
    pid = os.fork()
    if pid:
        return pid
    try:
        client._pool.cache_clear()
        client._local = threading.local()
        work()
    finally:
        os._exit(0)


def killed_in_between(work: Callable[[], object], after_s: float) -> bool:
    """Kill -9 whoever does the work after a while; tell whether it was still at it."""
    pid = forked(work)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_samples")
def test_after_any_kill_the_next_worker_comes_to_the_same_buckets(metric: str) -> None:
    rng = random.Random(3)
    given = {
        Series.of(metric, {"n": str(n)}): every(60, [float(rng.randrange(99)) for _ in range(1200)])
        for n in range(4)
    }
    store_all(given)
    kills = 0

    for round_ in range(KILLS):
        at = NOON + 21 * HOURS + 13 * MINUTE * round_
        late = {
            one: [(NOON + timedelta(minutes=rng.randrange(1200), seconds=7), 1e6)] for one in given
        }
        store_all(late, at=at)
        for one, points in late.items():
            given[one] += points
        after_s = rng.uniform(0.02, 0.4)
        kills += killed_in_between(lambda at=at: downsampling.run(clock(at)), after_s)  # type: ignore[misc]  # bound here

    assert kills >= KILLS // 2  # most were in the middle of it
    end = NOON + 26 * HOURS
    downsampling.run(clock(end), timedelta(seconds=60))
    for one, points in given.items():
        same(buckets(one), expected(points, 5 * MINUTE))
        same(buckets(one, "samples_1h"), expected(points, HOURS))
    assert {row.until for row in Kept.objects.all()} == {end - 5 * MINUTE, end - HOURS}
