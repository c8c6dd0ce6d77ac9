"""info(): labels of info metrics (`target_info`) put on the series of the same instance and job. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import Grid, merged
from analytics.promql.labels import NAME, changed, get, shown
from analytics.promql.outcome import Flags, Ints, Labels
from analytics.promql.selectors import matches
from analytics.series.matching import Matcher

DEFAULT = Matcher(NAME, "=", "target_info")
ANY = Matcher(NAME, "=~", ".+_info")
IDENTIFYING = ("instance", "job")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """Which info metrics, and which of their labels: all where `of_labels` is empty."""

    of_name: list[Matcher]
    of_labels: list[Matcher]

    @classmethod
    def of(cls, matchers: Sequence[Matcher] | None) -> Wanted:
        """Read the second argument; None where there is none."""
        names = [one for one in matchers or () if one.name == NAME]
        labels = [one for one in matchers or () if one.name != NAME]
        if names and all(one.op.startswith("!") for one in names):
            names = [ANY, *names]
        return cls(names or [DEFAULT], labels)

    @property
    def matchers(self) -> list[Matcher]:
        """What info series are selected by."""
        return [*self.of_name, *self.of_labels]

    def is_info(self, labels: Labels) -> bool:
        """Tell whether a series is such an info metric itself, which stays as it is."""
        name = get(labels, NAME)
        return all(matches(one, name) for one in self.of_name)

    def takes(self, label: str) -> bool:
        return label != NAME and (
            not self.of_labels or any(one.name == label for one in self.of_labels)
        )

    @property
    def may_be_missing(self) -> bool:
        """Tell whether a series without info metric stays."""
        return all(matches(one, "") for one in self.of_labels)


def enriched(base: Grid, infos: Grid, wanted: Wanted) -> Grid:
    """Put labels on `base`; the values of `infos` are the times of their samples.

    Raises EvaluationFailed when two info series of one metric are as new, or two differ on a label.
    """
    newest = _newest(infos)
    names = sorted({key[0] for key in newest})
    rows: list[tuple[Labels, int, Flags]] = []
    for row, labels in enumerate(base.labels):
        if wanted.is_info(labels):
            rows.append((labels, row, base.present[row]))
            continue
        identity = tuple(get(labels, name) for name in IDENTIFYING)
        nothing = np.full(base.present.shape[1], -1, np.int64)
        found = np.array([newest.get((name, *identity), nothing) for name in names])
        rows += [
            (new, row, base.present[row] & at)
            for new, at in _with_labels(labels, found, infos, wanted)
        ]
    if not rows:
        return Grid.empty(base.values.shape[1])
    chosen = np.array([row for _, row, _ in rows], np.int64)
    present = np.array([there for _, _, there in rows])
    grid = Grid([new for new, _, _ in rows], base.values[chosen], present, base.drops[chosen])
    return merged(grid.filled())


def _newest(infos: Grid) -> dict[Key, Ints]:
    """Find, for each metric, instance and job, the row of the newest sample at each time, or -1."""
    newest: dict[Key, Ints] = {}
    for row, labels in enumerate(infos.labels):
        key = (get(labels, NAME), *(get(labels, name) for name in IDENTIFYING))
        rows = newest.setdefault(key, np.full(infos.present.shape[1], -1, np.int64))
        others = np.where(rows >= 0, infos.values[rows, np.arange(len(rows))], -np.inf)
        there = infos.present[row]
        same = there & (rows >= 0) & (infos.values[row] == others)
        if same.any():
            at = int(np.flatnonzero(same)[0])
            raise EvaluationFailed(
                f"found duplicate series for info metric: existing"
                f" {shown(infos.labels[int(rows[at])])}, new {shown(labels)}"
            )
        rows[there & (infos.values[row] > others)] = row
    return newest


def _with_labels(
    labels: Labels, found: Ints, infos: Grid, wanted: Wanted
) -> list[tuple[Labels, Flags]]:
    """Give the labels of a series and when it has them; `found` are info rows by metric and time."""
    if not len(found):
        found = np.full((1, infos.present.shape[1]), -1, np.int64)
    combinations, which = np.unique(found, axis=1, return_inverse=True)
    answered: list[tuple[Labels, Flags]] = []
    for place in range(combinations.shape[1]):
        rows = [row for row in combinations[:, place].tolist() if row >= 0]
        if rows or wanted.may_be_missing:
            added = _added(labels, [infos.labels[row] for row in rows], wanted)
            answered.append((changed(labels, added), which.reshape(-1) == place))
    return answered


def _added(labels: Labels, infos: Sequence[Labels], wanted: Wanted) -> dict[str, str]:
    own = dict(labels)
    added: dict[str, str] = {}
    for info in infos:
        for name, value in info:
            if not wanted.takes(name):
                continue
            if added.get(name, value) != value:
                raise EvaluationFailed(f"conflicting label: {name}")
            if name not in own:
                added[name] = value
    return added
