"""Operators between two sides: scalars, vectors, and vectors matched by labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from analytics.promql.elementwise import COMPARISONS, OPERATORS
from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import SAME_LABELS, Grid, Value, joined, merged
from analytics.promql.guard import Guard
from analytics.promql.labels import (
    NAME,
    OF_THE_METRIC,
    changed,
    get,
    nameless,
    only,
    shown,
    without,
)
from analytics.promql.outcome import Flags, Floats, Labels, Side, Unmatched
from analytics.promql.tree import SET_OPERATORS, Binary, Matching

# Series of each side that a hint looks at.
MOST_SHOWN = 1_000


def combine(
    node: Binary, left: Value, right: Value, *, guard: Guard, delayed: bool
) -> Grid | Floats:
    """Compute an operator. Raises EvaluationFailed."""
    if isinstance(left, Grid) and isinstance(right, Grid):
        if node.op in SET_OPERATORS:
            return _combine_sets(node, left, right, delayed=delayed)
        return _Matched(node, left, right, guard=guard, delayed=delayed).run()
    if isinstance(left, Grid) and isinstance(right, np.ndarray):
        return _with_scalar(node, left, right, vector_left=True, delayed=delayed)
    if isinstance(right, Grid) and isinstance(left, np.ndarray):
        return _with_scalar(node, right, left, vector_left=False, delayed=delayed)
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return _of_scalars(node.op, left, right)
    raise EvaluationFailed("binary expression must contain only scalar and instant vector types")


def _of_scalars(op: str, left: Floats, right: Floats) -> Floats:
    if op in COMPARISONS:
        return COMPARISONS[op](left, right).astype(np.float64)
    return OPERATORS[op](left, right)


def _with_scalar(
    node: Binary, grid: Grid, scalar: Floats, *, vector_left: bool, delayed: bool
) -> Grid:
    """Compute each value against a scalar; a comparison keeps the vector's value."""
    sides = (grid.values, scalar) if vector_left else (scalar, grid.values)
    if node.op in OPERATORS:
        return grid.computed(OPERATORS[node.op](*sides), delayed=delayed).filled()
    holds = COMPARISONS[node.op](*sides)
    if node.gives_bool:
        return grid.computed(holds.astype(np.float64), delayed=delayed).filled()
    return Grid(grid.labels, grid.values, grid.present & holds, grid.drops).filled()


def signature(labels: Labels, matching: Matching) -> Labels:
    """Give the labels by which a series is matched."""
    if matching.on:
        return only(labels, matching.labels)
    return without(labels, (*matching.labels, NAME))


def unmatched(node: Binary, left: Value, right: Value) -> list[Unmatched]:
    """Tell of an operator that gave nothing because no series of its two sides match."""
    if not isinstance(left, Grid) or not isinstance(right, Grid) or node.op in ("or", "unless"):
        return []
    ours = {signature(labels, node.matching) for labels in left.labels}
    theirs = {signature(labels, node.matching) for labels in right.labels}
    if not ours or not theirs or ours & theirs:
        return []
    sides = (
        Side(tree.start, tree.end, tuple(grid.labels[:MOST_SHOWN]))
        for tree, grid in ((node.left, left), (node.right, right))
    )
    return [Unmatched(node.op, *sides)]


def _combine_sets(node: Binary, left: Grid, right: Grid, *, delayed: bool) -> Grid:
    columns = left.values.shape[1]
    keys: dict[Labels, int] = {}
    ours, theirs = (
        np.array(
            [
                keys.setdefault(signature(labels, node.matching), len(keys))
                for labels in grid.labels
            ],
            np.int64,
        )
        for grid in (left, right)
    )
    if node.op == "or":
        taken = right.present & ~_has(left, ours, len(keys), columns)[theirs]
        rest = Grid(right.labels, right.values, taken, right.drops)
        return _checked(joined([left, rest]).filled(), delayed=delayed)
    matched = _has(right, theirs, len(keys), columns)[ours]
    present = left.present & (matched if node.op == "and" else ~matched)
    return _checked(Grid(left.labels, left.values, present, left.drops).filled(), delayed=delayed)


def _checked(grid: Grid, *, delayed: bool) -> Grid:
    """Join rows of the same labels, but leave the names to the end with `delayed` at one time."""
    if delayed and grid.values.shape[1] == 1:
        return grid
    return merged(grid)


def _has(
    grid: Grid, keys: np.ndarray[tuple[int], np.dtype[np.int64]], count: int, columns: int
) -> Flags:
    """Tell at which times each key has a point."""
    has = np.zeros((count, columns), np.bool_)
    np.logical_or.at(has, keys, grid.present)
    return has


@dataclass(frozen=True)
class _Sides:
    """Rows of both sides that have one signature; `one` is the side of which only one may be."""

    many: list[int]
    one: list[int]


