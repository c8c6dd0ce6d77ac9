"""From a trend's definition to its answer: which queries to run, and what their rows mean.

Only the raw form stands here: every query reads events. Faster exact forms (closed days kept,
roll-ups) are chosen in `series_cells`, where a series, its grid and its cost are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from analytics.insights.buckets import Grid, TooManyPoints, cut, previous
from analytics.insights.definitions.trend import PERCENTILES, ROLLING_DAYS, Series, Trend
from analytics.insights.formula import Formula
from analytics.insights.kept import activity
from analytics.insights.kept.days import Found
from analytics.insights.sql import hours, rolling
from analytics.insights.sql import trend as sql
from analytics.insights.sql.buckets import bucketing
from analytics.insights.sql.kept import KeptSelection
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection
from analytics.insights.sql.values import value_of
from portal.lib.field_error import FieldError
from portal.store.query import Query, TimeRange

Number = float | int | None
OTHER = sql.OTHER
MAX_VALUES = 200_000
# These count: nothing is zero, and a sample is blown up to the whole.
COUNTING = ("total", "unique_users", "unique_sessions", "sum", "wau", "mau")

# How points make the total, where they do.
JOINS: Mapping[str, Callable[[Sequence[Any]], Number]] = {
    "total": sum, "sum": math.fsum, "min": min, "max": max,
}  # fmt: skip


class Answered(Protocol):
    """What a query answers: columns by name, as the store's client gives them."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> tuple[Sequence[Any], ...]: ...

    def rows(self) -> list[tuple[Any, ...]]: ...


Run = Callable[[Query], Answered]
Kept = Callable[[KeptSelection, TimeRange], Found | None]
OF_PERSONS = ("unique_users", *ROLLING_DAYS)


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
    place: int | None = None  # of its series; None for a formula


@dataclass(frozen=True)
class Cells:
    """What one series counted: per breakdown key a total and a value per bucket.

    `keys` are the breakdown's values that are shown, best first; what is left is under OTHER, and
    so is everything when there is no breakdown.
    """

    keys: list[str] = field(default_factory=list)
    totals: dict[str, Number] = field(default_factory=dict)
    points: dict[str, list[Number]] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """How a series' cells become lines."""

    title: str
    grid: Grid
    is_comparison: bool
    empty: Number = None
    place: int | None = None


def nothing_kept(_: KeptSelection, __: TimeRange) -> None:
    """Stand for kept rows where everything is to be computed raw."""


