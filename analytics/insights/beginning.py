"""Let "all time" begin with the first of the events that are asked about, not in 1900."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from analytics.insights.definitions.window import OLDEST
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

NAMED_IN = ("event", "start_event", "return_event")


def since_data(question: Question) -> Question:
    """Return the question over what the asker may read of all time."""
    window = question.window
    if window is None or window.start != OLDEST:
        return question
    seen = ask("schema", replace(question, params={}, window=None)).extra["events"]
    names = set(names_in(question.params))
    return replace(question, window=begun(window, seen, () if None in names else names))


def begun(
    window: TimeRange, seen: Sequence[Mapping[str, Any]], names: Collection[str | None]
) -> TimeRange:
    """Return the window from the first of these events (none: any) on."""
    firsts = [
        datetime.fromisoformat(event["first_seen"])
        for event in seen
        if not names or event["name"] in names
    ]
    start = max(window.start, min(firsts, default=window.start))
    return replace(window, start=start) if start < window.end else window


def names_in(value: Any) -> Iterator[str | None]:
    """Yield the events that a definition names; None is any event."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in NAMED_IN and (inner is None or isinstance(inner, str)):
                yield inner
            else:
                yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)
