"""Mark on a chart over time what happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]


class Mark(NamedTuple):
    """What happened at a time, or until another."""

    text: str
    at: datetime
    until: datetime | None = None
    kind: str = ""


def marked(figure: Json, marks: Iterable[Mark], zone: ZoneInfo) -> Json:
    """Return the figure with its marks in `layout.meta.marks`; the theme draws them.

    They stand at the zone's wall clock, as the points do.
    """
    found = [mark_json(mark, zone) for mark in marks]
    if not found:
        return figure
    layout = figure["layout"]
    return figure | {"layout": layout | {"meta": {**layout.get("meta", {}), "marks": found}}}


def mark_json(mark: Mark, zone: ZoneInfo) -> Json:
    """Return one mark; plotly reads HTML in its text, so that is escaped."""
    text = f"<b>{escape(mark.text)}</b><br>{when(mark, zone)}"
    found = {"x": wall(mark.at, zone), "text": text}
    found |= {"x1": wall(mark.until, zone)} if mark.until else {}
    return found | ({"kind": mark.kind} if mark.kind else {})


def when(mark: Mark, zone: ZoneInfo) -> str:
    """Say the time of a mark in a zone."""
    at = said(mark.at, zone)
    return f"{at} to {said(mark.until, zone)}" if mark.until else at


def said(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def wall(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M:%S}"
