"""Draw outcomes as lines, and sum series up in rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.promql.exploring.answers import Answer
from analytics.promql.legends import NAME, legends
from analytics.promql.outcome import Labels, Outcome
from analytics.promql.steps import Window
from analytics.promql.writing import value_text

Json = dict[str, Any]
MOST_LINES = 60  # of a query; more nobody tells apart
MOST_ROWS = 200


@dataclass(frozen=True)
class Row:
    """A series in words, and its figures over the range; `value` is its newest one."""

    name: str
    labels: Labels
    value: float
    least: float
    mean: float
    most: float
    points: int


@dataclass(frozen=True)
class Table:
    """A query's series; `more` are those that are not among the rows."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True)
class Axis:
    """The time axis: a whole range, on the wall clock of a zone, as charts want it."""

    window: Window
    zone: ZoneInfo

    def at(self, ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, self.zone).replace(tzinfo=None).isoformat()

    @property
    def ends(self) -> list[str]:
        return [self.at(self.window.start_ms), self.at(self.window.end_ms)]


def figure(found: Sequence[Answer], axis: Axis, *, stacked: bool) -> Json | None:
    """Return a figure without colors; None where nothing can be drawn."""
    several = len(found) > 1
    traces = [
        trace | ({"stackgroup": answer.line.letter} if stacked else {})
        for answer in found
        if answer.outcome is not None
        for trace in lines(answer.outcome, answer, axis, prefix=f"{answer.line.letter} " * several)
    ]
    if not traces:
        return None
    return {"data": traces, "layout": {"xaxis": {"type": "date", "range": axis.ends}}}


def lines(outcome: Outcome, answer: Answer, axis: Axis, prefix: str) -> list[Json]:
    shown = outcome.series[:MOST_LINES]
    names = legends(shown, otherwise=answer.line.text.strip())
    times = [axis.at(ms) for ms in outcome.times.tolist()]
    return [
        {
            "type": "scatter", "mode": "lines" if outcome.present[row].sum() > 1 else "lines+markers",
            "name": f"{prefix}{name}", "x": times, "y": drawn(outcome, row), "connectgaps": False,
        }
        for row, name in enumerate(names)
    ]  # fmt: skip


def drawn(outcome: Outcome, row: int) -> list[float | None]:
    """Return a value for each time; None is a gap, as NaN and the infinities are here."""
    is_there = outcome.present[row] & np.isfinite(outcome.values[row])
    cells = zip(outcome.values[row].tolist(), is_there.tolist(), strict=True)
    return [value if there else None for value, there in cells]


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def table(answer: Answer) -> Table:
    """Sum up a query's series."""
    outcome = answer.outcome
    if outcome is None or outcome.kind == "string":
        return Table((), (), 0)
    shown = outcome.series[:MOST_ROWS]
    called = legends(shown, otherwise=answer.line.text.strip())
    rows = [row_of(outcome, row, name) for row, name in enumerate(called)]
    names = sorted({name for labels in shown for name, _ in labels if name != NAME})
    has_names = any(name == NAME for labels in shown for name, _ in labels)
    return Table(
        (*((NAME,) if has_names else ()), *names), tuple(rows), len(outcome.series) - len(shown)
    )


def row_of(outcome: Outcome, row: int, name: str) -> Row:
    _, values = outcome.points(row)
    finite = values[np.isfinite(values)]
    least, mean, most = (
        (float(finite.min()), float(finite.mean()), float(finite.max()))
        if len(finite)
        else (math.nan, math.nan, math.nan)
    )
    newest = float(values[-1]) if len(values) else math.nan
    return Row(name, outcome.series[row], newest, least, mean, most, len(values))


def cells(row: Row, names: Sequence[str]) -> list[str]:
    held = dict(row.labels)
    return [held.get(name, "") for name in names]


def written(value: float) -> str:
    """Write a figure as people read it: digits grouped, as exact as is useful."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value) or abs(value) >= 1e15 or 0 < abs(value) < 1e-4:
        return value_text(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.{3 if abs(value) >= 1 else 6}f}".rstrip("0").rstrip(".")
