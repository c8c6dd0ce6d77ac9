"""Which kinds of widget can draw an answer: what the editor suggests."""

from __future__ import annotations

import logging
from datetime import datetime

from dashboards.asking import span_of
from dashboards.evaluate import MAY_FAIL, Look
from dashboards.evaluate import answer as answer_of
from dashboards.models import Widget
from dashboards.widgets import CannotDraw, WidgetKind, widgets
from portal.store import client
from portal.store.frame import Frame

log = logging.getLogger(__name__)
OF_TEXT = ("text", "image", "iframe")  # what needs no answer


def fits(widget: Widget, look: Look, now: datetime) -> dict[str, str] | None:
    """Say of each kind why it cannot draw what a widget asks, "" where it can.

    Nothing where the question cannot be answered now: then nobody knows.
    """
    if widget.source == "text":
        return {kind: "" for kind in OF_TEXT if kind in widgets}
    try:
        now = look.moment(now)
        filled = look.filled(widget, now)
        span = span_of(filled.config, look.range_at(now))
        frame = answer_of(filled, span, look, now)
    except (*MAY_FAIL, client.EngineUnavailable, client.QueryFailed):
        return None
    return {kind.kind: hurdle(kind, frame) for kind in widgets if kind.kind not in OF_TEXT}


def hurdle(kind: WidgetKind, frame: Frame) -> str:
    """Return why a kind cannot draw a frame; nothing where it can."""
    try:
        kind.draw(frame, {})
    except CannotDraw as problem:
        return str(problem)
    except Exception:
        # A plug point: what fails without options is no suggestion, and no failed page.
        log.info(
            "A kind of widget cannot draw an answer.", extra={"kind": kind.kind}, exc_info=True
        )
        return "It cannot draw this answer."
    return ""
