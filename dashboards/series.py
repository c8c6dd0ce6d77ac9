"""Read a frame's rows as named lines, whichever source it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboards.widgets import CannotDraw
from portal.store.frame import Frame


@dataclass(frozen=True)
class Line:
    """One series over time. `is_compare` marks the same series a period earlier."""

    name: str
    is_compare: bool
    times: list[datetime]
    values: list[float | None]
    complete: list[bool]
    total: float | None

    @property
    def last(self) -> float | None:
        return next((value for value in reversed(self.values) if value is not None), None)


def lines(frame: Frame) -> list[Line]:
    """Return the lines in the order in which they first appear.

    Raises CannotDraw without values over time. Reads columns `t`, `series`, `value`, and where they exist `breakdown`, `compare`, `complete`.
    """
    if not {"t", "series", "value"} <= {column.name for column in frame.columns}:
        raise CannotDraw("There are no values over time in this answer: draw it as a table.")
    found: dict[tuple[str, bool], list[tuple[datetime, float | None, bool]]] = {}
    size = len(frame)
    names = _names(frame)
    compare = _optional(frame, "compare", [False] * size)
    complete = _optional(frame, "complete", [True] * size)
    cells = zip(frame.column("t"), names, compare, frame.column("value"), complete, strict=True)
    for t, name, is_compare, value, is_complete in cells:
        found.setdefault((name, bool(is_compare)), []).append((t, value, bool(is_complete)))
    totals = _totals(frame)
    return [
        Line(
            name=name,
            is_compare=is_compare,
            times=[point[0] for point in points],
            values=[point[1] for point in points],
            complete=[point[2] for point in points],
            total=totals.get((name, is_compare)),
        )
        for (name, is_compare), points in found.items()
    ]


def unit_of(frame: Frame) -> str:
    column = next((column for column in frame.columns if column.name == "value"), None)
    return column.unit if column else ""


def _names(frame: Frame) -> list[str]:
    series = frame.column("series")
    breakdown = _optional(frame, "breakdown", [None] * len(frame))
    several = len(set(series)) > 1
    return [
        _name(label, part, several=several) for label, part in zip(series, breakdown, strict=True)
    ]


def _name(label: str, part: Any, *, several: bool) -> str:
    if part is None:
        return str(label)
    return f"{label}: {part}" if several else str(part)


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
            _name(series["label"], series.get("breakdown_value"), several=several),
            bool(series.get("compare")),
        ): series["total"]
        for series in answered
    }
