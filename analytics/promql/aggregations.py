"""sum, avg, topk and the others: many series to one a group, or some of each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from analytics.promql import group_passes as passes
from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import Grid
from analytics.promql.guard import Guard, Notes
from analytics.promql.label_hash import sampling_offset
from analytics.promql.labels import NAME, changed, is_label_name, only, quoted, without
from analytics.promql.literals import shown_number, shown_plain
from analytics.promql.outcome import Flags, Floats, Ints, Labels
from analytics.promql.quantiles import quantiles
from analytics.promql.tree import Aggregation, bare

INTO_ONE: dict[str, Callable[..., None]] = {
    "sum": passes.sums,
    "avg": passes.means,
    "min": partial(passes.extremes),
    "max": partial(passes.extremes),
    "count": passes.counted,
    "group": passes.counted,
    "stdvar": passes.variances,
    "stddev": passes.variances,
}
# How groups of two parts of the series are put together; the average from sums and counts.
PARTWISE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "sum": np.add,
    "count": np.add,
    "group": np.maximum,
    "min": np.fmin,
    "max": np.fmax,
    "avg": np.add,
}
MOST_INT = float(2**63)


@dataclass(frozen=True)
class Groups:
    """The group of each row, and the groups' labels, in the order of their first row."""

    of_row: Ints
    labels: list[Labels]

    def rows(self, group: int) -> Ints:
        return np.flatnonzero(self.of_row == group)


def grouped(node: Aggregation, labels: list[Labels] | Any) -> Groups:
    names = frozenset(node.labels) | ({NAME} if node.without else frozenset())
    keep = without if node.without else only
    found: dict[Labels, int] = {}
    of_row = [found.setdefault(keep(one, names), len(found)) for one in labels]
    return Groups(np.array(of_row, np.int64), list(found))


def aggregate(
    node: Aggregation, grid: Grid, parameter: Floats | str | None, *, guard: Guard, notes: Notes
) -> Grid:
    """Compute an aggregation. Raises EvaluationFailed."""
    if isinstance(parameter, str):
        return _count_values(node, grid, parameter, guard)
    if parameter is None:
        return _into_one(node, grid, guard)
    if node.op == "quantile":
        return _quantile(node, grid, parameter, guard=guard, notes=notes)
    if node.op == "limit_ratio":
        position = bare(node.parameter or node).start
        return _limit_ratio(grid, parameter, notes, position)
    return _some_of_each(node, grid, parameter)


def aggregate_parts(
    node: Aggregation, parts: Iterator[Grid], columns: int, *, guard: Guard
) -> Grid:
    """Compute an aggregation of PARTWISE from some series at a time."""
    first, second = next(parts, None), next(parts, None)
    if first is None or second is None:
        return Grid.empty(columns) if first is None else _into_one(node, first, guard)
    grids = chain([first, second], parts)
    if node.op != "avg":
        return _joined(node.op, (_into_one(node, grid, guard) for grid in grids), columns, guard)
    # Sums may overflow here where Prometheus would go on with a running mean.
    of_sum, of_count = replace(node, op="sum"), replace(node, op="count")
    pairs = [(_into_one(of_sum, one, guard), _into_one(of_count, one, guard)) for one in grids]
    sums = _joined("sum", (one for one, _ in pairs), columns, guard)
    counts = _joined("count", (one for _, one in pairs), columns, guard)
    return Grid(sums.labels, sums.values / counts.values, sums.present, sums.drops)


def _joined(op: str, parts: Iterable[Grid], columns: int, guard: Guard) -> Grid:
    """Put the groups of several parts together."""
    found: dict[Labels, int] = {}
    values: list[Floats] = []
    present: list[Flags] = []
    drops: list[bool] = []
    for part in parts:
        for row, labels in enumerate(part.labels):
            if labels not in found:
                guard.cells(len(found) + 1, columns)
                found[labels] = len(found)
                values.append(part.values[row].copy())
                present.append(part.present[row].copy())
                drops.append(bool(part.drops[row]))
                continue
            at = found[labels]
            both = present[at] & part.present[row]
            added = PARTWISE[op](values[at], part.values[row])
            alone = np.where(part.present[row], part.values[row], values[at])
            values[at] = np.where(both, added, alone)
            present[at] |= part.present[row]
            drops[at] |= bool(part.drops[row])
    if not found:
        return Grid.empty(columns)
    return Grid(list(found), np.array(values), np.array(present), np.array(drops, np.bool_))


def _into_one(node: Aggregation, grid: Grid, guard: Guard) -> Grid:
    groups = grouped(node, grid.labels)
    shape = (len(groups.labels), grid.values.shape[1])
    out, counts = np.zeros(shape), np.zeros(shape, np.int64)
    values, present = np.ascontiguousarray(grid.values), np.ascontiguousarray(grid.present)
    run = INTO_ONE[node.op]
    sign = {"max": (1.0,), "min": (-1.0,)}.get(node.op, ())
    guard.check()
    if len(grid):
        run(values, present, groups.of_row, *sign, out, counts)
    guard.check()
    if node.op == "group":
        out[:] = 1.0
    elif node.op == "stddev":
        out = np.sqrt(out)
    return Grid(groups.labels, out, counts > 0, _group_drops(groups, grid)).filled()


def _group_drops(groups: Groups, grid: Grid) -> Flags:
    drops = np.zeros(len(groups.labels), np.bool_)
    np.logical_or.at(drops, groups.of_row, grid.drops)
    return drops