class _Matched:
    """An operator between two vectors. The side that may have many is `many`."""

    def __init__(
        self, node: Binary, left: Grid, right: Grid, *, guard: Guard, delayed: bool
    ) -> None:
        self.node, self.guard, self.delayed = node, guard, delayed
        self.swapped = node.matching.group == "right"
        self.many, self.one = (right, left) if self.swapped else (left, right)
        self.columns = left.values.shape[1]
        # Where one side is empty nothing is matched, and nothing can be wrong.
        self.both = left.present.any(axis=0) & right.present.any(axis=0)
        self.rows: dict[Labels, tuple[Floats, Flags]] = {}

    def run(self) -> Grid:
        sides = self._sides()
        self._check_one_side(sides)
        for signed in sides.values():
            if signed.many and signed.one:
                self._pair(signed)
        labels = list(self.rows)
        if not labels:
            return Grid.empty(self.columns)
        values = np.array([values for values, _ in self.rows.values()])
        present = np.array([present for _, present in self.rows.values()])
        drops = np.full(len(labels), self.delayed and self.node.gives_bool)
        return Grid(labels, values, present, drops).filled()

    def _sides(self) -> dict[Labels, _Sides]:
        found: dict[Labels, _Sides] = {}
        for row, labels in enumerate(self.one.labels):
            key = signature(labels, self.node.matching)
            found.setdefault(key, _Sides([], [])).one.append(row)
        for row, labels in enumerate(self.many.labels):
            key = signature(labels, self.node.matching)
            found.setdefault(key, _Sides([], [])).many.append(row)
        return found

    def _check_one_side(self, sides: dict[Labels, _Sides]) -> None:
        worst: tuple[int, Labels, Sequence[int]] | None = None
        for key, signed in sides.items():
            if len(signed.one) < 2:
                continue
            doubled = np.flatnonzero((self.one.present[signed.one].sum(axis=0) > 1) & self.both)
            if len(doubled) and (worst is None or doubled[0] < worst[0]):
                at = int(doubled[0])
                worst = (at, key, [row for row in signed.one if self.one.present[row, at]][:2])
        if worst is not None:
            self._refuse_duplicates(worst[1], worst[2])

    def _refuse_duplicates(self, key: Labels, rows: Sequence[int]) -> NoReturn:
        pair = ", ".join(sorted(shown(self.one.labels[row]) for row in rows))
        raise EvaluationFailed(
            f"found duplicate series for the match group {shown(key)} on the"
            f" {'left' if self.swapped else 'right'} hand-side of the operation: [{pair}];"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )

    def _pair(self, signed: _Sides) -> None:
        self.guard.check()
        filled = np.zeros(self.columns, np.bool_)
        # Labels of results of this signature, to see which come twice.
        seen: dict[Labels, Flags] = {}
        for many in signed.many:
            for one in signed.one:
                both = self.many.present[many] & self.one.present[one]
                if not both.any():
                    continue
                if self.node.matching.group is None:
                    if (filled & both).any():
                        raise EvaluationFailed(
                            "multiple matches for labels: many-to-one matching must be explicit"
                            " (group_left/group_right)"
                        )
                    filled |= both
                self._add(many, one, both, seen)

    def _add(self, many: int, one: int, both: Flags, seen: dict[Labels, Flags]) -> None:
        labels = self._labels(self.many.labels[many], self.one.labels[one])
        if self.node.matching.group is not None:
            before = seen.setdefault(labels, np.zeros(self.columns, np.bool_))
            if (before & both).any():
                raise EvaluationFailed(
                    "multiple matches for labels: grouping labels must ensure unique matches"
                )
            before |= both
        values, kept = self._values(self.many.values[many], self.one.values[one])
        kept = both & kept
        if labels not in self.rows:
            self.guard.cells(len(self.rows) + 1, self.columns)
            self.rows[labels] = (np.where(kept, values, 0.0), kept)
            return
        known, present = self.rows[labels]
        if (present & kept).any():
            raise EvaluationFailed(SAME_LABELS)
        known[kept] = values[kept]
        present |= kept

    def _values(self, many: Floats, one: Floats) -> tuple[Floats, Flags]:
        left, right = (one, many) if self.swapped else (many, one)
        everywhere = np.ones(self.columns, np.bool_)
        if self.node.op in OPERATORS:
            return OPERATORS[self.node.op](left, right), everywhere
        holds = COMPARISONS[self.node.op](left, right)
        if self.node.gives_bool:
            return holds.astype(np.float64), everywhere
        return left, holds

    def _labels(self, many: Labels, one: Labels) -> Labels:
        matching, labels = self.node.matching, many
        if self.node.op in OPERATORS:
            labels = nameless(labels)
        if matching.group is None:
            keeps = only if matching.on else without
            labels = keeps(labels, matching.labels)
        if matching.include:
            labels = changed(labels, {name: get(one, name) for name in matching.include})
        if self.node.gives_bool and not self.delayed:
            labels = without(labels, OF_THE_METRIC)
        return labels
