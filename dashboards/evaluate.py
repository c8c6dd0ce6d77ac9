"""Ask a widget's question and draw the answer; whatever goes wrong is said in its box."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import close_old_connections
from django.template.loader import render_to_string

from dashboards.asking import (
    Ask,
    CannotShow,
    Span,
    asked,
    asks_of,
    interval_for,
    parts_of,
    span_of,
)
from dashboards.comparing import before, compared, overlaid, with_earlier
from dashboards.joining import Part, beside, joined, merged
from dashboards.looking import Look as Look
from dashboards.marking import with_marks
from dashboards.models import Widget
from dashboards.sheets import Sheet, frame_of, sheet_of
from dashboards.transformations import CannotTransform, transformed
from dashboards.variables.selection import CannotFill
from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.lib.api import FieldError
from portal.lib.registry import UnknownKind
from portal.lib.row_rights import MayNotRead
from portal.lib.time_range import BadRange
from portal.store import client
from portal.store.frame import Frame, Meta
from portal.store.query import EmptyWindow, TimeRange

__all__ = ["CannotShow", "Look", "asked", "evaluate", "evaluate_all", "interval_for"]

log = logging.getLogger(__name__)
SIDE_BY_SIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="widgets")
SPANNING = ("promql", "dataset")  # whose charts show the whole range that was asked
MAY_FAIL = (
    CannotShow, CannotFill, CannotDraw, CannotTransform, FieldError, UnknownKind, BadRange,
    EmptyWindow, MayNotRead,
)  # fmt: skip


def evaluate(widget: Widget, look: Look, now: datetime) -> dict[str, Any]:
    """Return what the box shows: {"html"} or {"figure"}, with "plain", "meta", "state".

    `state` is ok, empty or error; "title" where variables are in it; `passes` on an error that may be
    gone the next time. Never raises: a plug point must not take the page with it.
    """
    found = evaluated(widget, look, look.moment(now))
    named = look.named(widget, now)
    return found if named is widget else {**found, "title": named.title}


def evaluated(widget: Widget, look: Look, now: datetime) -> dict[str, Any]:
    try:
        widget = look.filled(widget, now)
        widget = compared(widget) if look.is_compared else widget
        kind = widgets.get(widget.kind)
        span = span_of(widget.config, look.range_at(now))
        frame = answer(widget, span, look, now)
        drawing = spanning(kind.draw(frame, widget.config), widget, span)
        return shown(widget, with_marks(drawing, widget, span.window, look), frame.meta, span.note)
    except MAY_FAIL as problem:
        return failed(str(problem), now, passes=not isinstance(problem, MayNotRead))
    except client.EngineUnavailable:
        return failed("The engine does not answer; it restarts by itself.", now, passes=True)
    except client.QueryFailed as problem:
        return failed(str(problem).splitlines()[0][:300], now, passes=True)
    except Exception:
        log.exception("A widget failed.", extra={"widget": widget.key, "kind": widget.kind})
        return failed("This widget failed; the log of web says why.", now, passes=True)


def evaluate_all(listed: list[Widget], look: Look, now: datetime) -> dict[str, dict[str, Any]]:
    """Evaluate widgets side by side, all as of one moment."""
    answers = SIDE_BY_SIDE.map(lambda widget: in_thread(widget, look, now), listed)
    return dict(zip([widget.key for widget in listed], answers, strict=True))


def in_thread(widget: Widget, look: Look, now: datetime) -> dict[str, Any]:
    try:
        return evaluate(widget, look, now)
    finally:
        close_old_connections()


def answer(widget: Widget, span: Span, look: Look, now: datetime) -> Frame:
    """Ask every query of a widget, and make one answer of them."""
    if widget.source == "text":
        return Frame((), (), Meta(as_of=now), {"text": widget.query})
    asks = list(asks_of(widget))
    parts = parts_of(asks, span, now, look.rights)
    steps = widget.config.get("transformations")
    if steps:
        sheets = [sheet_of(part.ref, part.frame, several=len(parts) > 1) for part in parts]
        return one_frame(transformed(sheets, steps), parts[0].frame.meta)
    found = seen(asks, parts, span.window)
    if widget.source == "insight":
        return overlaid(found)
    if not look.is_compared or widget.source != "promql" or span.is_all:
        return found
    earlier = before(span.window)
    parts = parts_of(asks, replace(span, window=earlier), now, look.rights)
    return with_earlier(found, seen(asks, parts, earlier), earlier.end - earlier.start)


def seen(asks: Sequence[Ask], parts: Sequence[Part], window: TimeRange) -> Frame:
    """Return one answer of those queries that are not hidden."""
    shown = [part for part, one in zip(parts, asks, strict=True) if not one.is_hidden]
    return joined(shown or parts, window.end.astimezone(window.tzinfo))


def one_frame(sheets: Sequence[Sheet], meta: Meta) -> Frame:
    """Return what is left of the transformations as one answer."""
    if not sheets:
        return Frame((), (), meta)
    has_times = all(sheet.time and sheet.numbers for sheet in sheets)
    return frame_of(beside(sheets) if has_times else merged(sheets))


def spanning(drawing: Drawing, widget: Widget, span: Span) -> Drawing:
    """Let a chart of samples span the whole range: where nothing was measured nothing is drawn."""
    axis = drawing.figure["layout"].get("xaxis", {}) if drawing.figure else {}
    if widget.source not in SPANNING or span.is_all or axis.get("type") != "date":
        return drawing
    start, end = (
        f"{edge.astimezone(span.window.tzinfo):%Y-%m-%dT%H:%M:%S}"
        for edge in (span.window.start, span.window.end)
    )
    axis.setdefault("range", [start, end])
    return drawing


def shown(widget: Widget, drawing: Drawing, meta: Meta, note: str = "") -> dict[str, Any]:
    base = {"state": "ok", "plain": drawing.plain, "meta": meta.as_json(), "note": note}
    if drawing.is_empty:
        title = widget.config.get("empty", "Nothing in this range")
        html = render_to_string("dashboards/widgets/empty.html", {"title": title})
        return base | {"state": "empty", "html": html}
    if drawing.figure is not None:
        return base | {"figure": drawing.figure}
    return base | {"html": render_to_string(drawing.template, dict(drawing.context))}


def failed(reason: str, now: datetime, *, passes: bool = False) -> dict[str, Any]:
    html = render_to_string("dashboards/widgets/error.html", {"reason": reason})
    meta = replace(Meta(as_of=now), warnings=(reason,))
    found = {"state": "error", "html": html, "plain": None, "meta": meta.as_json()}
    return found | {"passes": True} if passes else found
