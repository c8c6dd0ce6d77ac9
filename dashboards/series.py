"""Read a frame's rows as named lines, whichever source it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboards.options.calcs import calculate
from dashboards.options.overrides import Subject
from dashboards.sheets import LONG, series_name
from dashboards.widgets import CannotDraw
from portal.store.frame import Frame

MOST_LINES = 500  # of a table of rows with a name: more nobody tells apart


@dataclass(frozen=True)
class Line:
    """One series over time. `is_compare` marks the same series a period earlier."""

    name: str
    is_compare: bool
    times: list[datetime]
    values: list[float | None]
    complete: list[bool]
    total: float | None
    unit: str = ""
    ref: str = "A"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> float | None:
        return next((value for value in reversed(self.values) if value is not None), None)

    @property
    def subject(self) -> Subject:
        """What overrides match it by."""
        return Subject(self.name, "number", self.unit, self.ref)

    def value(self, calc: str = "") -> float | None:
        """Return one number of all: the calculation asked for, else an insight's total, else the last."""
        if not calc:
            return self.last if self.total is None else self.total
        return (
            self.total
            if calc == "total" and self.total is not None
            else calculate(calc, self.values)
        )


def lines(frame: Frame) -> list[Line]:
    """Return the lines in the order in which they first appear.

    Reads columns `t`, `series`, `value`, and where they exist `breakdown`, `compare`, `complete`;
    or a time beside numbers, each a line; or a time, one text and one number.
    Raises CannotDraw for rows without values over time; no rows are no lines.
    """
    if {column.name for column in frame.columns} >= LONG:
        return list(_of_series(frame))
    found = list(_of_columns(frame))
    if not found and len(frame):
        raise CannotDraw("There are no values over time in this answer: draw it as a table.")
    return found


def _of_series(frame: Frame) -> Iterator[Line]:
    found: dict[tuple[str, bool], list[tuple[datetime, float | None, bool]]] = {}
    size = len(frame)
    names = _names(frame)
    compare = _optional(frame, "compare", [False] * size)
    complete = _optional(frame, "complete", [True] * size)
    cells = zip(frame.column("t"), names, compare, frame.column("value"), complete, strict=True)
    for t, name, is_compare, value, is_complete in cells:
        found.setdefault((name, bool(is_compare)), []).append((t, value, bool(is_complete)))
    totals, unit = _totals(frame), unit_of(frame)
    refs, labels, units = (frame.extra.get(name, {}) for name in ("refs", "labels", "units"))
    for (name, is_compare), points in found.items():
        yield Line(
            name=name,
            is_compare=is_compare,
            times=[point[0] for point in points],
            values=[point[1] for point in points],
            complete=[point[2] for point in points],
            total=totals.get((name, is_compare)),
            unit=units.get(name, unit),
            ref=refs.get(name, frame.extra.get("ref", "A")),
            labels=labels.get(name, {}),
        )


def _of_columns(frame: Frame) -> Iterator[Line]:
    """Read rows that have a time: a line per number, or per text where there is one of each."""
    typed = [(column, cells) for column, cells in zip(frame.columns, frame.values, strict=True)]
    times = next((cells for column, cells in typed if column.type == "time"), None)
    numbers = [(column, cells) for column, cells in typed if column.type == "number"]
    texts = [cells for column, cells in typed if column.type == "string"]
    if times is None or not numbers:
        return
    refs, labels = frame.extra.get("refs", {}), frame.extra.get("labels", {})
    for column, cells in numbers:
        name = column.label or column.name
        by_name = (
            _by_name(texts[0], times, cells)
            if len(texts) == 1 and len(numbers) == 1
            else {name: list(zip(times, cells, strict=True))}
        )
        for called, points in list(by_name.items())[:MOST_LINES]:
            known = sorted(
                (point for point in points if point[0] is not None), key=lambda one: one[0]
            )
            yield Line(
                called, False, [t for t, _ in known], [value for _, value in known],
                [True] * len(known), None, column.unit, refs.get(name, "A"), labels.get(name, {}),
            )  # fmt: skip


def _by_name(
    names: Sequence[Any], times: Sequence[datetime], cells: Sequence[Any]
) -> dict[str, list[tuple[datetime, Any]]]:
    found: dict[str, list[tuple[datetime, Any]]] = {}
    for name, t, cell in zip(names, times, cells, strict=True):
        found.setdefault(str(name), []).append((t, cell))
    return found


def unit_of(frame: Frame) -> str:
    """Return the unit that all numbers of an answer share, or nothing."""
    units = {column.unit for column in frame.columns if column.type == "number"}
    return units.pop() if len(units) == 1 else ""


def _names(frame: Frame) -> list[str]:
    series = frame.column("series")
    breakdown = _optional(frame, "breakdown", [None] * len(frame))
    several = len(set(series)) > 1
    return [
        series_name(label, part, several=several)
        for label, part in zip(series, breakdown, strict=True)
    ]


def _optional(frame: Frame, name: str, otherwise: Sequence[Any]) -> Sequence[Any]:
    try:
        return frame.column(name)
    except KeyError:
        return otherwise


def _totals(frame: Frame) -> dict[tuple[str, bool], float | None]:
    """Take totals from the insight's answer: a person counts once there, not once a bucket."""
    answered = [one for one in frame.extra.get("series", []) if "label" in one]
    several = len({series["label"] for series in answered}) > 1
    return {
        (
            series_name(series["label"], series.get("breakdown_value"), several=several),
            bool(series.get("compare")),
        ): series["total"]
        for series in answered
    }
