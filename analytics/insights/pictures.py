"""Draw any frame that has something to draw: times or names against numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.store.frame import Column, Frame

Json = dict[str, Any]
MOST_POINTS = 5_000
MOST_LINES = 20
MOST_BARS = 100


def picture(frame: Frame) -> Json | None:
    """Return a figure without colors: a line over a time, bars over a name; None for neither.

    With a time and one text column, each text is a line of its own, of the first number.
    """
    numbers = [place for place, column in enumerate(frame.columns) if column.type == "number"]
    if not numbers or not 1 < len(frame) <= MOST_POINTS:
        return None
    times = [place for place, column in enumerate(frame.columns) if column.type == "time"]
    names = [place for place, column in enumerate(frame.columns) if column.type == "string"]
    if times:
        traces = over_time(frame, times[0], names, numbers)
        return {"data": traces, "layout": {"xaxis": {"type": "date"}}} if traces else None
    if names and len(frame) <= MOST_BARS:
        bars = [bar(frame, names[0], place) for place in numbers[:MOST_LINES]]
        return {"data": bars, "layout": {"xaxis": {"type": "category"}, "barmode": "group"}}
    return None


def over_time(frame: Frame, at: int, names: Sequence[int], numbers: Sequence[int]) -> list[Json]:
    if not names:
        return [
            line(frame.columns[place], frame.values[at], frame.values[place])
            for place in numbers[:MOST_LINES]
        ]
    if len(names) > 1:
        return []
    lines: dict[str, tuple[list[Any], list[Any]]] = {}
    cells = (frame.values[names[0]], frame.values[at], frame.values[numbers[0]])
    for name, time, number in zip(*cells, strict=True):
        times, found = lines.setdefault(str(name), ([], []))
        times.append(time)
        found.append(number)
    if len(lines) > MOST_LINES:
        return []
    return [line(Column(name, "number", name), *points) for name, points in lines.items()]


def line(column: Column, times: Sequence[Any], numbers: Sequence[Any]) -> Json:
    points = sorted(
        (written(time), number) for time, number in zip(times, numbers, strict=True) if time
    )
    return {
        "type": "scatter", "mode": "lines", "name": column.label or column.name,
        "x": [time for time, _ in points], "y": [number for _, number in points],
    }  # fmt: skip


def bar(frame: Frame, name: int, number: int) -> Json:
    column = frame.columns[number]
    return {
        "type": "bar", "name": column.label or column.name,
        "x": [str(cell) for cell in frame.values[name]], "y": list(frame.values[number]),
    }  # fmt: skip


def written(time: datetime) -> str:
    return time.isoformat()[:19]
