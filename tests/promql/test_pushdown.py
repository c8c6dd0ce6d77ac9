"""What the engine computes on a grid of times agrees with what is computed here from samples.

Random series with resets, gaps, stale marks, NaN, infinities and samples on windows' edges.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

import numpy as np
import pytest
from django.conf import settings

from analytics.promql import pushdown
from analytics.promql.evaluate import evaluate
from analytics.promql.grids import Times
from analytics.promql.outcome import Flags, Floats, Range
from analytics.promql.pushdown import PushingStorage, pays
from analytics.promql.range_functions import RANGE_FUNCTIONS
from analytics.promql.storage import GridFunction, GridStorage
from analytics.promql.windows import windows_over
from analytics.series import grids
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from analytics.series.samples import STALE, Samples, is_stale
from analytics.series.sql.grids import AGGREGATES, EXPECTED, Grid
from tests.series.conftest import T0, keep

# Of these every bit is the same; the others add up in another order.
EXACT = frozenset(
    {"instant", "last_over_time", "idelta", "changes", "resets", "count_over_time",
     "present_over_time", "min_over_time", "max_over_time"}
)  # fmt: skip
GRIDS = (
    Grid(T0, T0 + 600_000, 15_000, 60_000),
    Grid(T0 + 5_000, T0 + 500_000, 60_000, 300_000),
    Grid(T0 + 33_333, T0 + 400_000, 7_777, 12_345),
    Grid(T0 + 100_000, T0 + 130_000, 1_000, 5_000),
    Grid(T0 + 60_000, T0 + 60_000, 1_000, 60_000),
)


pytestmark = pytest.mark.usefixtures("store_schema")


class Answer(NamedTuple):
    values: Floats
    present: Flags


def walk(kind: str, rng: random.Random) -> Iterator[float]:
    """Give the values of a series of a kind."""
    value = 0.0
    while True:
        if kind == "counter":
            value += rng.choice([0, 1, 2.5, rng.random() * 10])
        elif kind == "restarts":
            value = 0.0 if rng.random() < 0.2 else value + rng.randrange(1_000_000)
        elif kind == "fractions":
            value = 0.0 if rng.random() < 0.2 else value + rng.random() * 1e6
        elif kind == "levels":
            value = float(rng.choice([-0.0, 0.0, 1.0, 2.0]))
        elif kind == "huge":
            value = rng.choice([1e100, -1e100, 1.0, 3.0, 1e-9])
        elif kind == "odd":
            value = rng.choice([float("nan"), float("inf"), -float("inf"), 0.0, 1.0])
        else:
            value = rng.uniform(-1, 1)
        yield value


def rows(kind: str, rng: random.Random) -> list[tuple[int, float]]:
    """Make one series: mostly 5 s apart, with gaps and stale marks."""
    second, found = rng.randrange(-60, 60), list[tuple[int, float]]()
    for value in walk(kind, rng):
        if second > 620 or len(found) > rng.choice([3, 30, 200]):
            return found
        found.append((second, float(STALE) if rng.random() < 0.05 else value))
        second += rng.choice([5, 5, 5, 5, 10, 1, 7, 90 if rng.random() < 0.3 else 5])
    raise AssertionError("a walk has no end")


def kept(metric: str, kinds: Sequence[str], seed: int, count: int = 12) -> None:
    rng = random.Random(seed)
    keep(
        {
            Series.of(metric, {"kind": kind, "n": str(number)}): rows(kind, rng)
            for kind in kinds
            for number in range(count)
        }
    )


def computed(function: str, samples: Samples, grid: Grid) -> dict[Series, Answer]:
    """Compute a function here, as the evaluator does without a store that can."""
    times = Times(grid.start_ms, grid.step_ms, grid.count)
    keep_stale = function == "instant"
    windows = windows_over(samples, times, times, range_ms=grid.window_ms, keep_stale=keep_stale)
    values = np.zeros((len(windows), grid.count))
    present = np.zeros(values.shape, np.bool_)
    form = RANGE_FUNCTIONS["last_over_time" if keep_stale else function]
    for block in windows.blocks():
        with np.errstate(all="ignore"):
            values[block.rows, block.columns], present[block.rows, block.columns] = form(block, ())
    if keep_stale:
        present &= ~is_stale(values)
    series = {
        dict(labels)["n"] + dict(labels)["kind"]: row for row, labels in enumerate(windows.labels)
    }
    return {
        one: Answer(values[row], present[row])
        for one in samples.series
        if present[row := series[dict(one.labels)["n"] + dict(one.labels)["kind"]]].any()
    }


def pushed(function: GridFunction, metric: str, grid: Grid) -> dict[Series, Answer] | None:
    asked = Range(grid.start_ms, grid.end_ms, grid.step_ms)
    found = PushingStorage().on_grid(function, named(metric), asked, window_ms=grid.window_ms)
    if found is None:
        return None
    rows = zip(found.series, found.values, found.present, strict=True)
    return {one: Answer(values, there) for one, values, there in rows if there.any()}


def named(metric: str) -> list[Matcher]:
    return [Matcher("__name__", "=", metric)]


def assert_agree(function: str, found: Answer, wanted: Answer) -> None:
    assert found.present.tolist() == wanted.present.tolist(), function
    got, right = found.values[found.present], wanted.values[wanted.present]
    same = (got == right) | (np.isnan(got) & np.isnan(right))
    if function not in EXACT:
        with np.errstate(invalid="ignore"):
            same |= np.abs(got - right) <= 1e-12 * np.maximum(np.abs(got), np.abs(right))
    assert same.all(), (function, got[~same], right[~same])


@pytest.fixture
def metric() -> str:
    """Return a metric name that no other test uses: the engine's tables are shared."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine compute whether it pays or not."""
    monkeypatch.setattr(pushdown, "pays", lambda function, grid: True)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("grid", GRIDS)
