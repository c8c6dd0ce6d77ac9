"""Any insight beside the same over the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from analytics.insights.buckets import INTERVALS, Interval, previous
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question

PREVIOUS = "previous_period"


def with_previous(question: Question, answer: Callable[[Question], Frame]) -> Frame:
    """Answer a question; asked with `compare`, put the earlier answer under `extra["compare"]`.

    Raises FieldError.
    """
    asked = without_previous(question)
    frame = answer(asked)
    if question.params.get("compare") is None or question.window is None:
        return frame
    window = previous(question.window, interval_of(asked.params.get("interval"), question.window))
    earlier = answer(replace(asked, window=window))
    body = {**earlier.extra, "from": window.start, "to": window.end}
    meta = frame.meta.plus(replace(earlier.meta, warnings=(), counted=()))
    return replace(frame, meta=meta, extra={**frame.extra, "compare": body})


def without_previous(question: Question) -> Question:
    """Return the question without its `compare`. Raises FieldError for one that cannot be."""
    params = dict(question.params)
    if params.pop("compare", None) not in (None, PREVIOUS):
        raise FieldError("compare", f"This must be {PREVIOUS!r} or left out.")
    return replace(question, params=params)


def interval_of(given: object, window: TimeRange) -> Interval:
    """Return what the window is moved by: the insight's interval, else days, or less for less."""
    chosen = next((name for name in INTERVALS if name == given), None)
    length = window.end - window.start
    fitting: Interval = "day" if length >= timedelta(days=1) else "minute"
    return chosen or fitting
