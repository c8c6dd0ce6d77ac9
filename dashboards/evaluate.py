"""Ask a widget's question and draw the answer; whatever goes wrong is said in its box."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import close_old_connections
from django.template.loader import render_to_string

from analytics.insights.keeping import OTHERWISE
from dashboards.marking import with_marks
from dashboards.models import Widget
from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.lib.api import FieldError
from portal.lib.registry import UnknownKind
from portal.lib.time_range import BadRange, Chosen, read
from portal.store import client
from portal.store.frame import Frame, Meta
from portal.store.query import EmptyWindow, TimeRange
from portal.store.sources import Question, ask, dataset

log = logging.getLogger(__name__)
SIDE_BY_SIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="widgets")
USUAL_RANGE = "-7d"


class CannotShow(Exception):
    """A widget cannot be shown; the text says why and what to do."""


@dataclass(frozen=True)
class Look:
    """How a dashboard is looked at: the range as chosen, and the rows that may be read."""

    chosen: Mapping[str, str]  # from, to, tz as in a page's query string
    rights: str
    zone: str
    default: str = USUAL_RANGE
    variables: Mapping[str, str] = field(default_factory=dict)

    def range_at(self, now: datetime) -> Chosen:
        """Return the range as of a moment. Raises BadRange."""
        return read(self.chosen, now, default=self.default, zone=self.zone)

    @property
    def key(self) -> tuple[Any, ...]:
        """What two viewers must share to share an evaluation."""
        chosen = tuple(sorted((name, value) for name, value in self.chosen.items() if value))
        return (chosen, self.rights, self.zone, tuple(sorted(self.variables.items())))


def evaluate(widget: Widget, look: Look, now: datetime) -> dict[str, Any]:
    """Return what the box shows: {"html"} or {"figure"}, with "plain", "meta", "state".

    `state` is ok, empty or error. Never raises: a plug point must not take the page with it.
    """
    try:
        frame = answer(widget, look, now)
        drawing = widgets.get(widget.kind).draw(frame, widget.config)
        return shown(widget, annotated(drawing, widget, look, now), frame.meta)
    except (CannotShow, CannotDraw, FieldError, UnknownKind, BadRange, EmptyWindow) as problem:
        return failed(str(problem), now)
    except client.EngineUnavailable:
        return failed("The engine does not answer; it restarts by itself.", now)
    except client.QueryFailed as problem:
        return failed(str(problem).splitlines()[0][:300], now)
    except Exception:
        log.exception("A widget failed.", extra={"widget": widget.key, "kind": widget.kind})
        return failed("This widget failed; the log of web says why.", now)


def evaluate_all(listed: list[Widget], look: Look, now: datetime) -> dict[str, dict[str, Any]]:
    """Evaluate widgets side by side, all as of one moment."""
    answers = SIDE_BY_SIDE.map(lambda widget: in_thread(widget, look, now), listed)
    return dict(zip([widget.key for widget in listed], answers, strict=True))


def in_thread(widget: Widget, look: Look, now: datetime) -> dict[str, Any]:
    try:
        return evaluate(widget, look, now)
    finally:
        close_old_connections()


def answer(widget: Widget, look: Look, now: datetime) -> Frame:
    if widget.source == "text":
        return Frame((), (), Meta(as_of=now), {"text": widget.query})
    chosen = look.range_at(now)
    window = TimeRange(chosen.start, chosen.end, chosen.zone)
    kind, params = asked(widget)
    if kind == "trend":
        params.setdefault("interval", interval_for(window.end - window.start))
    return ask(kind, Question(params=params, window=window, as_of=now, rights=look.rights))


def annotated(drawing: Drawing, widget: Widget, look: Look, now: datetime) -> Drawing:
    """Put what happened meanwhile on a chart of an insight."""
    if widget.source != "insight":
        return drawing
    chosen = look.range_at(now)
    window = TimeRange(chosen.start, chosen.end, chosen.zone)
    return with_marks(drawing, insight_of(widget)[1], window)


def interval_for(length: timedelta) -> str:
    """Choose buckets that give a readable number of points."""
    steps = ((3, "minute"), (24 * 8, "hour"), (24 * 190, "day"), (24 * 750, "week"))
    hours = length.total_seconds() / 3600
    return next((name for limit, name in steps if hours <= limit), "month")


def asked(widget: Widget) -> tuple[str, dict[str, Any]]:
    """Return the source's kind and parameters that a widget's query names."""
    if widget.source == "dataset":
        return dataset(widget.query), {}
    if widget.source == "sql":
        return "sql", {"query": widget.query, "parameters": widget.config.get("parameters") or {}}
    if widget.source != "insight":
        raise CannotShow(f"This portal has no source “{widget.source}” yet.")
    kind, definition = insight_of(widget)
    return kind, {name: value for name, value in definition.items() if name not in OTHERWISE}


def insight_of(widget: Widget) -> tuple[str, dict[str, Any]]:
    """Return the kind and the definition that a widget's query holds.

    The definition stands under `definition` (a retention has a `kind` of its own), or beside the
    kind. Raises CannotShow.
    """
    try:
        given = json.loads(widget.query)
        kind = given.pop("kind")
        definition = dict(given.get("definition", given))
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise CannotShow("The query is not an insight's JSON definition with a kind.") from problem
    return kind, definition


def shown(widget: Widget, drawing: Drawing, meta: Meta) -> dict[str, Any]:
    base = {"state": "ok", "plain": drawing.plain, "meta": meta.as_json()}
    if drawing.is_empty:
        title = widget.config.get("empty", "Nothing in this range")
        html = render_to_string("dashboards/widgets/empty.html", {"title": title})
        return base | {"state": "empty", "html": html}
    if drawing.figure is not None:
        return base | {"figure": drawing.figure}
    return base | {"html": render_to_string(drawing.template, dict(drawing.context))}


def failed(reason: str, now: datetime) -> dict[str, Any]:
    html = render_to_string("dashboards/widgets/error.html", {"reason": reason})
    meta = replace(Meta(as_of=now), warnings=(reason,))
    return {"state": "error", "html": html, "plain": None, "meta": meta.as_json()}
