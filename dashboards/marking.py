"""Put annotations on a widget's chart over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from analytics.insights.figures.annotations import Mark, marked
from analytics.insights.models import Annotation
from dashboards.widgets import Drawing
from portal.store.query import TimeRange

MOST = 50


def with_marks(drawing: Drawing, definition: Mapping[str, Any], window: TimeRange) -> Drawing:
    """Return a drawing with what happened meanwhile, where its x axis is time.

    Whoever may see a dashboard may explore, and so read annotations.
    """
    figure = drawing.figure
    if figure is None or figure.get("layout", {}).get("xaxis", {}).get("type") != "date":
        return drawing
    rows = Annotation.objects.touching(window).about(list(events_of(definition)))[:MOST]
    marks = [Mark(row.text, row.at, row.until) for row in rows]
    return replace(drawing, figure=marked(figure, marks, window.tzinfo))


def events_of(definition: Mapping[str, Any]) -> Iterator[str]:
    """Return the events that an insight names."""
    parts = [definition]
    for name in ("series", "steps"):
        listed = definition.get(name)
        parts += [one for one in listed if isinstance(one, Mapping)] if listed else []
    for part in parts:
        if isinstance(part.get("event"), str):
            yield part["event"]
