"""From a trend's definition to its answer: which queries to run, and what their rows mean.

Only the raw form stands here: every query reads events. Faster exact forms (closed days kept,
roll-ups) are chosen in `series_cells`, where a series, its grid and its cost are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from analytics.insights.buckets import Grid, TooManyPoints, cut, previous
from analytics.insights.definitions.trend import PERCENTILES, ROLLING_DAYS, Series, Trend
from analytics.insights.formula import Formula
from analytics.insights.sql import rolling
from analytics.insights.sql import trend as sql
from analytics.insights.sql.buckets import bucketing
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection
from analytics.insights.sql.values import value_of
from portal.lib.api import FieldError
from portal.store.client import Result
from portal.store.query import Query, TimeRange

Number = float | int | None
Run = Callable[[Query], Result]
OTHER = sql.OTHER
MAX_VALUES = 200_000
# These count: nothing is zero, and a sample is blown up to the whole.
COUNTING = ("total", "unique_users", "unique_sessions", "sum", "wau", "mau")


@dataclass(frozen=True)
class Point:
    at: datetime  # in the zone that was asked for
    value: Number
    complete: bool


@dataclass(frozen=True)
class Line:
    """One series of the answer, for one breakdown value, in one of the two periods."""

    label: str
    points: tuple[Point, ...]
    total: Number
    value: str | float | bool | None = None  # of the breakdown; None without one
    is_comparison: bool = False


@dataclass(frozen=True)
class Cells:
    """What one series counted: per breakdown key a total and a value per bucket."""

    totals: dict[str, Number] = field(default_factory=dict)
    points: dict[str, list[Number]] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """How a series' cells become lines."""

    title: str
    grid: Grid
    is_comparison: bool
    empty: Number = None


