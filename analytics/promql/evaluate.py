"""Answer a question in PromQL from a storage, with Prometheus 3's meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analytics.promql.errors import BadQuery, BadRange, EvaluationFailed
from analytics.promql.evaluation import Evaluation
from analytics.promql.grids import SAME_LABELS, Grid, Times, Value, merged
from analytics.promql.labels import nameless
from analytics.promql.outcome import (
    Flags,
    Instant,
    Kind,
    Labels,
    Limits,
    Options,
    Outcome,
    Range,
)
from analytics.promql.parse import parse
from analytics.promql.reading import within_reach
from analytics.promql.storage import Storage
from analytics.promql.tree import SHOWN_TYPES, RangeSelector, Subquery, Tree, bare

NO_LIMITS_NAMED = Limits()
PROMETHEUS = Options()


def evaluate(
    query: str,
    at: Instant | Range,
    storage: Storage,
    limits: Limits = NO_LIMITS_NAMED,
    options: Options = PROMETHEUS,
) -> Outcome:
    """Answer a query at one moment or on a grid of times.

    Raises BadQuery when the query cannot be read, BadRange when the grid has too many points or
    makes no sense, EvaluationFailed (TooManySamples among them) when it cannot be computed, TimedOut,
    and whatever `limits.check` and the storage raise.
    """
    times = _times(at, limits)
    tree = parse(query, experimental_functions=options.experimental_functions)
    if isinstance(at, Range) and tree.type not in ("scalar", "vector"):
        raise BadQuery(
            f'invalid expression type "{SHOWN_TYPES[tree.type]}" for range query, must be Scalar or'
            " instant Vector"
        )
    asked = at if isinstance(at, Range) else Range(at.at_ms, at.at_ms, 0)
    evaluation = Evaluation(query, asked, storage, limits=limits, options=options)
    with np.errstate(all="ignore"):
        if tree.type == "matrix":
            return _raw(tree, times, evaluation)
        return _outcome(at, times, evaluation.value(tree, times), evaluation)


def _times(at: Instant | Range, limits: Limits) -> Times:
    if isinstance(at, Instant):
        return within_reach(Times(at.at_ms, 1, 1))
    if at.step_ms <= 0:
        raise BadRange(
            "zero or negative query resolution step widths are not accepted. Try a positive integer"
        )
    if at.end_ms < at.start_ms:
        raise BadRange("end timestamp must not be before start time")
    intervals = (at.end_ms - at.start_ms) // at.step_ms
    if intervals > limits.points:
        raise BadRange(
            f"exceeded maximum resolution of {limits.points:,} points per timeseries. Try decreasing"
            " the query resolution (?step=XX)"
        )
    return within_reach(Times(at.start_ms, at.step_ms, intervals + 1))


def _outcome(
    at: Instant | Range, grid_times: Times, value: Value, evaluation: Evaluation
) -> Outcome:
    times = grid_times.ms
    if isinstance(value, str):
        nothing = np.zeros((0, 1))
        return _noted(
            Outcome("string", times, [], nothing, nothing.astype(np.bool_), value), evaluation
        )
    if isinstance(value, np.ndarray):
        kind: Kind = "scalar" if isinstance(at, Instant) else "matrix"
        values = np.array(np.broadcast_to(value, times.shape))[None, :]
        present = np.ones(values.shape, np.bool_)
        return _noted(Outcome(kind, times, [()], values, present), evaluation)
    grid = _final(value, evaluation.options).filled()
    if isinstance(at, Instant):
        return _noted(
            Outcome("vector", times, list(grid.labels), grid.values, grid.present), evaluation
        )
    order = np.array(sorted(range(len(grid)), key=grid.labels.__getitem__), np.int64)
    grid = grid.rows(order)
    return _noted(
        Outcome("matrix", times, list(grid.labels), grid.values, grid.present), evaluation
    )


def _final(grid: Grid, options: Options) -> Grid:
    """Take away the names that were kept until the end."""
    if not options.delayed_name_removal or not grid.drops.any():
        return grid
    labels = _left(grid.labels, grid.drops)
    renamed = Grid(labels, grid.values, grid.present, grid.drops)
    if grid.values.shape[1] == 1 and len(set(labels)) < len(labels):
        raise EvaluationFailed(SAME_LABELS)
    return merged(renamed)


def _left(labels: Sequence[Labels], drops: Flags) -> list[Labels]:
    """Take away the names that are to go."""
    pairs = zip(labels, drops.tolist(), strict=True)
    return [nameless(one) if drop else one for one, drop in pairs]


def _raw(tree: Tree, times: Times, evaluation: Evaluation) -> Outcome:
    """Answer a range selector or a subquery at one moment: samples at times of their own."""
    node = bare(tree)
    if not isinstance(node, RangeSelector | Subquery):
        raise BadQuery("expected a range vector")
    windows, drops = evaluation.windows(node, times)
    if evaluation.options.delayed_name_removal:
        windows = replace(windows, labels=_left(windows.labels, drops))
    held = list(windows.held())
    labels = [labels for labels, _, _ in held]
    raw = [(windows.ts[low:high], windows.values[low:high]) for _, low, high in held]
    nothing = np.zeros((len(held), 0))
    outcome = Outcome(
        "matrix", np.zeros(0, np.int64), labels, nothing, nothing.astype(np.bool_), raw=raw
    )
    return _noted(outcome, evaluation)


def _noted(outcome: Outcome, evaluation: Evaluation) -> Outcome:
    return replace(
        outcome,
        warnings=tuple(evaluation.notes.warnings),
        infos=tuple(evaluation.notes.infos),
        stats=evaluation.trace.stats(),
        unmatched=tuple(evaluation.unmatched),
    )
