"""Answers taken apart and put together by their moments. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from analytics.promql.outcome import Outcome, Stats
from analytics.promql.tree import Aggregation, Call, Selector, Subquery, Tree, children

# Which series they choose, or read, is a matter of the whole range.
OF_THE_RANGE = frozenset({"limitk", "limit_ratio", "info"})


def stands_alone(tree: Tree) -> bool:
    """Tell whether the answer at each moment depends on nothing but samples up to that moment."""
    for node in nodes(tree):
        match node:
            case Selector() | Subquery() if node.when is not None or (node.offset_ms or 0) < 0:
                return False
            case Aggregation() if node.op in OF_THE_RANGE:
                return False
            case Call() if node.function.name in OF_THE_RANGE:
                return False
    return True


def selectors_of(tree: Tree) -> list[Selector]:
    return [node for node in nodes(tree) if isinstance(node, Selector)]


def nodes(tree: Tree) -> Iterator[Tree]:
    left = [tree]  # no recursion: chains of operators may be long
    while left:
        node = left.pop()
        yield node
        left += children(node)


def between(outcome: Outcome, start_ms: int, end_ms: int) -> Outcome:
    """Return the part of an answer over time from one moment to another, both included.

    It says nothing of what it took.
    """
    low, high = np.searchsorted(outcome.times, (start_ms, end_ms + 1))
    present = outcome.present[:, low:high]
    return _without_empty(
        replace(
            outcome,
            times=outcome.times[low:high],
            values=outcome.values[:, low:high],
            present=present,
            stats=Stats(),
        )
    )


def joined(before: Outcome, after: Outcome) -> Outcome:
    """Return two answers to one query as one; `after` begins when `before` has ended."""
    series = sorted({*before.series, *after.series})
    places = {labels: row for row, labels in enumerate(series)}
    shape = (len(series), len(before.times) + len(after.times))
    values, present = np.zeros(shape), np.zeros(shape, np.bool_)
    for part, first in ((before, 0), (after, len(before.times))):
        rows, columns = np.nonzero(part.present)  # one by one: two rows may have the same labels
        cells = (
            np.array([places[labels] for labels in part.series], np.int64)[rows],
            columns + first,
        )
        values[cells], present[cells] = part.values[rows, columns], True
    return replace(
        after,
        times=np.concatenate([before.times, after.times]),
        series=series,
        values=values,
        present=present,
        warnings=tuple(dict.fromkeys((*before.warnings, *after.warnings))),
        infos=tuple(dict.fromkeys((*before.infos, *after.infos))),
        stats=_together(before.stats, after.stats),
    )


def _together(one: Stats, other: Stats) -> Stats:
    return replace(
        other,
        series=max(one.series, other.series),
        samples=one.samples + other.samples,
        pushed_down=one.pushed_down + other.pushed_down,
        elapsed_s=one.elapsed_s + other.elapsed_s,
        resolutions=tuple(dict.fromkeys((*one.resolutions, *other.resolutions))),
    )


def _without_empty(outcome: Outcome) -> Outcome:
    """Leave out series that have no point."""
    rows = np.flatnonzero(outcome.present.any(axis=1))
    if len(rows) == len(outcome.series):
        return outcome
    return replace(
        outcome,
        series=[outcome.series[row] for row in rows.tolist()],
        values=outcome.values[rows],
        present=outcome.present[rows],
    )
