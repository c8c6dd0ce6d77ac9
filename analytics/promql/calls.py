"""Calls of functions: which arguments they take, and who computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from analytics.promql import label_functions
from analytics.promql.elementwise import ELEMENTWISE, OF_TIME, is_empty_range
from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import SAME_LABELS, Grid, Times, Value
from analytics.promql.guard import Guard, Notes
from analytics.promql.histograms import Quantiles, fraction
from analytics.promql.info import Wanted, enriched
from analytics.promql.labels import NAME, get, nameless
from analytics.promql.outcome import Flags, Floats, Labels, Options, Range
from analytics.promql.range_functions import KEEP_NAME, OF_EACH_TIME, RANGE_FUNCTIONS
from analytics.promql.reading import Reading, spread
from analytics.promql.selectors import all_matchers
from analytics.promql.tree import Call, RangeSelector, Selector, Subquery, Text, Tree, bare
from analytics.promql.windows import Windows

COUNTER_NAMES = ("_total", "_sum", "_count", "_bucket")


class Evaluating(Protocol):
    """What calls need of the evaluation."""

    asked: Range
    options: Options
    guard: Guard
    notes: Notes
    reading: Reading

    def grid(self, node: Tree, times: Times) -> Grid: ...
    def scalar(self, node: Tree, times: Times) -> Floats: ...


def call(node: Call, times: Times, evaluating: Evaluating) -> Value:
    """Compute a call. Raises EvaluationFailed."""
    name = node.function.name
    if name in RANGE_FUNCTIONS:
        return _RangeCall(node, times, evaluating).run()
    if name in ELEMENTWISE:
        return _elementwise(node, times, evaluating)
    return SPECIAL[name](node, times, evaluating)


def parts_of(node: Call, times: Times, evaluating: Evaluating) -> Iterator[Grid] | None:
    """Compute a call some series at a time; None where its series depend on each other."""
    if node.function.name not in RANGE_FUNCTIONS or node.function.name == "absent_over_time":
        return None
    return _RangeCall(node, times, evaluating).parts()


def _elementwise(node: Call, times: Times, at: Evaluating) -> Grid:
    name = node.function.name
    if name in OF_TIME and not node.arguments:
        values = OF_TIME[name](np.trunc(times.ms / 1000))
        return _unlabelled(values)
    grid = at.grid(node.arguments[0], times)
    scalars = [at.scalar(argument, times) for argument in node.arguments[1:]]
    present = grid.present & ~is_empty_range(scalars) if name == "clamp" else grid.present
    values = ELEMENTWISE[name](grid.values, scalars)
    return grid.computed(values, present, delayed=at.options.delayed_name_removal).filled()


def _unlabelled(values: Floats) -> Grid:
    return Grid.of([()], values[None, :], np.ones((1, len(values)), np.bool_))


class _RangeCall:
    """A function over a range selector or a subquery."""

    def __init__(self, node: Call, times: Times, at: Evaluating) -> None:
        self.name, self.times, self.at = node.function.name, times, at
        place = node.function.takes.index("matrix")
        self.matrix = bare(node.arguments[place])
        self.scalars = [
            at.scalar(argument, times)
            for index, argument in enumerate(node.arguments)
            if index != place
        ]
        self.first = bare(node.arguments[0])

    def run(self) -> Grid:
        grid = self.at.reading.together(list(self.parts()), self.times.count)
        return self._absent(grid) if self.name == "absent_over_time" else grid

    def parts(self) -> Iterator[Grid]:
        """Compute some series at a time. Raises EvaluationFailed when two are the same without name."""
        seen: set[Labels] = set()
        for grid in self._grids():
            self._note(grid)
            yield self._named(grid, seen)

    def _grids(self) -> Iterator[Grid]:
        pushed = self.at.reading.on_grid(self.name, self.matrix, self.times)
        if pushed is not None:
            yield pushed
            return
        if not isinstance(self.matrix, RangeSelector | Subquery):
            raise EvaluationFailed("expected a range vector")
        for windows in self.at.reading.each_windows(self.matrix, self.times):
            yield self._over(windows)

    def _named(self, grid: Grid, seen: set[Labels]) -> Grid:
        """Take the names away, or mark them."""
        if self.name in KEEP_NAME or self.name == "absent_over_time":
            return grid
        if self.at.options.delayed_name_removal:
            return Grid(grid.labels, grid.values, grid.present, np.ones(len(grid), np.bool_))
        labels = [nameless(one) for one in grid.labels]
        before = len(seen)
        seen.update(labels)
        if len(seen) < before + len(labels):
            raise EvaluationFailed(SAME_LABELS)
        return Grid(labels, grid.values, grid.present, grid.drops)

    def _over(self, windows: Windows) -> Grid:
        each_time = self.name in OF_EACH_TIME
        columns = self.times.count if each_time else windows.ends_at.count
        self.at.guard.cells(len(windows), columns)
        values = np.zeros((len(windows), columns))
        present = np.zeros(values.shape, np.bool_)
        self._fill(windows, values, present, each_time=each_time)
        return spread(Grid.of(windows.labels, values, present).filled(), self.times.count)

    def _fill(self, windows: Windows, values: Floats, present: Flags, *, each_time: bool) -> None:
        if not len(windows.ts):
            return
        function = RANGE_FUNCTIONS[self.name]
        for block in windows.blocks(each_time=each_time):
            self.at.guard.check()
            scalars = [np.ascontiguousarray(one[block.columns]) for one in self.scalars]
            found, some = function(block, scalars)
            values[block.rows, block.columns] = found
            present[block.rows, block.columns] = some

    def _note(self, grid: Grid) -> None:
        if self.name in ("rate", "increase"):
            for name in dict.fromkeys(get(labels, NAME) for labels in grid.labels):
                if name and not name.endswith(COUNTER_NAMES):
                    self.at.notes.maybe_no_counter(name, self.first.start)
        if self.name == "quantile_over_time" and len(grid):
            asked = self.scalars[0][grid.present.any(axis=0)]
            for quantile in np.unique(asked).tolist():
                self.at.notes.bad_quantile(quantile, self.first.start)

    def _absent(self, grid: Grid) -> Grid:
        selects = isinstance(self.matrix, RangeSelector)
        labels = _absent_labels(self.matrix.selector if selects else self.matrix)  # type: ignore[union-attr]  # told by selects
        return _where_absent(grid, labels, self.times.count)


def _absent_labels(node: Tree) -> Labels:
    if not isinstance(node, Selector):
        return ()
    return label_functions.absent_labels(all_matchers(node))


def _where_absent(grid: Grid, labels: Labels, columns: int) -> Grid:
    absent: Flags = np.ones(columns, np.bool_)
    if len(grid):
        absent = np.logical_not(np.logical_or.reduce(grid.present, axis=0))
    return Grid.of([labels], np.ones((1, columns)), absent[None, :]).filled()


def _absent(node: Call, times: Times, at: Evaluating) -> Grid:
    argument = bare(node.arguments[0])
    return _where_absent(at.grid(argument, times), _absent_labels(argument), times.count)


def _timestamp(node: Call, times: Times, at: Evaluating) -> Grid:
    argument = bare(node.arguments[0])
    delayed = at.options.delayed_name_removal
    if isinstance(argument, Selector):
        grid = at.reading.timestamps(argument, times)
        return grid.computed(grid.values, delayed=delayed)
    grid = at.grid(argument, times)
    values = np.broadcast_to(times.ms / 1000, grid.values.shape)
    return grid.computed(values, delayed=delayed)


def _scalar(node: Call, times: Times, at: Evaluating) -> Floats:
    grid = at.grid(node.arguments[0], times)
    alone = grid.present.sum(axis=0) == 1
    values: Floats = np.where(grid.present, grid.values, 0.0).sum(axis=0)
    return np.where(alone, values, np.nan)


def _vector(node: Call, times: Times, at: Evaluating) -> Grid:
    return _unlabelled(at.scalar(node.arguments[0], times))


def _label_replace(node: Call, times: Times, at: Evaluating) -> Grid:
    return label_functions.label_replace(at.grid(node.arguments[0], times), _texts(node))


def _label_join(node: Call, times: Times, at: Evaluating) -> Grid:
    return label_functions.label_join(at.grid(node.arguments[0], times), _texts(node))


def _texts(node: Call) -> list[str]:
    arguments = map(bare, node.arguments)
    return [argument.value for argument in arguments if isinstance(argument, Text)]


def _sort(node: Call, times: Times, at: Evaluating) -> Grid:
    """Sort by value, NaN last; only one time can be sorted."""
    grid = at.grid(node.arguments[0], times)
    if times.count != 1:
        return grid
    values = grid.values[:, 0]
    keys = -values if node.function.name == "sort_desc" else values
    is_nan = np.isnan(keys)
    return grid.rows(np.lexsort((np.where(is_nan, 0.0, keys), is_nan)))


def _sort_by_label(node: Call, times: Times, at: Evaluating) -> Grid:
    grid = at.grid(node.arguments[0], times)
    if times.count != 1:
        return grid
    order = label_functions.sorted_by_labels(
        grid, _texts(node), descending=node.function.name == "sort_by_label_desc"
    )
    return grid.rows(np.array(order, np.int64))


def _histogram_quantile(node: Call, times: Times, at: Evaluating) -> Grid:
    quantile = _scalars(node.arguments[:1], times, at)[0]
    for one in np.unique(quantile).tolist():
        at.notes.bad_quantile(one, bare(node.arguments[0]).start)
    vector = node.arguments[1]
    grid = _quantiles(vector, times, at).one(at.grid(vector, times), quantile)
    return grid.computed(grid.values, delayed=at.options.delayed_name_removal).filled()


def _histogram_quantiles(node: Call, times: Times, at: Evaluating) -> Grid:
    vector, label, *asked = node.arguments
    quantiles = _scalars(asked, times, at)
    for argument, quantile in zip(asked, quantiles, strict=True):
        for one in np.unique(quantile).tolist():
            at.notes.bad_quantile(one, bare(argument).start)
    grid = at.grid(vector, times)
    named = label.value if isinstance(label := bare(label), Text) else ""
    found = _quantiles(vector, times, at).several(grid, named, quantiles)
    return found.computed(found.values, delayed=at.options.delayed_name_removal).filled()


def _quantiles(vector: Tree, times: Times, at: Evaluating) -> Quantiles:
    return Quantiles(times, at.notes, bare(vector).start, at.options.delayed_name_removal)


def _scalars(arguments: Sequence[Tree], times: Times, at: Evaluating) -> list[Floats]:
    return [np.ascontiguousarray(at.scalar(argument, times)) for argument in arguments]


def _histogram_fraction(node: Call, times: Times, at: Evaluating) -> Grid:
    lower, higher = _scalars(node.arguments[:2], times, at)
    vector = node.arguments[2]
    grid = fraction(
        at.grid(vector, times), lower, higher, notes=at.notes, position=bare(vector).start
    )
    return grid.computed(grid.values, delayed=at.options.delayed_name_removal).filled()


def _info(node: Call, times: Times, at: Evaluating) -> Grid:
    base = at.grid(node.arguments[0], times)
    given = node.arguments[1] if len(node.arguments) > 1 else None
    wanted = Wanted.of(given.matchers if isinstance(given, Selector) else None)
    selector = Selector(start=node.start, end=node.end, name="", matchers=wanted.matchers)
    return enriched(base, at.reading.timestamps(selector, times), wanted)


def _of_query(node: Call, times: Times, at: Evaluating) -> Floats:
    """Compute start(), end(), step() and range(), which are the query's own."""
    asked = at.asked
    ms = {
        "start": asked.start_ms,
        "end": asked.end_ms,
        "step": asked.step_ms,
        "range": asked.end_ms - asked.start_ms,
    }[node.function.name]
    return np.full(times.count, ms / 1000)


def _of_two(node: Call, times: Times, at: Evaluating) -> Floats:
    one, other = (at.scalar(argument, times) for argument in node.arguments)
    return np.minimum(one, other) if node.function.name == "min_of" else np.maximum(one, other)


def _time(_node: Call, times: Times, _at: Evaluating) -> Floats:
    return times.ms / 1000


def _pi(_node: Call, times: Times, _at: Evaluating) -> Floats:
    return np.full(times.count, np.pi)


SPECIAL: dict[str, Callable[[Call, Times, Evaluating], Value]] = {
    "absent": _absent,
    "end": _of_query,
    "histogram_fraction": _histogram_fraction,
    "histogram_quantile": _histogram_quantile,
    "histogram_quantiles": _histogram_quantiles,
    "info": _info,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "max_of": _of_two,
    "min_of": _of_two,
    "pi": _pi,
    "range": _of_query,
    "scalar": _scalar,
    "sort": _sort,
    "sort_by_label": _sort_by_label,
    "sort_by_label_desc": _sort_by_label,
    "sort_desc": _sort,
    "start": _of_query,
    "step": _of_query,
    "time": _time,
    "timestamp": _timestamp,
    "vector": _vector,
}
