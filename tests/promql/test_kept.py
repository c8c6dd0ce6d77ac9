"""What is downsampled answers PromQL as the samples did, as far as it can."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.promql.evaluate import evaluate
from analytics.promql.kept import KeptStorage
from analytics.promql.outcome import Instant, Limits, Outcome, Range
from analytics.promql.storage import Storage
from analytics.series import downsampling
from analytics.series.identity import Series
from analytics.series.keeping import Reach
from analytics.series.reading import EngineStorage
from analytics.series.resolutions import COARSE
from analytics.series.samples import STALE
from analytics.series.writing import Batch, write
from portal.store import client
from tests.series.written import Point, store_all

START = datetime(2026, 11, 10, tzinfo=UTC)
DAYS = 2
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
START_MS = int(START.timestamp() * 1000)
END_MS = START_MS + DAYS * 24 * HOUR_MS
DONE_MS = END_MS - 10 * HOUR_MS  # up to here it is downsampled; the rest is computed when asked
EXACT = (
    "rate", "increase", "delta", "avg_over_time", "min_over_time", "max_over_time", "sum_over_time",
    "count_over_time", "last_over_time", "present_over_time", "changes", "resets",
)  # fmt: skip


def points(rng: random.Random) -> Iterator[Point]:
    """Give two days of a counter each minute, with resets, outages, and ends that were marked."""
    at, value = START, float(rng.randrange(1000))
    while at < START + timedelta(days=DAYS):
        chance = rng.random()
        value = float(rng.randrange(3)) if chance < 0.004 else value + rng.randrange(50) / 7
        yield at, value
        at += timedelta(minutes=1)
        if chance > 0.996:
            yield at, float(STALE)
            at += timedelta(minutes=rng.randrange(1, 200))


@dataclass(frozen=True)
class Given:
    """A metric that is downsampled but for its last hours, and what there is of it."""

    metric: str
    reach: Reach


@pytest.fixture(scope="module")
def given(store_schema: None) -> Given:
    for table in ("samples", "samples_5m", "samples_1h"):
        client.command(f"TRUNCATE TABLE {table}")
    name, rng = f"test_{uuid.uuid4().hex}", random.Random(8)
    stored = {Series.of(name, {"n": str(n)}): list(points(rng)) for n in range(6)}
    for at in (START, START + timedelta(days=DAYS)):  # the engine hears of the series
        write(Batch.of_instant([(one, 0.0) for one in stored], at), token=uuid.uuid4().hex)
    client.command("TRUNCATE TABLE samples")
    store_all(stored)
    for resolution in COARSE:
        downsampling.store(resolution, START_MS - HOUR_MS, DONE_MS)
    names = [one.name for one in COARSE]
    return Given(name, Reach(dict.fromkeys(["raw", *names], 0), dict.fromkeys(names, DONE_MS)))


def only(given: Given, name: str) -> Reach:
    """Say that of all that is there, only one resolution is."""
    return Reach({name: 0}, given.reach.until_ms)


def asked(query: str, at: Instant | Range, storage: Storage) -> Outcome:
    return evaluate(query, at, storage, Limits())


def same(found: Outcome, wanted: Outcome) -> None:
    assert list(found.series) == list(wanted.series)
    np.testing.assert_array_equal(found.present, wanted.present)
    np.testing.assert_allclose(
        found.values[found.present], wanted.values[wanted.present], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", ["5m", "1h"])
def test_windows_of_whole_buckets_answer_exactly_as_samples(given: Given, name: str) -> None:
    grid = Range(START_MS + 6 * HOUR_MS, END_MS - HOUR_MS, HOUR_MS)
    for function in EXACT:
        query = f"{function}({given.metric}[2h])"
        storage = KeptStorage(reach=only(given, name))

        found = asked(query, grid, storage)

        assert storage.resolutions == (name,)
        same(found, asked(query, grid, EngineStorage()))


def test_a_plain_selector_finds_the_newest_sample_and_where_series_ended(given: Given) -> None:
    grid = Range(START_MS + HOUR_MS, END_MS - HOUR_MS, HOUR_MS)

    same(
        asked(given.metric, grid, KeptStorage(reach=only(given, "5m"))),
        asked(given.metric, grid, EngineStorage()),
    )


def test_times_between_buckets_see_the_window_that_ended_with_the_bucket_before(
    given: Given,
) -> None:
    before = Range(START_MS + 6 * HOUR_MS, END_MS - HOUR_MS, HOUR_MS)
    grid = Range(before.start_ms + 137_000, before.end_ms + 137_000, HOUR_MS)
    for function in EXACT:
        query = f"{function}({given.metric}[2h])"

        found = asked(query, grid, KeptStorage(reach=only(given, "5m")))

        wanted = asked(query, before, EngineStorage())
        np.testing.assert_array_equal(found.present, wanted.present)
        there = found.present
        np.testing.assert_allclose(found.values[there], wanted.values[there], rtol=1e-9)


def test_windows_that_are_no_whole_buckets_are_longer_and_scaled(given: Given) -> None:
    grid = Range(START_MS + 6 * HOUR_MS, END_MS - HOUR_MS, HOUR_MS)
    for function, factor in (("rate", 1), ("increase", 27 / 30), ("max_over_time", 1)):
        found = asked(
            f"{function}({given.metric}[27m])", grid, KeptStorage(reach=only(given, "5m"))
        )

        wanted = asked(f"{function}({given.metric}[30m])", grid, EngineStorage())
        np.testing.assert_allclose(
            found.values[found.present], factor * wanted.values[wanted.present], rtol=1e-9
        )


def test_other_functions_see_the_last_sample_of_each_bucket(given: Given) -> None:
    """Where a series goes up steadily, a quantile is off by what it gains in a bucket."""
    grid = Range(START_MS + 6 * HOUR_MS, END_MS - HOUR_MS, HOUR_MS)
    query = f"quantile_over_time(0.5, {given.metric}[4h])"

    found = asked(query, grid, KeptStorage(reach=only(given, "5m")))

    wanted = asked(query, grid, EngineStorage())
    resets = asked(f"resets({given.metric}[4h])", grid, EngineStorage())
    steady = found.present & wanted.present & (resets.values == 0)
    assert steady.sum() > 50
    gain = 6 * 50 / 7  # in five minutes, at most
    assert np.abs(found.values - wanted.values)[steady].max() < gain


def test_samples_answer_where_they_are_and_the_step_needs_them(given: Given) -> None:
    query = f"sum(rate({given.metric}[5m]))"
    storage = KeptStorage(reach=given.reach)

    found = asked(query, Range(START_MS + HOUR_MS, END_MS, MINUTE_MS), storage)

    assert storage.resolutions == ("raw",)
    same(found, asked(query, Range(START_MS + HOUR_MS, END_MS, MINUTE_MS), EngineStorage()))


def test_long_ranges_are_answered_sooner_where_that_is_the_same(given: Given) -> None:
    query = f"sum(increase({given.metric}[2h])) / sum(rate({given.metric}[5m]))"
    grid = Range(START_MS + 2 * HOUR_MS, END_MS, HOUR_MS)
    storage = KeptStorage(reach=given.reach)

    found = asked(query, grid, storage)

    assert storage.resolutions == ("5m",)
    assert storage.infos == ()
    same(found, asked(query, grid, EngineStorage()))
    other = KeptStorage(reach=given.reach)
    asked(query, replace(grid, start_ms=grid.start_ms + 1_000), other)
    assert other.resolutions == ("raw",)


def test_an_answer_that_is_not_quite_the_samples_says_so(given: Given) -> None:
    storage = KeptStorage(reach=only(given, "5m"))

    asked(f"max_over_time({given.metric}[27m])", Instant(END_MS - HOUR_MS), storage)

    assert storage.infos == (
        "PromQL info: samples of this time are gone; computed from those by 5 minutes",
    )