@dataclass
class Plan:
    """Answers one trend. `warnings` fill while it runs."""

    trend: Trend
    window: TimeRange
    as_of: datetime
    person: str
    run: Run
    warnings: list[str] = field(default_factory=list)
    absent: dict[str, None] = field(default_factory=dict)  # events that counted nothing

    def lines(self) -> list[Line]:
        """Run all queries. Raises FieldError for more points than an answer may have."""
        grid = self.grid(self.window)
        keys = self.ranked(grid)
        lines = list(self.period(grid, keys, is_comparison=False))
        if self.trend.compare:
            earlier = self.grid(previous(self.window, self.trend.interval))
            lines += self.period(earlier, keys, is_comparison=True)
        self.warn_of_absent_events()
        return lines

    def grid(self, window: TimeRange) -> Grid:
        try:
            grid = cut(window, self.trend.interval)
        except TooManyPoints as problem:
            raise FieldError("interval", str(problem)) from problem
        limit = self.trend.breakdown.limit + 1 if self.trend.breakdown else 1
        if len(grid) * limit * len(self.trend.series) > MAX_VALUES:
            message = (
                f"{len(grid):,} points for each of up to {limit * len(self.trend.series):,} lines are"
                f" more than {MAX_VALUES:,}: use a wider interval, a shorter range or fewer values."
            )
            raise FieldError("interval", message)
        return grid

    def source(self, series: Series, window: TimeRange) -> sql.Source:
        where = (*self.trend.where, *series.where)
        selection = Selection(series.event, window, where, self.trend.sampling)
        return sql.Source(series, selection, self.person, self.trend.breakdown)

    def ranked(self, grid: Grid) -> list[list[str]]:
        """Return for each series the breakdown keys that are shown, best first.

        With a formula all series follow the first, so that like is divided by like.
        """
        if self.trend.breakdown is None:
            return [[] for _ in self.trend.series]
        asked = self.trend.series[:1] if self.trend.formula else self.trend.series
        found = [self.top(self.prepared(series, grid), grid) for series in asked]
        return found * len(self.trend.series) if self.trend.formula else found

    def top(self, source: sql.Source, grid: Grid) -> list[str]:
        if source.series.math in ROLLING_DAYS:
            source = rolling.last_window(source, grid)
        return [str(key) for key, _ in self.run(sql.ranking(source)).rows()]

    def period(
        self, grid: Grid, keys: Sequence[Sequence[str]], *, is_comparison: bool
    ) -> Iterator[Line]:
        """Count every series over one period, and join them by the formula if there is one."""
        counted = [
            self.series_cells(series, grid, top)
            for series, top in zip(self.trend.series, keys, strict=True)
        ]
        if not is_comparison:
            named = zip(self.trend.series, counted, strict=True)
            self.absent = {s.event: None for s, cells in named if s.event and not cells.totals}
        if self.trend.formula:
            cells = self.by_formula(self.trend.formula, counted, grid)
            yield from self.drawn(
                cells, keys[0], Shown(self.trend.formula.text, grid, is_comparison)
            )
            return
        for series, cells, top in zip(self.trend.series, counted, keys, strict=True):
            shown = Shown(series.title, grid, is_comparison, empty_value(series))
            yield from self.drawn(cells, top, shown)

    def series_cells(self, series: Series, grid: Grid, top: Sequence[str]) -> Cells:
        """Count one series. The place to choose a faster exact form than reading events."""
        source = self.prepared(series, grid)
        if series.math in ROLLING_DAYS:
            cells = self.rolling_cells(source, grid, top)
        else:
            cells = self.raw_cells(source, grid, top)
        return scaled(cells, 1 / self.trend.sampling) if series.math in COUNTING else cells

    def prepared(self, series: Series, grid: Grid) -> sql.Source:
        """Choose how exactly percentiles are computed and how sessions are told apart."""
        source = self.source(series, grid.window)
        if series.math in PERCENTILES:
            return self.with_precision(source, grid)
        if series.math == "unique_sessions":
            return replace(source, has_gaps=bool(self.run(sql.sessionless(source)).value()))
        return source

    def with_precision(self, source: sql.Source, grid: Grid) -> sql.Source:
        (largest, all_values), *_ = self.run(sql.cell_sizes(source, grid)).rows()
        if all_values <= sql.EXACT_UP_TO:
            return source
        where = "the points and the total" if largest > sql.EXACT_UP_TO else "the total"
        self.warn(
            f"{source.series.title}: {where} cover more than {sql.EXACT_UP_TO:,} values and are"
            " approximated by a t-digest; expect them within about 1 % of the rank."
        )
        return replace(source, is_approximate=True)

    def raw_cells(self, source: sql.Source, grid: Grid, top: Sequence[str]) -> Cells:
        result = self.run(sql.points(source, grid, top))
        numbers = bucketing(grid, Params()).numbers
        columns = dict(zip(result.names, result.columns, strict=True))
        cells = Cells()
        for row, label in enumerate(columns.get("label", ())):  # no rows: no columns either
            key = top[label - 1] if label else OTHER
            parts = [i for i in (0, 1) if f"total{i}" in columns]
            totals = [columns[f"total{i}"][row] for i in parts]
            values = zip(*(columns[f"points{i}"][row] for i in parts), strict=True)
            cells.totals[key] = divided(totals)
            cells.points[key] = placed(
                {
                    numbers[bucket]: divided(value)
                    for bucket, value in zip(columns["buckets"][row], values, strict=True)
                },
                len(grid),
                empty_value(source.series),
            )
        return cells

    def rolling_cells(self, source: sql.Source, grid: Grid, top: Sequence[str]) -> Cells:
        changes: dict[str, dict[int, int]] = {}
        for label, place, change in self.run(rolling.rolling(source, grid, top)).rows():
            key = top[label - 1] if label else OTHER
            changes.setdefault(key, {})[place] = change
        begun = sum(start < self.as_of for start in grid.starts)
        cells = Cells()
        for key, found in changes.items():
            values: list[Number] = list(rolling.running(found, len(grid)))
            cells.points[key] = values
            cells.totals[key] = values[max(0, begun - 1)]
        return cells

    def by_formula(self, formula: Formula, counted: Sequence[Cells], grid: Grid) -> Cells:
        """Compute point by point, and the total from the totals."""
        empty = [empty_value(series) for series in self.trend.series]
        keys = dict.fromkeys(key for cells in counted for key in cells.totals)
        result = Cells()
        for key in keys or [OTHER]:
            totals = [c.totals.get(key, e) for c, e in zip(counted, empty, strict=True)]
            series = [
                c.points.get(key, [e] * len(grid)) for c, e in zip(counted, empty, strict=True)
            ]
            result.totals[key] = formula.value(lettered(totals))
            result.points[key] = [
                formula.value(lettered(values)) for values in zip(*series, strict=True)
            ]
        return result

    def drawn(self, cells: Cells, top: Sequence[str], shown: Shown) -> Iterator[Line]:
        """Turn cells into lines: ranked values in their order, then the rest."""
        grid = shown.grid
        zone = UTC if grid.window.zone == "UTC" else grid.window.tzinfo
        complete = grid.complete(self.as_of)
        has_rest = OTHER in cells.totals and (bool(top) or self.trend.breakdown is None)
        keys = [*top, OTHER] if has_rest or self.trend.breakdown is None else top
        for key in keys:
            values = cells.points.get(key) or [shown.empty] * len(grid)
            points = tuple(
                Point(at.astimezone(zone), value, is_over)
                for at, value, is_over in zip(grid.starts, values, complete, strict=True)
            )
            yield Line(
                shown.title,
                points,
                cells.totals.get(key, shown.empty),
                None if self.trend.breakdown is None else OTHER if key == OTHER else value_of(key),
                shown.is_comparison,
            )

    def warn_of_absent_events(self) -> None:
        """Tell an event that is merely quiet from one that never came."""
        for name in self.absent:
            ((events, last),) = self.run(sql.last_seen(name)).rows()
            if not events:
                self.warn(f"No event named {name!r} was ever seen.")
            elif not self.window.start <= last < self.window.end:
                self.warn(f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC.")

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def divided(parts: Sequence[Any]) -> Number:
    """Return a math's only part, or its first divided by its second."""
    if len(parts) == 1:
        value: Number = parts[0]
        return value
    return parts[0] / parts[1] if parts[1] else None


def placed(values: Mapping[int, Number], length: int, empty: Number) -> list[Number]:
    return [values.get(place, empty) for place in range(length)]


def empty_value(series: Series) -> Number:
    """Return what a bucket without events counts: an average of nothing is no number."""
    return 0 if series.math in COUNTING else None


def lettered(values: Sequence[Number]) -> dict[str, Number]:
    """Name values as formulas do: A is the first."""
    return {chr(ord("A") + place): value for place, value in enumerate(values)}


def scaled(cells: Cells, factor: float) -> Cells:
    """Blow a sample's counts up to the whole."""
    if factor == 1:
        return cells
    return Cells(
        {key: None if total is None else total * factor for key, total in cells.totals.items()},
        {
            key: [None if value is None else value * factor for value in values]
            for key, values in cells.points.items()
        },
    )