@dataclass
class Plan:
    """Answers one trend. `warnings` fill while it runs."""

    trend: Trend
    window: TimeRange
    as_of: datetime
    person: str
    run: Run
    kept: Kept = field(default=nothing_kept)
    has_hours: bool = False  # the engine keeps counts by hour, and they may be used
    is_spread: bool = False  # over shards: what is grouped by must not travel
    warnings: list[str] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Run all queries. Raises FieldError for more points than an answer may have."""
        grid = self.grid(self.window)
        counted = self.ranked(grid)
        lines = list(self.period(grid, counted, is_comparison=False))
        if self.trend.compare:
            earlier = self.grid(previous(self.window, self.trend.interval))
            shown = zip(self.trend.series, counted, strict=True)
            before = [self.series_cells(series, earlier, cells.keys) for series, cells in shown]
            lines += self.period(earlier, before, is_comparison=True)
        named = zip(self.trend.series, counted, strict=True)
        absent = [series.event for series, cells in named if series.event and not cells.totals]
        self.warn_of_absent_events(dict.fromkeys(absent))
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

    def ranked(self, grid: Grid) -> list[Cells]:
        """Count every series over the window, each with its own best breakdown values.

        With a formula all series follow the first, so that like is divided by like.
        """
        counted: list[Cells] = []
        for series in self.trend.series:
            keys = counted[0].keys if self.trend.formula and counted else None
            counted.append(self.series_cells(series, grid, keys))
        return counted

    def period(
        self, grid: Grid, counted: Sequence[Cells], *, is_comparison: bool
    ) -> Iterator[Line]:
        """Draw every series of one period, or the formula over them if there is one."""
        if self.trend.formula:
            cells = self.by_formula(self.trend.formula, counted, grid)
            yield from self.drawn(cells, Shown(self.trend.formula.text, grid, is_comparison))
            return
        for place, (series, cells) in enumerate(zip(self.trend.series, counted, strict=True)):
            shown = Shown(series.title, grid, is_comparison, empty_value(series), place)
            yield from self.drawn(cells, shown)

    def series_cells(self, series: Series, grid: Grid, keys: Sequence[str] | None) -> Cells:
        """Count one series, for the given breakdown keys or for its own best, in the best form."""
        source = self.prepared(series, grid)
        quick = self.kept_cells(source, grid) or self.hourly_cells(source, grid, keys)
        if quick is not None:
            return quick
        if series.math in ROLLING_DAYS:
            cells = self.rolling_cells(source, grid, keys)
        elif self.trend.breakdown and keys is None and self.ranks_first(source):
            best = self.run(sql.ranking(source))
            cells = self.raw_cells(source, grid, [str(key) for key, _ in best.rows()])
        elif self.trend.breakdown and keys is None:
            cells = self.ranked_cells(source, grid)
        else:
            cells = self.raw_cells(source, grid, keys or ())
        return scaled(cells, 1 / self.trend.sampling) if series.math in COUNTING else cells

    def kept_cells(self, source: sql.Source, grid: Grid) -> Cells | None:
        """Count persons from kept rows; None where the engine is to count."""
        math, selection = source.series.math, source.selection
        if math not in OF_PERSONS or source.breakdown or selection.sampling < 1:
            return None
        rows = activity.of_one(selection.event, *selection.where)
        if math in ROLLING_DAYS:
            wide = rolling.reaching_back(source, grid).selection.window
            found = self.kept(rows, wide)
            if found is None:
                return None
            windows = rolling.windows(grid, ROLLING_DAYS[math])
            points = activity.rolling(found, windows, len(grid))
            total = points[max(0, sum(start < self.as_of for start in grid.starts) - 1)]
        else:
            found = self.kept(rows, grid.window)
            if found is None:
                return None
            points, total = activity.uniques(found, grid)
        return Cells([], {OTHER: total}, {OTHER: list(points)}) if any(points) else Cells()

    def hourly_cells(
        self, source: sql.Source, grid: Grid, keys: Sequence[str] | None
    ) -> Cells | None:
        """Sum up the engine's counts by hour; None where they do not tell enough."""
        unit = hours.unit_of(source, grid) if self.has_hours else None
        if unit is None:
            return None
        rows = self.run(hours.counted(source, unit)).rows()
        found = {
            f"s{raw}" if raw else "": row for raw, row in hours.cells(rows, unit, grid).items()
        }
        if not found and keys is None:
            return Cells()
        if source.breakdown is None:
            return shown_cells(found, [])
        if keys is None:
            ranked = sorted(found, key=lambda key: (-sum(found[key]), key[1:] or "$none", key))
            keys = ranked[: source.breakdown.limit]
        return shown_cells(found, keys)

    def ranks_first(self, source: sql.Source) -> bool:
        """Tell whether to rank values before counting points.

        In one pass all values' sets of persons would be merged in one place, for the rest counts a
        person once.
        """
        return self.is_spread and sql.is_additive(sql.parts_of(source, Params()))

    def prepared(self, series: Series, grid: Grid) -> sql.Source:
        """Choose how exactly percentiles are computed and how sessions are told apart."""
        source = self.source(series, grid.window)
        if series.math in PERCENTILES:
            return self.with_precision(source, grid)
        if series.math == "unique_sessions":
            ((count,),) = self.run(sql.sessionless(source)).rows()
            return replace(source, has_gaps=count > 0)
        return source

    def with_precision(self, source: sql.Source, grid: Grid) -> sql.Source:
        ((events,),) = self.run(sql.at_most(source)).rows()
        if events <= sql.EXACT_UP_TO:
            return source
        ((largest, all_values),) = self.run(sql.cell_sizes(source, grid)).rows()
        if all_values <= sql.EXACT_UP_TO:
            return source
        where = "the points and the total" if largest > sql.EXACT_UP_TO else "the total"
        self.warn(
            f"{source.series.title}: {where} cover more than {sql.EXACT_UP_TO:,} values and are"
            " approximated by a t-digest; expect them within about 1 % of the rank."
        )
        return replace(source, is_approximate=True)

    def raw_cells(self, source: sql.Source, grid: Grid, keys: Sequence[str]) -> Cells:
        if self.trend.breakdown is None and sql.is_split(source.series.math):
            columns = self.split_columns(source, grid)
        else:
            columns = self.columns(sql.points(source, grid, keys))
        named = [keys[label - 1] if label else OTHER for label in columns.get("label", ())]
        return placed_cells(columns, named, Cells(list(keys)), source, grid)

    def split_columns(self, source: sql.Source, grid: Grid) -> dict[str, Sequence[Any]]:
        """Count points, then the total: from the points where that is the same.

        There are no columns when there are no events.
        """
        columns = self.columns(sql.split_points(source, grid))
        if not any(columns.get("buckets", ())):
            return {}
        join = JOINS.get(source.series.math)
        if join is None:
            return columns | self.columns(sql.totals(source))
        return columns | {"total0": [join(columns["points0"][0])]}

    def ranked_cells(self, source: sql.Source, grid: Grid) -> Cells:
        columns = self.columns(sql.ranked_points(source, grid))
        labeled = list(zip(columns.get("label", ()), columns.get("key", ()), strict=True))
        named = [key if label else OTHER for label, key in labeled]
        cells = Cells([key for label, key in labeled if label])
        return placed_cells(columns, named, cells, source, grid)

    def columns(self, query: Query) -> dict[str, Sequence[Any]]:
        """Run a query; without rows there are no columns either."""
        result = self.run(query)
        return dict(zip(result.names, result.columns, strict=True))

    def rolling_cells(self, source: sql.Source, grid: Grid, given: Sequence[str] | None) -> Cells:
        keys = list(given or ())
        last = max(0, sum(start < self.as_of for start in grid.starts) - 1)
        if self.trend.breakdown and given is None:
            best = self.run(rolling.ranking(source, grid, last))
            keys = [str(key) for (key,) in best.rows()]
        changes: dict[str, dict[int, int]] = {}
        for label, place, change in self.run(rolling.rolling(source, grid, keys)).rows():
            changes.setdefault(keys[label - 1] if label else OTHER, {})[place] = change
        cells = Cells(keys)
        for key, found in changes.items():
            values: list[Number] = list(rolling.running(found, len(grid)))
            cells.points[key] = values
            cells.totals[key] = values[last]
        return cells

    def by_formula(self, formula: Formula, counted: Sequence[Cells], grid: Grid) -> Cells:
        """Compute point by point, and the total from the totals."""
        empty = [empty_value(series) for series in self.trend.series]
        found = (key for cells in counted for key in cells.totals)
        keys = dict.fromkeys([*counted[0].keys, *found])
        result = Cells(counted[0].keys)
        for key in keys or ([] if self.trend.breakdown else [OTHER]):
            totals = [c.totals.get(key, e) for c, e in zip(counted, empty, strict=True)]
            series = [
                c.points.get(key, [e] * len(grid)) for c, e in zip(counted, empty, strict=True)
            ]
            result.totals[key] = formula.value(lettered(totals))
            result.points[key] = [
                formula.value(lettered(values)) for values in zip(*series, strict=True)
            ]
        return result

    def drawn(self, cells: Cells, shown: Shown) -> Iterator[Line]:
        """Turn cells into lines: ranked values in their order, then the rest."""
        grid = shown.grid
        zone = UTC if grid.window.zone == "UTC" else grid.window.tzinfo
        complete = grid.complete(self.as_of)
        is_whole = self.trend.breakdown is None
        has_rest = is_whole or (OTHER in cells.totals and bool(cells.keys))
        keys = [*cells.keys, OTHER] if has_rest else cells.keys
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
                None if is_whole else OTHER if key == OTHER else value_of(key),
                shown.is_comparison,
                shown.place,
            )

    def warn_of_absent_events(self, names: Iterable[str]) -> None:
        """Tell an event that is merely quiet from one that never came."""
        for name in names:
            ((events, last),) = self.run(sql.last_seen(name)).rows()
            if not events:
                self.warn(f"No event named {name!r} was ever seen.")
            elif not self.window.start <= last < self.window.end:
                self.warn(f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC.")

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def placed_cells(
    columns: Mapping[str, Sequence[Any]],
    named: Sequence[str],
    cells: Cells,
    source: sql.Source,
    grid: Grid,
) -> Cells:
    """Fill cells from the columns of `points`; `named` is each row's key."""
    numbers = bucketing(grid, Params()).numbers
    parts = [place for place in (0, 1) if f"total{place}" in columns]
    for row, key in enumerate(named):
        cells.totals[key] = divided([columns[f"total{place}"][row] for place in parts])
        values = zip(*(columns[f"points{place}"][row] for place in parts), strict=True)
        counted = zip(columns["buckets"][row], values, strict=True)
        found = {numbers[bucket]: divided(value) for bucket, value in counted}
        cells.points[key] = placed(found, len(grid), empty_value(source.series))
    return cells


def shown_cells(found: Mapping[str, Sequence[int]], keys: Sequence[str]) -> Cells:
    """Return counts by key; what is not among the keys shown is summed up."""
    cells = Cells(list(keys))
    for key in [*keys, OTHER]:
        rows = [
            row for one, row in found.items() if one == key or (key == OTHER and one not in keys)
        ]
        if rows:
            cells.points[key] = [sum(values) for values in zip(*rows, strict=True)]
            cells.totals[key] = sum(cells.points[key])  # type: ignore[arg-type]  # counts, never None
    return cells


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
        cells.keys,
        {key: None if total is None else total * factor for key, total in cells.totals.items()},
        {
            key: [None if value is None else value * factor for value in values]
            for key, values in cells.points.items()
        },
    )
