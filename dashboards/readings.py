"""One number each: what stats, gauges, bars, pies and maps show of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.options.overrides import Subject
from dashboards.options.styling import Style, style_of
from dashboards.series import Line, lines, unit_of
from dashboards.widgets import CannotDraw
from portal.store.frame import Column, Frame


@dataclass(frozen=True)
class Reading:
    """A name and its number; `before` is that of the period before, `points` what led there."""

    name: str
    value: Any
    style: Style
    before: float | None = None
    points: Sequence[float | None] = ()
    row: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.style.text(self.value)

    @property
    def color(self) -> str:
        return self.style.color(self.value)

    @property
    def number(self) -> float | None:
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return float(self.value) if is_number else None


def readings(frame: Frame, options: Mapping[str, Any]) -> list[Reading]:
    """Return the numbers in an answer, in its order. Raises CannotDraw where there is none.

    Values over time are calculated to one; of rows each has its name, or each number of one row.
    """
    columns = frame.columns
    if any(column.type == "time" for column in columns):
        found = _of_lines(lines(frame), frame, options)
    else:
        found = list(_of_rows(frame, options))
    return [one for one in found if not one.style.options.get("hidden")]


def scale_of(found: Sequence[Reading]) -> tuple[float, float]:
    """Return the lowest and highest number, with zero between them."""
    numbers = [one.number for one in found if one.number is not None] or [0.0]
    return min(0.0, *numbers), max(0.0, *numbers)


def _of_lines(found: Sequence[Line], frame: Frame, options: Mapping[str, Any]) -> list[Reading]:
    before = {line.name: line for line in found if line.is_compare}
    unit = unit_of(frame)
    shown = []
    for line in found:
        if line.is_compare:
            continue
        own = style_of(options, Subject(line.name, "number", line.unit or unit, line.ref))
        calc = str(own.options.get("calc") or "")
        earlier = before.get(line.name)
        shown.append(
            Reading(
                own.name, line.value(calc), own, earlier.value(calc) if earlier else None,
                line.values, {**line.labels},
            )
        )  # fmt: skip
    return shown


def _of_rows(frame: Frame, options: Mapping[str, Any]) -> Iterator[Reading]:
    numbers = [place for place, column in enumerate(frame.columns) if column.type == "number"]
    texts = [place for place, column in enumerate(frame.columns) if column.type == "string"]
    refs = frame.extra.get("refs", {})
    if not numbers:
        raise CannotDraw("There is no number in this answer: draw it as a table.")
    names = frame.extra.get("names") or _row_names(frame, texts)
    heads = [column.label or column.name for column in frame.columns]
    for at, row in enumerate(frame.rows()):
        for place in numbers:
            column = frame.columns[place]
            name = _name(names[at], column, several=len(numbers) > 1)
            subject = Subject(name, column.type, column.unit, refs.get(column.label, "A"))
            own = style_of(options, subject)
            yield Reading(own.name, row[place], own, row=dict(zip(heads, row, strict=True)))


def _row_names(frame: Frame, texts: Sequence[int]) -> list[str]:
    """Name rows by the texts in which they differ."""
    differing = [place for place in texts if len(set(map(str, frame.values[place]))) > 1]
    shown = differing or list(texts[:1])
    return [
        " ".join(str(row[place]) for place in shown if row[place] not in (None, ""))
        for row in frame.rows()
    ]


def _name(row: str, column: Column, *, several: bool) -> str:
    head = column.label or column.name
    if not row:
        return head
    return f"{row} {head}" if several else row


def share_of(value: float, cells: Sequence[Any], style: Style) -> float:
    """Return how far a value reaches on its column's scale, from 0 to 1."""
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    low = style.min if style.min is not None else min(0.0, *numbers)
    high = style.max if style.max is not None else max(0.0, *numbers)
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0
