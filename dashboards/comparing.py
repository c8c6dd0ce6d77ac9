"""The period before, beside what is shown: insights know it, samples are asked once more."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from dashboards.models import Widget
from portal.store.frame import Column, Frame
from portal.store.query import TimeRange

PREVIOUS = "previous_period"
INSIGHTS = ("trend", "funnel", "retention", "lifecycle", "stickiness", "paths", "sessions")
LONG = {"t", "series", "value"}
COMPARE = Column("compare", "boolean", "Previous period")


def compared(widget: Widget) -> Widget:
    """Return a widget whose insight is asked with the period before; others come back as they are."""
    if widget.source != "insight":
        return widget
    try:
        given = json.loads(widget.query)
        definition: dict[str, Any] = given.get("definition", given)
        if given["kind"] not in INSIGHTS:
            return widget
        definition.setdefault("compare", PREVIOUS)
    except (ValueError, KeyError, AttributeError):
        return widget  # whoever asks it says what is wrong
    found = copy(widget)
    found.query = json.dumps(given, ensure_ascii=False)
    return found


def before(window: TimeRange) -> TimeRange:
    """Return the period of the same length that ends where a window begins."""
    length = window.end - window.start
    return replace(window, start=window.start - length, end=window.start)


def with_earlier(frame: Frame, earlier: Frame, length: timedelta) -> Frame:
    """Put an earlier answer's series beside those of now, moved onto the same moments.

    What is not values over time comes back as it is.
    """
    if not {column.name for column in frame.columns} >= LONG or not len(earlier):
        return frame
    shift = whole_steps(length, list(frame.column("t")))
    columns = [column for column in frame.columns if column.name != COMPARE.name]
    cells = [
        [*frame.column(column.name), *moved(earlier, column.name, shift)] for column in columns
    ]
    flags = [False] * len(frame) + [True] * len(earlier)
    return replace(
        frame,
        columns=(*columns, COMPARE),
        values=(*cells, flags),
        meta=frame.meta.plus(earlier.meta),
    )


def overlaid(frame: Frame) -> Frame:
    """Move an insight's earlier buckets onto those of now: the first onto the first, and so on.

    Days and months differ in length, so what counts is the place. Other answers come back as they are.
    """
    if not {column.name for column in frame.columns} >= {*LONG, COMPARE.name}:
        return frame
    cells = list(zip(frame.column("t"), frame.column(COMPARE.name), strict=True))
    now = sorted({t for t, is_earlier in cells if not is_earlier})
    earlier = sorted({t for t, is_earlier in cells if is_earlier})
    if not now or not earlier:
        return frame
    places = dict(zip(earlier, now, strict=False))
    times = [places.get(t) if is_earlier else t for t, is_earlier in cells]
    kept = [row for row, t in enumerate(times) if t is not None]
    values = tuple(
        [times[row] if column.name == "t" else given[row] for row in kept]
        for column, given in zip(frame.columns, frame.values, strict=True)
    )
    return replace(frame, values=values)


def moved(frame: Frame, name: str, shift: timedelta) -> list[Any]:
    try:
        cells = list(frame.column(name))
    except KeyError:
        return [None] * len(frame)
    return [cell + shift for cell in cells] if name == "t" else cells


def whole_steps(length: timedelta, times: list[datetime]) -> timedelta:
    """Return a length in whole steps of a grid, so that both periods' points share their moments."""
    distinct = sorted(set(times))
    gaps = [later - sooner for sooner, later in pairwise(distinct)]
    step = min(gaps, default=timedelta(0))
    return round(length / step) * step if step else length