def test_the_engine_computes_what_is_computed_here(metric: str, grid: Grid) -> None:
    kept(metric, ["counter", "levels", "restarts"], seed=grid.step_ms, count=30)
    samples = EngineStorage().select(named(metric), grid.start_ms - grid.window_ms, grid.last_ms)

    for function in get_args(GridFunction):
        found = pushed(function, metric, grid)
        if function == "deriv":
            assert found is None
            continue
        wanted = computed(function, samples, grid)
        assert found is not None
        assert found.keys() == wanted.keys(), function
        for one, answer in found.items():
            assert_agree(function, answer, wanted[one])


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("kind", "not_asked"),
    [
        ("huge", {"rate", "increase", "sum_over_time", "avg_over_time", "changes"}),
        ("odd", {"rate", "increase", "sum_over_time", "avg_over_time", "changes"}),
        ("fractions", {"rate", "increase"}),
        ("gauge", {"rate", "increase"}),
    ],
)
def test_what_would_spoil_its_neighbours_is_computed_here(
    metric: str, kind: str, not_asked: set[str]
) -> None:
    kept(metric, ["counter", kind], seed=1)
    grid = GRIDS[1]
    samples = EngineStorage().select(named(metric), grid.start_ms - grid.window_ms, grid.last_ms)

    for function in get_args(GridFunction):
        found = pushed(function, metric, grid)
        if function in {"deriv", *not_asked}:
            assert found is None
            continue
        wanted = computed(function, samples, grid)
        assert found is not None
        for one, answer in found.items():
            assert_agree(function, answer, wanted[one])


@pytest.mark.usefixtures("always")
def test_of_two_writes_of_a_time_the_later_counts(metric: str) -> None:
    series = Series.of(metric, {})
    keep({series: [(second, 100.0 * second) for second in range(0, 120, 10)]})
    keep({series: [(second, 1.0 * second) for second in range(0, 120, 10)]})

    found = pushed("rate", metric, Grid(T0 + 60_000, T0 + 100_000, 20_000, 60_000))

    assert found is not None
    assert found[series].values.tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_each_function_is_one_that_the_engine_was_tried_with() -> None:
    assert set(AGGREGATES) < set(get_args(GridFunction))
    assert set(AGGREGATES.values()) == set(EXPECTED)
    assert grids.usable(settings.CLICKHOUSE_URL) == set(EXPECTED)


@pytest.mark.usefixtures("always")
def test_a_function_that_the_engine_computes_otherwise_is_not_asked_of_it(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(metric, ["counter"], seed=1)
    monkeypatch.setattr(
        "analytics.series.sql.grids.EXPECTED", {**EXPECTED, "timeSeriesRateToGrid": (1.0,) * 5}
    )
    grids.tried.cache_clear()

    try:
        assert pushed("rate", metric, GRIDS[1]) is None
        assert pushed("increase", metric, GRIDS[1]) is not None
    finally:
        grids.tried.cache_clear()


@pytest.mark.usefixtures("always")
def test_an_engine_that_failed_once_is_asked_again_after_a_while(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(metric, ["counter"], seed=1)
    monkeypatch.setattr(grids, "_tried_again_at", {})
    grids.tried.cache_clear()
    with monkeypatch.context() as failing:
        failing.setattr("analytics.series.sql.grids.PROBE", "no_such_table")
        assert pushed("rate", metric, GRIDS[1]) is None

    assert pushed("rate", metric, GRIDS[1]) is None  # it is left alone for a minute
    grids._tried_again_at.clear()  # the minute is over
    assert pushed("rate", metric, GRIDS[1]) is not None


def test_it_pays_where_a_point_has_several_samples() -> None:
    day = Grid(T0, T0 + 86_400_000, 60_000, 300_000)
    coarse = Grid(T0, T0 + 86_400_000, 300_000, 300_000)

    assert pays("instant", day)
    assert pays("rate", coarse)
    assert not pays("rate", day)
    assert not pays("instant", Grid(T0, T0 + 3_600_000, 15_000, 300_000))
    assert not pays("instant", Grid(T0, T0, 15_000, 300_000))


def test_the_evaluator_lets_the_engine_compute(metric: str) -> None:
    series = Series.of(f"{metric}_total", {"job": "a"})
    keep({series: [(second, 2.0 * second) for second in range(0, 3600, 10)]})
    storage = PushingStorage()
    assert isinstance(storage, GridStorage)

    outcome = evaluate(
        f"sum(rate({metric}_total[5m]))", Range(T0 + 600_000, T0 + 3_000_000, 300_000), storage
    )

    assert outcome.values.tolist() == [pytest.approx([2.0] * 9)]
    assert outcome.stats.pushed_down == 1
    assert outcome.stats.samples > 0