def _quantile(
    node: Aggregation, grid: Grid, quantile: Floats, *, guard: Guard, notes: Notes
) -> Grid:
    position = bare(node.parameter or node).start
    for bad in (
        *quantile[np.isnan(quantile)][:1],
        np.fmax.reduce(quantile),
        np.fmin.reduce(quantile),
    ):
        notes.bad_quantile(float(bad), position)
    groups = grouped(node, grid.labels)
    out = np.zeros((len(groups.labels), grid.values.shape[1]))
    present = np.zeros(out.shape, np.bool_)
    for group in range(len(groups.labels)):
        rows = groups.rows(group)
        guard.check()
        present[group] = grid.present[rows].any(axis=0)
        out[group] = quantiles(grid.values[rows].T, grid.present[rows].T, quantile)
    return Grid(groups.labels, out, present, _group_drops(groups, grid)).filled()


def _count_values(node: Aggregation, grid: Grid, label: str, guard: Guard) -> Grid:
    if not is_label_name(label):
        raise EvaluationFailed(f"invalid label name {quoted(label)}")
    names = frozenset(node.labels)
    columns = grid.values.shape[1]
    rows: dict[Labels, Floats] = {}
    for labels, values, present in zip(grid.labels, grid.values, grid.present, strict=True):
        at = np.flatnonzero(present)
        # By their bits, so that 0 and -0 stay apart.
        bits = np.ascontiguousarray(values[at]).view(np.int64)
        distinct, which = np.unique(bits, return_inverse=True)
        guard.check()
        for place, value in enumerate(distinct.view(np.float64).tolist()):
            whole = changed(labels, {label: shown_plain(value)})
            kept = without(whole, names | {NAME}) if node.without else only(whole, names | {label})
            if kept not in rows:
                guard.cells(len(rows) + 1, columns)
                rows[kept] = np.zeros(columns)
            rows[kept][at[which == place]] += 1
    if not rows:
        return Grid.empty(columns)
    counts = np.array(list(rows.values()))
    return Grid.of(list(rows), counts, counts > 0)


def _whole(parameter: Floats) -> Ints | None:
    """Read `k`; None where it is below one at all times. Raises EvaluationFailed."""
    if not (np.fmax.reduce(parameter) >= 1 or np.isnan(parameter).any()):
        return None
    if np.isnan(parameter).any():
        raise EvaluationFailed("Parameter value is NaN")
    if parameter.min() <= -MOST_INT:
        raise EvaluationFailed(f"Scalar value {shown_number(parameter.min())} underflows int64")
    if parameter.max() >= MOST_INT:
        raise EvaluationFailed(f"Scalar value {shown_number(parameter.max())} overflows int64")
    return parameter.astype(np.int64)


def _some_of_each(node: Aggregation, grid: Grid, parameter: Floats) -> Grid:
    """Compute topk, bottomk, limitk. At one time rows come by value, group by group."""
    k = _whole(parameter)
    if k is None:
        return Grid.empty(grid.values.shape[1])
    groups = grouped(node, grid.labels)
    chosen = np.zeros(grid.present.shape, np.bool_)
    order: list[int] = []
    for group in range(len(groups.labels)):
        rows = groups.rows(group)
        present = grid.present[rows]
        if node.op == "limitk":
            chosen[rows] = present & (np.cumsum(present, axis=0) <= k)
            order += rows.tolist()
            continue
        sign = -1.0 if node.op == "topk" else 1.0
        ranks, ordered = _ranks(grid.values[rows] * sign, present)
        chosen[rows] = present & (ranks < k)
        order += rows[ordered[:, 0]].tolist() if grid.values.shape[1] == 1 else rows.tolist()
    return (
        Grid(grid.labels, grid.values, chosen, grid.drops).rows(np.array(order, np.int64)).filled()
    )


def _ranks(keys: Floats, present: Flags) -> tuple[Ints, Ints]:
    """Rank rows at each time, smallest key first, then NaN, then what is absent."""
    is_nan = np.isnan(keys)
    tier = np.where(present, is_nan.astype(np.int8), np.int8(2))
    ordered = np.lexsort((np.where(is_nan, 0.0, keys), tier), axis=0)
    ranks = np.empty_like(ordered)
    np.put_along_axis(ranks, ordered, np.arange(len(keys))[:, None], axis=0)
    return ranks, ordered


def _limit_ratio(grid: Grid, ratio: Floats, notes: Notes, position: int) -> Grid:
    if not (np.fmax.reduce(ratio) or np.fmin.reduce(ratio) or np.isnan(ratio).any()):
        return Grid.empty(grid.values.shape[1])
    if np.isnan(ratio).any():
        raise EvaluationFailed("Ratio value is NaN")
    for bad, limit in ((ratio.max(), 1.0), (ratio.min(), -1.0)):
        if abs(bad) > 1 and bad * limit > 0:
            notes.warn(
                f"ratio value should be between -1 and 1, got {shown_number(float(bad))},"
                f" capping to {shown_number(limit)}",
                position,
            )
    capped = np.clip(ratio, -1.0, 1.0)
    offsets = np.array([sampling_offset(labels) for labels in grid.labels])[:, None]
    taken = np.where(capped >= 0, offsets < capped, offsets >= 1 + capped)
    return Grid(grid.labels, grid.values, grid.present & taken, grid.drops).filled()
