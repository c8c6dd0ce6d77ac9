"""Samples come into buckets of five minutes and of an hour, each bucket once, whatever happens."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from analytics.series import downsampling
from analytics.series.buckets import FIGURES
from analytics.series.identity import Series
from analytics.series.models import Kept
from analytics.series.resolutions import COARSE, FIVE_MINUTES, HOUR
from analytics.series.samples import STALE
from portal.store import client
from portal.store.client import QueryFailed
from portal.store.query import Query
from tests.series.written import Point, store, store_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_samples")]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOURS = timedelta(minutes=1), timedelta(hours=1)
Bucket = dict[str, float]
MARKER = float(STALE)


def clock(at: datetime) -> downsampling.Clock:
    return lambda: at


def buckets(series: Series, table: str = "samples_5m") -> dict[datetime, Bucket]:
    sql = f"SELECT ts, {', '.join(FIGURES)} FROM {table} FINAL WHERE series = {{id:UInt64}} ORDER BY ts"
    rows = client.run(Query(sql, {"id": series.id})).rows()
    return {ts: dict(zip(FIGURES, figures, strict=True)) for ts, *figures in rows}


def every(seconds: int, values: list[float], start: datetime = NOON) -> list[Point]:
    return [(start + timedelta(seconds=seconds * n), value) for n, value in enumerate(values)]


def expected(points: list[Point], width: timedelta) -> dict[datetime, Bucket]:
    """Compute buckets one by one, as docs/metrics.md says it."""
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    found: dict[datetime, list[Point]] = {}
    for ts, value in sorted(dict(points).items()):
        found.setdefault(zero + -(-(ts - zero) // width) * width, []).append((ts, value))
    return {end: of(end, members) for end, members in found.items()}


def of(end: datetime, members: list[Point]) -> Bucket:
    real = [(ts, value) for ts, value in members if not is_marker(value)]
    marked = [ts for ts, value in members if is_marker(value)]
    values = [value for _, value in real]
    numbers = [one for one in values if not math.isnan(one)] or values
    ended = bool(marked) and (not real or marked[-1] > real[-1][0])
    steps = list(pairwise(values))
    return {
        "count": len(values),
        "min": min(numbers, default=0.0),
        "max": max(numbers, default=0.0),
        "sum": sum(values),
        "first": values[0] if values else 0.0,
        "last": values[-1] if values else 0.0,
        "increase": sum(now if now < before else now - before for before, now in steps),
        "resets": sum(now < before for before, now in steps),
        "changes": sum(now != before and not (now != now and before != before) for before, now in steps),
        "first_ms": (end - real[0][0]) // timedelta(milliseconds=1) if real else 0,
        "last_ms": (end - real[-1][0]) // timedelta(milliseconds=1) if real else 0,
        "ended_ms": (end - marked[-1]) // timedelta(milliseconds=1) if ended else -1,
    }  # fmt: skip


def is_marker(value: float) -> bool:
    return value is MARKER  # other NaN are values


def same(found: dict[datetime, Bucket], wanted: dict[datetime, Bucket]) -> None:
    assert list(found) == list(wanted)
    for end, bucket in wanted.items():
        assert found[end] == pytest.approx(bucket, nan_ok=True, rel=1e-12), end


def rough(rng: random.Random) -> Iterator[Point]:
    """Give four hours of a counter with resets, gaps, ends, other NaN and odd times."""
    ts, value = NOON + timedelta(milliseconds=rng.randrange(300_000)), 0.0
    while ts < NOON + 4 * HOURS:
        chance = rng.random()
        value = rng.randrange(5) if chance < 0.03 else value + rng.randrange(9) / 3
        yield ts, MARKER if chance > 0.99 else math.nan if chance > 0.985 else value
        ts += timedelta(milliseconds=rng.choice([15_000, 15_000, 10_001, 300_000, 900_000]))


def test_a_bucket_holds_what_docs_say_of_samples_with_resets_gaps_and_ends(metric: str) -> None:
    rng = random.Random(5)
    given = {Series.of(metric, {"n": str(n)}): list(rough(rng)) for n in range(30)}
    edges = [NOON + k * 5 * MINUTE for k in range(1, 5)]  # a sample at a bucket's end is in it
    given[Series.of(metric, {"n": "edges"})] = [(ts, 1.0) for ts in edges]
    store_all(given)

    downsampling.run(clock(NOON + 6 * HOURS))

    for series, points in given.items():
        same(buckets(series), expected(points, 5 * MINUTE))
        same(buckets(series, "samples_1h"), expected(points, HOURS))


def test_only_closed_buckets_are_done_and_each_goes_on_from_the_one_before(metric: str) -> None:
    series = Series.of(metric)
    store(series, every(60, [float(n) for n in range(120)]))

    downsampling.run(clock(NOON + 14 * MINUTE))
    first = list(buckets(series))
    downsampling.run(clock(NOON + 66 * MINUTE))

    assert first == [NOON, NOON + 5 * MINUTE]
    assert list(buckets(series))[-1] == NOON + 60 * MINUTE
    assert list(buckets(series, "samples_1h")) == [NOON, NOON + 60 * MINUTE]


def test_running_again_reads_nothing_again_and_changes_nothing(metric: str) -> None:
    series = Series.of(metric)
    store(series, every(15, [1.0, 5.0, 2.0] * 100))
    assert downsampling.run(clock(NOON + 2 * HOURS)) > 0
    before = buckets(series)
    rows = client.run(Query("SELECT count() FROM samples_5m")).value()

    assert downsampling.run(clock(NOON + 2 * HOURS)) == 0

    assert buckets(series) == before
    assert client.run(Query("SELECT count() FROM samples_5m")).value() == rows


def test_late_and_corrected_samples_find_their_bucket_again(metric: str) -> None:
    series, other = Series.of(metric), Series.of(metric, {"other": "1"})
    points = every(60, [float(n) for n in range(120)])
    store(series, points)
    store(other, points)
    downsampling.run(clock(NOON + 3 * HOURS))
    untouched = client.run(Query("SELECT max(read_at) FROM samples_5m FINAL")).value()
    late = [(NOON + timedelta(seconds=150), 7.5), (NOON + 61 * MINUTE, 1000.0)]
    store(series, late, at=NOON + 3 * HOURS + MINUTE)

    downsampling.run(clock(NOON + 3 * HOURS + 20 * MINUTE))
    rerun = downsampling.run(clock(NOON + 3 * HOURS + 20 * MINUTE))

    same(buckets(series), expected(points + late, 5 * MINUTE))
    same(buckets(series, "samples_1h"), expected(points + late, HOURS))
    ours = {"id": other.id, "at": untouched}
    sql = "SELECT count() FROM samples_5m FINAL WHERE series = {id:UInt64} AND read_at > {at:DateTime64(3)}"
    assert client.run(Query(sql, ours)).value() == 0
    assert rerun == 0


def test_a_past_that_was_loaded_is_there_at_once(metric: str) -> None:
    series = Series.of(metric)
    store(Series.of(metric, {"other": "1"}), every(60, [1.0] * 60))
    downsampling.run(clock(NOON + 3 * HOURS))
    before = every(60, [float(n) for n in range(120)], start=NOON - 2 * HOURS)
    store(series, before)

    downsampling.again(NOON - 10 * HOURS)

    same(buckets(series), expected(before, 5 * MINUTE))
    same(buckets(series, "samples_1h"), expected(before, HOURS))


def test_a_bucket_whose_samples_were_deleted_in_part_is_left_as_it_is(metric: str) -> None:
    series = Series.of(metric)
    points = every(60, [float(n) for n in range(120)])
    store(series, points)
    downsampling.run(clock(NOON + 3 * HOURS))
    before = buckets(series)
    client.command("TRUNCATE TABLE samples")
    Kept.objects.create(resolution="raw", since=NOON + 3 * HOURS)
    store(series, [(NOON + 10 * MINUTE, 9.0)], at=NOON + 4 * HOURS)

    downsampling.run(clock(NOON + 5 * HOURS))

    assert buckets(series) == before


def test_a_crash_between_storing_and_noting_changes_no_figure(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step dies, before or after its INSERT, the next run comes to the same buckets."""
    series = Series.of(metric)
    points = every(60, [float(n % 50) for n in range(600)])
    store(series, points)
    rng, real = random.Random(1), client.command

    def dying(sql: str, **given: Any) -> None:
        before, after = rng.random() < 0.3, rng.random() < 0.3
        if not before:
            real(sql, **given)
        if before or after:
            raise QueryFailed("killed")

    monkeypatch.setattr(client, "command", dying)
    for minute in range(60):
        try:
            downsampling.run(clock(NOON + timedelta(minutes=605 + minute)))
        except QueryFailed:
            continue

    same(buckets(series), expected(points, 5 * MINUTE))
    same(buckets(series, "samples_1h"), expected(points, HOURS))


