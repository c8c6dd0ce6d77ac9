"""One evaluation: from the tree's leaves to its root, each node at all times at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.promql.aggregations import PARTWISE, aggregate, aggregate_parts
from analytics.promql.binary import combine, unmatched
from analytics.promql.calls import call, parts_of
from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import Grid, Times, Value
from analytics.promql.guard import Guard, Notes
from analytics.promql.outcome import Flags, Floats, Limits, Options, Range, Unmatched
from analytics.promql.reading import Reading
from analytics.promql.storage import Storage
from analytics.promql.tracing import Trace
from analytics.promql.tree import (
    Aggregation,
    Binary,
    Call,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    Tree,
    Unary,
    bare,
)
from analytics.promql.windows import Windows


class Evaluation:
    """Computes one query; `asked` is what `start()` and `end()` mean, its step 0 at one moment."""

    def __init__(
        self, query: str, asked: Range, storage: Storage, *, limits: Limits, options: Options
    ) -> None:
        self.asked, self.options = asked, options
        self.guard = Guard(limits)
        self.notes = Notes(query)
        self.reading = Reading(storage, asked, guard=self.guard, options=options, inner=self.grid)
        self.unmatched: list[Unmatched] = []
        self.trace = Trace(query, self.guard, self.reading)

    def value(self, node: Tree, times: Times) -> Value:
        node = bare(node)
        self.guard.check()
        with self.trace.of(node) as traced:
            value = self._value(node, times)
            traced.series = len(value) if isinstance(value, Grid) else 1
        return value

    def _value(self, node: Tree, times: Times) -> Value:
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Number):
            return np.full(times.count, node.value)
        return self._computed(node, times)

    def _computed(self, node: Tree, times: Times) -> Value:
        match node:
            case Selector():
                return self.reading.instant(node, times)
            case Unary():
                return self._unary(node, times)
            case Binary():
                return self._chain(node, times)
            case Aggregation():
                return self._aggregation(node, times)
            case Call():
                return call(node, times, self)
        raise EvaluationFailed("a range vector stands where none can be computed")

    def grid(self, node: Tree, times: Times) -> Grid:
        """Compute what is a vector."""
        value = self.value(node, times)
        if not isinstance(value, Grid):
            raise EvaluationFailed("expected an instant vector")
        return value

    def scalar(self, node: Tree, times: Times) -> Floats:
        """Compute what is a scalar, one number a time."""
        value = self.value(node, times)
        if not isinstance(value, np.ndarray):
            raise EvaluationFailed("expected a scalar")
        return value

    def windows(self, node: RangeSelector | Subquery, times: Times) -> tuple[Windows, Flags]:
        with self.trace.of(node) as traced:
            windows, drops = self.reading.windows(node, times)
            traced.series = len(windows)
        return windows, drops

    def _unary(self, node: Unary, times: Times) -> Value:
        value = self.value(node.inner, times)
        if node.op == "+" or isinstance(value, str):
            return value
        if isinstance(value, Grid):
            return value.computed(-value.values, delayed=self.options.delayed_name_removal)
        return -value

    def _chain(self, node: Binary, times: Times) -> Value:
        """Compute operators from the left, in a loop: chains may be long."""
        chain = [node]
        while isinstance(chain[-1].left, Binary):
            chain.append(chain[-1].left)
        value = self.value(chain[-1].left, times)
        for link in reversed(chain):
            right = self.value(link.right, times)
            left, delayed = value, self.options.delayed_name_removal
            value = combine(link, left, right, guard=self.guard, delayed=delayed)
            if isinstance(value, Grid) and not len(value):
                self.unmatched += unmatched(link, left, right)
        return value

    def _aggregation(self, node: Aggregation, times: Times) -> Grid:
        parameter: Floats | str | None = None
        if node.parameter is not None:
            parameter = (
                text.value
                if isinstance(text := bare(node.parameter), Text)
                else self.scalar(node.parameter, times)
            )
        parts = self._parts(node, times) if node.op in PARTWISE else None
        if parts is not None:
            return aggregate_parts(node, parts, times.count, guard=self.guard)
        grid = self.grid(node.inner, times)
        return aggregate(node, grid, parameter, guard=self.guard, notes=self.notes)

    def _parts(self, node: Aggregation, times: Times) -> Iterator[Grid] | None:
        """Compute what is aggregated some series at a time; None where that cannot be."""
        inner = bare(node.inner)
        if isinstance(inner, Selector):
            return self._traced(inner, self.reading.instants(inner, times))
        parts = parts_of(inner, times, self) if isinstance(inner, Call) else None
        return None if parts is None else self._traced(inner, parts)

    def _traced(self, node: Tree, parts: Iterator[Grid]) -> Iterator[Grid]:
        with self.trace.of(node) as traced:
            for grid in parts:
                traced.series += len(grid)
                yield grid
