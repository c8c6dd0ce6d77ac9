"""Samples out of the engine: which series, which times, and bit by bit what was written."""

from __future__ import annotations

import random

import numpy as np
import pytest

from analytics.series import reading
from analytics.series.gathering import Ids, Ints, Rows, Twice, gathered, has_halves
from analytics.series.identity import Series
from analytics.series.matching import Matcher, Operator
from analytics.series.reading import EngineStorage
from analytics.series.samples import STALE, STALE_BITS, TooManySamples, is_stale
from portal.store import client
from portal.store.query import Query
from tests.series.conftest import T0, keep, rows_of

HOUR = 3_600_000


def named(metric: str, *more: Matcher) -> list[Matcher]:
    return [Matcher("__name__", "=", metric), *more]


def test_samples_are_of_a_left_open_range(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    keep({series: [(0, 1.0), (10, 2.0), (20, 3.0), (30, 4.0)]})

    found = EngineStorage().select(named(metric), T0, T0 + 20_000)

    assert rows_of(found) == {series: [(10, 2.0), (20, 3.0)]}


def test_series_without_samples_in_the_range_are_left_out(metric: str) -> None:
    early, late = Series.of(metric, {"job": "a"}), Series.of(metric, {"job": "b"})
    keep({early: [(0, 1.0)], late: [(600, 2.0)]})

    found = EngineStorage().select(named(metric), T0 + 300_000, T0 + HOUR)

    assert rows_of(found) == {late: [(600, 2.0)]}


@pytest.mark.parametrize(
    ("op", "value", "jobs"),
    [
        ("=", "api", ["api"]),
        ("=", "", [""]),
        ("!=", "api", ["", "a.i", "web\nfront", "ä"]),
        ("!=", "", ["a.i", "api", "web\nfront", "ä"]),
        ("=~", "ap", []),
        ("=~", "ap|api", ["api"]),
        ("=~", "a.i", ["a.i", "api"]),
        ("=~", r"a\.i", ["a.i"]),
        ("=~", ".", ["ä"]),
        ("=~", "web.front", ["web\nfront"]),
        ("=~", "(?i)API", ["api"]),
        ("=~", ".*", ["", "a.i", "api", "web\nfront", "ä"]),
        ("=~", ".+", ["a.i", "api", "web\nfront", "ä"]),
        ("=~", "", [""]),
        ("=~", "api|", ["", "api"]),
        ("!~", "a.*", ["", "web\nfront", "ä"]),
        ("!~", "", ["a.i", "api", "web\nfront", "ä"]),
    ],
)
def test_matchers_mean_what_they_mean_in_promql(
    metric: str, op: Operator, value: str, jobs: list[str]
) -> None:
    kept = [Series.of(metric, {"job": job}) for job in ("api", "a.i", "", "web\nfront", "ä")]
    keep({series: [(1, 1.0)] for series in kept})

    found = EngineStorage().select(named(metric, Matcher("job", op, value)), T0, T0 + HOUR)

    assert sorted(dict(one.labels).get("job", "") for one in found.series) == jobs


def test_the_name_may_be_a_regular_expression(metric: str) -> None:
    keep({Series.of(f"{metric}_{kind}", {}): [(1, 1.0)] for kind in ("sum", "count", "bucket")})

    found = EngineStorage().select(
        [Matcher("__name__", "=~", f"{metric}_(sum|count)")], T0, T0 + HOUR
    )

    assert sorted(one.name for one in found.series) == [f"{metric}_count", f"{metric}_sum"]


def test_every_bit_of_a_value_comes_back(metric: str) -> None:
    series = Series.of(metric, {})
    bits = np.array(
        [
            STALE_BITS, 0x7FF8000000000001, 0x7FF8000000000000, 0xFFF8000000000000,
            0x7FF0000000000000, 0xFFF0000000000000, 0x8000000000000000, 0, 1,
            *(random.Random(5).getrandbits(64) for _ in range(50)),
        ],
        np.uint64,
    )  # fmt: skip
    keep({series: list(enumerate(bits.view(np.float64).tolist(), start=1))})
    client.command("OPTIMIZE TABLE samples FINAL")

    found = EngineStorage().select(named(metric), T0, T0 + HOUR)

    assert found.values.view(np.uint64).tolist() == bits.tolist()
    assert is_stale(found.values).tolist() == [True, *[False] * (len(bits) - 1)]


def test_of_a_series_and_time_the_later_write_counts(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    keep({series: [(1, 1.0), (2, 2.0), (2, 2.5)]})
    keep({series: [(1, 9.0), (3, 3.0)]})
    keep({series: [(0, 0.0), (2, float(STALE))]})

    found = EngineStorage().select(named(metric), T0 - 1, T0 + HOUR)

    assert found.ts.tolist() == [T0, T0 + 1000, T0 + 2000, T0 + 3000]
    assert found.values[[0, 1, 3]].tolist() == [0.0, 9.0, 3.0]
    assert is_stale(found.values).tolist() == [False, False, True, False]


def test_a_batch_that_comes_twice_changes_nothing(metric: str) -> None:
    series = Series.of(metric, {})
    keep({series: [(1, 1.0)]}, token=f"{metric} 1")
    keep({series: [(1, 2.0)]}, token=f"{metric} 2")

    keep({series: [(1, 1.0)]}, token=f"{metric} 1")

    found = EngineStorage().select(named(metric), T0, T0 + HOUR)
    assert rows_of(found) == {series: [(1, 2.0)]}


def test_samples_that_come_late_and_across_partitions_are_in_order(metric: str) -> None:
    rng = random.Random(7)
    wanted = {
        Series.of(metric, {"n": str(n)}): sorted(
            (second, float(rng.randrange(100))) for second in rng.sample(range(40_000), 60)
        )
        for n in range(30)
    }
    for part in range(4):  # each write has every fourth sample, the latest first
        keep({series: rows[3 - part :: 4] for series, rows in wanted.items()})

    found = EngineStorage().select(named(metric), T0 - 1, T0 + 12 * HOUR)

    assert rows_of(found) == wanted


@pytest.mark.parametrize("cut", range(1, 9))
def test_runs_of_rows_are_put_in_order_whatever_part_they_come_from(cut: int) -> None:
    """The second part begins with the series that the first one ends with."""
    ids = np.array([1, 1, 2, 2, 2, 3, 1, 2], np.uint64)
    ts = np.array([30, 40, 30, 40, 10, 20, 10, 20], np.int64)

    found = gathered(blocks(cut, ids, ts))

    assert found.ids.tolist() == [1, 2, 3]
    assert found.ends.tolist() == [3, 7, 8]
    assert found.ts.tolist() == [10, 30, 40, 10, 20, 30, 40, 20]
    assert found.values.tolist() == found.ts.tolist()
    with pytest.raises(Twice):
        gathered(blocks(cut, ids, ts // 40 * 40))


def blocks(cut: int, ids: Ids, ts: Ints) -> list[Rows]:
    parts = (slice(cut), slice(cut, None))
    return [Rows(ids[at], ts[at], ts[at].astype(np.float64)) for at in parts if len(ids[at])]


def test_the_short_form_of_rows_says_the_same() -> None:
    ids = np.array([5, (1 << 32) + 3, 2 << 32], np.uint64)
    rows = Rows(
        np.array([0, 3, 3, 5], np.uint32), np.array([0, 7, 9, 1], np.uint32), np.arange(4.0)
    )

    found = gathered([rows], since_ms=T0, of=ids)

    assert found.ids.tolist() == ids.tolist()
    assert found.ends.tolist() == [1, 3, 4]
    assert (found.ts - T0).tolist() == [1, 7, 9, 0]
    assert found.values.tolist() == [3, 1, 2, 0]


def test_ids_of_one_lower_half_have_no_short_form() -> None:
    assert has_halves(np.array([5, (1 << 32) + 4], np.uint64))
    assert not has_halves(np.array([5, (1 << 32) + 5], np.uint64))


def test_a_range_may_be_longer_than_the_short_form_reaches(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    days = 60 * 86_400
    keep({series: [(0, 1.0), (days, 2.0)]})

    found = EngineStorage().select(named(metric), T0 - 1, T0 + days * 1000)

    assert rows_of(found) == {series: [(0, 1.0), (days, 2.0)]}


def test_many_series_are_read_in_parts_of_whole_series(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {Series.of(metric, {"n": str(n)}): [(s, n * 1.0) for s in range(9)] for n in range(40)}
    keep(wanted)
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 100)

    parts = list(EngineStorage().parts(named(metric), T0 - 1, T0 + 60_000))

    assert len(parts) > 3
    assert max(len(part.ts) for part in parts) <= 100
    assert {s: rows for part in parts for s, rows in rows_of(part).items()} == wanted
    assert rows_of(EngineStorage().select(named(metric), T0 - 1, T0 + 60_000)) == wanted


def test_more_samples_than_allowed_are_refused(metric: str) -> None:
    keep({Series.of(metric, {"n": str(n)}): [(1, 1.0), (2, 1.0)] for n in range(5)})

    with pytest.raises(TooManySamples, match="more than 9 samples"):
        EngineStorage(most_samples=9).select(named(metric), T0, T0 + HOUR)


def test_a_series_that_was_stored_under_another_id_is_one_with_todays(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    client.command(
        "INSERT INTO series (id, name, labels, first_at, last_at) SELECT 77,"
        f" '{metric}', map('job', 'a'), fromUnixTimestamp64Milli({T0}), now()"
    )
    client.command(
        "INSERT INTO samples (series, ts, value)"
        f" SELECT 77, fromUnixTimestamp64Milli({T0 + 1000}), 1.0"
    )
    keep({series: [(2, 2.0)]})

    found = EngineStorage().select(named(metric), T0, T0 + HOUR)

    assert rows_of(found) == {series: [(1, 1.0), (2, 2.0)]}


def test_series_labels_and_values_can_be_looked_up(metric: str) -> None:
    first = Series.of(metric, {"job": "a", "zone": "x"})
    second = Series.of(metric, {"job": "b"})
    gone = Series.of(metric, {"job": "c", "old": "1"})
    keep({first: [(0, 1.0)], second: [(7200, 1.0)], gone: [(-40_000, 1.0)]})
    storage, since, until = EngineStorage(), T0 - HOUR, T0 + 3 * HOUR
    every = [named(metric)]
    some = [named(metric, Matcher("job", "=", "a")), named(metric, Matcher("zone", "=", ""))]

    assert storage.find_series(every, since, until) == [first, second]
    assert storage.find_series(every, since, until, limit=1) in ([first], [second])
    assert storage.find_series(some, since, until) == [first, second]
    assert storage.find_series(some[:1], since, until) == [first]
    assert storage.find_series(every, T0 - 100 * HOUR, until) == [first, second, gone]
    assert storage.label_names(every, since, until) == ["__name__", "job", "zone"]
    assert storage.label_names(every, since, until, limit=2) == ["__name__", "job"]
    assert storage.label_values("job", every, since, until) == ["a", "b"]
    assert storage.label_values("job", every, since, until, limit=1) == ["a"]
    assert storage.label_values("zone", every, since, until) == ["x"]
    assert storage.label_values("__name__", every, since, until) == [metric]
    assert metric in storage.label_values("__name__", [], since, until)
    assert storage.label_values("job", every, -(10**15), 10**15) == ["a", "b", "c"]


def test_what_a_question_cost_is_noted(metric: str) -> None:
    keep({Series.of(metric, {}): [(1, 1.0)]})
    storage = EngineStorage()

    storage.select(named(metric), T0, T0 + HOUR)

    assert storage.cost.queries == 2
    assert storage.cost.rows_read > 0


def test_series_of_a_metric_lie_side_by_side(metric: str) -> None:
    prefixes = {Series.of(metric, {"n": str(n)}).id >> 52 for n in range(100)}

    assert len(prefixes) == 1
    assert len({Series.of(metric, {"n": str(n)}).id for n in range(1000)}) == 1000
    assert Series.of("a", {"b": "cÿd"}).id != Series("a", (("b", "c"), ("d", ""))).id


def test_the_engine_is_told_of_a_series_when_it_lives_on(metric: str) -> None:
    series = Series.of(metric, {})
    keep({series: [(0, 1.0)]})
    keep({series: [(60, 1.0)]})
    keep({series: [(3600, 1.0)]})

    rows = client.run(
        Query(
            "SELECT toUnixTimestamp64Milli(min(first_at)), toUnixTimestamp64Milli(max(last_at))"
            " FROM series WHERE name = {name:String}",
            {"name": metric},
        )
    ).rows()

    assert rows == [(T0, T0 + HOUR)]