def test_a_round_ends_with_its_budget_and_splits_what_is_much(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downsampling, "MOST_ROWS", 100)
    given = {Series.of(metric, {"n": str(n)}): every(600, [1.0, 2.0] * 30) for n in range(20)}
    store_all(given)
    moments = iter(NOON + timedelta(hours=12, seconds=4 * n) for n in range(1000))

    steps = downsampling.run(lambda: next(moments))

    assert 0 < steps < 5
    downsampling.run(clock(NOON + 12 * HOURS))
    for series, points in given.items():
        same(buckets(series), expected(points, 5 * MINUTE))


@pytest.mark.parametrize("some", [[5], [5, 5, 5, 9], list(range(100)), [2**64 - 1]])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_shares_are_all_series_once(count: int, some: list[int]) -> None:
    found = list(downsampling.shares(count, some))

    assert (found[0][0], found[-1][1]) == (0, 2**64 - 1)
    assert all(one[1] + 1 == after[0] for one, after in pairwise(found))
    assert len(found) <= count


def test_resolutions_have_tables_of_their_own() -> None:
    assert [one.table for one in COARSE] == ["samples_5m", "samples_1h"]
    assert FIVE_MINUTES.end_before(599_999) == 300_000
    assert HOUR.end_before(3_600_000) == 3_600_000
