"""Functions over the samples of each series, computed by the engine on a grid of times. Pure.

ClickHouse has aggregate functions with PromQL's meaning (timeSeries*ToGrid): at each time t of the
grid they see the samples with t - window < ts <= t. They are young, so `probe` asks each of them
for what it must answer; what is missing or wrong is computed from samples instead.

Where they are not Prometheus's in 26.9 (tests/promql/test_pushdown.py): sums are carried from window
to window, so that one sample of 1e100 or infinity spoils its neighbours, and a rate that is 0 may be
1e-11 after a counter with a fraction was reset; -0 is a change from 0; and a slope over equal values
is not quite 0. Hence `odd` below, `value + 0`, and no deriv.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from analytics.series.samples import STALE_BITS
from analytics.series.sql.conditions import Params
from portal.store.query import Query

LAST = "timeSeriesResampleToGridWithStaleness"
RESETS = "timeSeriesResetsToGrid"
AGGREGATES: Mapping[str, str] = {
    "instant": LAST,
    "last_over_time": LAST,
    "rate": "timeSeriesRateToGrid",
    "increase": "timeSeriesIncreaseToGrid",
    "delta": "timeSeriesDeltaToGrid",
    "irate": "timeSeriesInstantRateToGrid",
    "idelta": "timeSeriesInstantDeltaToGrid",
    "changes": "timeSeriesChangesToGrid",
    "resets": RESETS,
    "min_over_time": "timeSeriesMinToGrid",
    "max_over_time": "timeSeriesMaxToGrid",
    "sum_over_time": "timeSeriesSumToGrid",
    "avg_over_time": "timeSeriesAvgToGrid",
    "count_over_time": "timeSeriesCountToGrid",
    "present_over_time": "timeSeriesCountToGrid",
}
SETTINGS: Mapping[str, str | int | float] = {"enable_time_series_aggregate_functions": 1}
UNUSUAL = "countIf(NOT abs(value) < 1e14)"
NOT_WHOLE = "countIf(NOT (value = trunc(value) AND abs(value) < 1e14))"
FRACTIONS = "countIf(value != trunc(value))"
ANY_RESET = (
    f"ifNull({RESETS}(fromUnixTimestamp64Milli({{last:Int64}}), fromUnixTimestamp64Milli({{last:Int64}}),"
    " 1, {spanned:Decimal64(3)})(ts, value)[1], 0) > 0"
)
# By function, how many samples there are because of which the engine must not be believed. What
# comes first is quicker (a tenth) and says so more often.
SUMMED = (NOT_WHOLE, f"{UNUSUAL} + if({ANY_RESET}, {FRACTIONS}, 0)")
NEVER = ("0",)
ODD: Mapping[str, tuple[str, ...]] = {
    "rate": SUMMED,
    "increase": SUMMED,
    "changes": (UNUSUAL,),
    "sum_over_time": (UNUSUAL,),
    "avg_over_time": (UNUSUAL,),
}
NOT_STALE = f"reinterpretAsUInt64(value) != {STALE_BITS}"


@dataclass(frozen=True)
class Grid:
    """From `start_ms` every `step_ms` to `end_ms`, both included; a window ends at each time."""

    start_ms: int
    end_ms: int
    step_ms: int
    window_ms: int

    @property
    def count(self) -> int:
        return 1 + (self.end_ms - self.start_ms) // self.step_ms if self.step_ms else 1

    @property
    def last_ms(self) -> int:
        """Return the last time of the grid, which may be before `end_ms`."""
        return self.start_ms + (self.count - 1) * self.step_ms


def on_grid(function: str, odd: str, grid: Grid, given: tuple[str, Params]) -> Query:
    """Ask for `series`, `cells` (a value or null for each time) and `samples` of each series.

    `odd`, one of ODD, counts the samples because of which the answer may be wrong; `given` is what
    follows FROM, and its parameters.
    """
    rows, params = given
    # A plain selector ends where a series was marked stale; functions do not see the marks.
    unmarked = "" if function == "instant" else f"AND {NOT_STALE}"
    value = "value + 0" if function == "changes" else "value"
    sql = f"""
        SELECT series, {_aggregate(AGGREGATES[function])}(ts, {value}) AS cells,
            count() AS samples, toUInt64({odd}) AS odd
        FROM {rows} {unmarked} GROUP BY series"""
    return Query(sql, params | _times(grid), SETTINGS)


def _aggregate(name: str) -> str:
    times = "fromUnixTimestamp64Milli({first:Int64}), fromUnixTimestamp64Milli({last:Int64})"
    return f"{name}({times}, {{step:Decimal64(3)}}, {{window:Decimal64(3)}})"


def _times(grid: Grid) -> Params:
    return {
        "first": grid.start_ms,
        "last": grid.last_ms,
        "step": Decimal(max(grid.step_ms, 1)) / 1000,
        "window": Decimal(grid.window_ms) / 1000,
        "spanned": Decimal(grid.last_ms - grid.start_ms + grid.window_ms) / 1000,
    }


# Ten samples with a reset, a repeated value and a gap; and what each function answers at 40, 70, 100,
# 130 and 160 s over windows of 40 s, the first sample of each lying just outside.
PROBED = Grid(40_000, 160_000, 30_000, 40_000)
EXPECTED: Mapping[str, tuple[float | None, ...]] = {
    "timeSeriesAvgToGrid": (3.25, 5.0, 4.0, 7.5, None),
    "timeSeriesChangesToGrid": (2.0, 3.0, 0.0, 1.0, None),
    "timeSeriesCountToGrid": (4.0, 4.0, 1.0, 2.0, None),
    "timeSeriesDeltaToGrid": (-4 / 3, 8 / 3, None, 2.5, None),
    "timeSeriesIncreaseToGrid": (20 / 3, 13.0, None, 2.5, None),
    "timeSeriesInstantDeltaToGrid": (0.0, -5.0, None, 1.0, None),
    "timeSeriesInstantRateToGrid": (0.0, 0.4, None, 0.1, None),
    "timeSeriesMaxToGrid": (6.0, 9.0, 4.0, 8.0, None),
    "timeSeriesMinToGrid": (2.0, 2.0, 4.0, 7.0, None),
    "timeSeriesRateToGrid": (1 / 6, 0.325, None, 0.0625, None),
    LAST: (2.0, 4.0, 4.0, 8.0, None),
    RESETS: (1.0, 1.0, 0.0, 0.0, None),
    "timeSeriesSumToGrid": (13.0, 20.0, 4.0, 15.0, None),
}
PROBE = """(
    SELECT fromUnixTimestamp64Milli(toInt64(given.1 * 1000)) AS ts, toFloat64(given.2) AS value
    FROM (SELECT arrayJoin([(0, 1), (10, 3), (20, 6), (30, 2), (40, 2), (50, 5), (60, 9), (70, 4),
        (110, 7), (120, 8)]) AS given)
)"""


def probe(names: Collection[str]) -> Query:
    """Ask these aggregates, a column each, for what they make of ten samples."""
    asked = ", ".join(f"{_aggregate(name)}(ts, value) AS {name}" for name in sorted(names))
    return Query(f"SELECT {asked} FROM {PROBE}", _times(PROBED), SETTINGS)


def there() -> Query:
    """Ask for `name`: the aggregates that this engine has."""
    return Query(
        "SELECT name FROM system.functions WHERE name IN {names:Array(String)}",
        {"names": sorted(set(AGGREGATES.values()))},
    )
