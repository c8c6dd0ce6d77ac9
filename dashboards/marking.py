"""Put what happened meanwhile on a widget's chart over time, whatever its source."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from analytics.insights.figures.annotations import Mark, marked
from dashboards.annotations import Happening, annotation_kinds
from dashboards.looking import Look
from dashboards.models import Widget
from dashboards.widgets import Drawing
from portal.lib.registry import UnknownKind
from portal.lib.row_rights import MayNotRead
from portal.store import client
from portal.store.query import TimeRange

log = logging.getLogger(__name__)


def with_marks(drawing: Drawing, widget: Widget, window: TimeRange, look: Look) -> Drawing:
    """Return a drawing with what happened in its window, where its x axis is time."""
    figure = drawing.figure
    if figure is None or figure.get("layout", {}).get("xaxis", {}).get("type") != "date":
        return drawing
    about = {"", *events_of(widget)}
    marks = [
        Mark(one.text, one.at, one.until, "" if one.kind == "notes" else one.kind)
        for one in look.kept.happenings(window, lambda: happenings(look, window))
        if one.event in about
    ]
    return replace(drawing, figure=marked(figure, marks, window.tzinfo))


def happenings(look: Look, window: TimeRange) -> list[Happening]:
    """Return what the kinds that are shown know of a window; one that fails is left out."""
    found: list[Happening] = []
    for name in sorted(look.marks):
        try:
            found += annotation_kinds.get(name).between(window, window.end, look.rights)
        except (UnknownKind, MayNotRead):
            continue
        except (client.EngineUnavailable, client.QueryFailed):
            log.info("Annotations could not be read.", extra={"kind": name})
    return sorted(found, key=lambda one: one.at)


def events_of(widget: Widget) -> Collection[str]:
    """Return the events that a widget's insight names; none for other sources."""
    if widget.source != "insight":
        return ()
    try:
        given = json.loads(widget.query)
    except ValueError:
        return ()
    definition = given.get("definition", given) if isinstance(given, dict) else {}
    return list(named(definition)) if isinstance(definition, dict) else ()


def named(definition: Mapping[str, Any]) -> Iterator[str]:
    parts = [definition]
    for name in ("series", "steps"):
        listed = definition.get(name)
        parts += [one for one in listed if isinstance(one, Mapping)] if listed else []
    for part in parts:
        if isinstance(part.get("event"), str):
            yield part["event"]
