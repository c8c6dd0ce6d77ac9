"""What a node gives: a row a series, a column a time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.promql.errors import EvaluationFailed
from analytics.promql.labels import nameless
from analytics.promql.outcome import Flags, Floats, Ints, Labels

SAME_LABELS = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True)
class Times:
    """`count` times from `start_ms` on, `step_ms` apart."""

    start_ms: int
    step_ms: int
    count: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + (self.count - 1) * self.step_ms

    @property
    def ms(self) -> Ints:
        return self.start_ms + self.step_ms * np.arange(self.count, dtype=np.int64)

    def moved(self, by_ms: int) -> Times:
        return Times(self.start_ms + by_ms, self.step_ms, self.count)


@dataclass(frozen=True)
class Grid:
    """An instant vector at each time. `drops` says which rows lose their name in the end."""

    labels: Sequence[Labels]
    values: Floats
    present: Flags
    drops: Flags

    @classmethod
    def of(cls, labels: Sequence[Labels], values: Floats, present: Flags) -> Grid:
        return cls(labels, values, present, np.zeros(len(labels), np.bool_))

    @classmethod
    def empty(cls, count: int) -> Grid:
        return cls.of([], np.zeros((0, count)), np.zeros((0, count), np.bool_))

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, chosen: Ints) -> Grid:
        return Grid(
            [self.labels[row] for row in chosen.tolist()],
            self.values[chosen],
            self.present[chosen],
            self.drops[chosen],
        )

    def filled(self) -> Grid:
        """Leave out the rows without a point."""
        some = self.present.any(axis=1)
        return self if some.all() else self.rows(np.flatnonzero(some))

    def computed(self, values: Floats, present: Flags | None = None, *, delayed: bool) -> Grid:
        """Give the same series with other values, which are not that metric any more.

        With `delayed` the name stays until the end, otherwise it goes at once. Raises
        EvaluationFailed when two series are the same without it, at the same time.
        """
        kept = self.present if present is None else present
        if delayed:
            return Grid(self.labels, values, kept, np.ones(len(self), np.bool_))
        return merged(Grid([nameless(one) for one in self.labels], values, kept, self.drops))


Value = Grid | Floats | str


def merged(grid: Grid) -> Grid:
    """Join rows of the same labels. Raises EvaluationFailed where two have a point at one time."""
    if len(set(grid.labels)) == len(grid.labels):
        return grid
    rows: dict[Labels, list[int]] = {}
    for row, labels in enumerate(grid.labels):
        rows.setdefault(labels, []).append(row)
    values = np.zeros((len(rows), grid.values.shape[1]))
    present = np.zeros(values.shape, np.bool_)
    for at, same in enumerate(rows.values()):
        for row in same:
            if (present[at] & grid.present[row]).any():
                raise EvaluationFailed(SAME_LABELS)
            values[at] = np.where(grid.present[row], grid.values[row], values[at])
            present[at] |= grid.present[row]
    drops = np.array([grid.drops[same[0]] for same in rows.values()], np.bool_)
    return Grid(list(rows), values, present, drops)


def joined(grids: Sequence[Grid]) -> Grid:
    """Put the rows of several grids of the same times below each other."""
    return Grid(
        [labels for grid in grids for labels in grid.labels],
        np.concatenate([grid.values for grid in grids]),
        np.concatenate([grid.present for grid in grids]),
        np.concatenate([grid.drops for grid in grids]),
    )
