"""Pages for strangers: what a public link opens. They read no session and set no cookie."""

from __future__ import annotations

import csv
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from analytics.insights.actions import Exported, record_export
from analytics.insights.spreadsheet import safe
from dashboards.evaluate import evaluate, evaluate_all
from dashboards.looking import Look
from dashboards.open.freezing import boxes_in
from dashboards.open.guard import note, open_page, refused
from dashboards.open.links import Opened
from dashboards.open.looking import look_for
from dashboards.open.models import SCREEN
from dashboards.open.shown import open_answer
from dashboards.standing import on_tab, tab_shown
from dashboards.templatetags.widgets import range_words
from dashboards.views.pages import placed, rows_of
from portal.lib import clock
from portal.lib.time_range import Chosen
from portal.live.topics import BadRequest

THEMES = ("light", "dark")


@require_safe
@open_page
def opened_link(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Show what a link opens, evaluated with the rights that its maker has now."""
    note(opened)
    if opened.link.snapshot is not None:
        return page(request, opened, **frozen(opened, request.GET.get("tab", "")))
    try:
        look = look_for(opened, request.GET, clock.now())
    except BadRequest as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    tabs = opened.dashboard.tabs
    tab = tab_shown(tabs, request.GET.get("tab", ""))
    boxes = boxes_for(opened, look, tab)
    return page(
        request, opened, boxes=boxes, range_said=said(look, look.range_at(clock.now())), default_range=look.default,
        rows=max((one["widget"].y + one["widget"].h for one in boxes), default=1),
        tabs=tabs,
        tab=tab,
        **turns(opened),
    )  # fmt: skip


def said(look: Look, chosen: Chosen) -> str:
    """Say which range is shown: "the last 24 hours", or from when to when."""
    words = range_words(look.chosen.get("from") or look.default)
    if chosen.is_relative or chosen.is_all:
        return "all time" if chosen.is_all else str(words)
    return f"{chosen.start:%Y-%m-%d %H:%M} to {chosen.end:%Y-%m-%d %H:%M} UTC"


def boxes_for(opened: Opened, look: Look, tab: str) -> list[dict[str, Any]]:
    now, board = clock.now(), opened.dashboard
    widgets = look.boxes(on_tab(list(board.widgets.all()), board.tabs, tab), now)
    answers = evaluate_all(widgets, look, now)
    boxes: list[dict[str, Any]] = [
        {
            "widget": look.named(widget, now),
            "csv_url": csv_url(opened, widget.key),
            "every_ms": round(look.every_s(widget.refresh_interval_ms) * 1000),
            **open_answer(answers[widget.key]),
        }
        for widget in widgets
    ]
    return placed(boxes)


def csv_url(opened: Opened, key: str) -> str:
    return reverse("open-csv", args=[opened.secret, key]) if opened.link.may_download else ""


def frozen(opened: Opened, tab: str) -> dict[str, Any]:
    snapshot = opened.link.snapshot
    assert snapshot is not None  # noqa: S101  # asked before
    return {**boxes_in(snapshot, tab), "snapshot": snapshot}


def turns(opened: Opened) -> dict[str, Any]:
    """Return what a playlist's page needs to go on by itself."""
    playlist = opened.link.playlist
    if playlist is None:
        return {}
    return {
        "playlist": playlist,
        "turn": opened.turn,
        "turns": opened.turns,
        "next_url": f"?at={(opened.turn + 1) % opened.turns}",
        "previous_url": f"?at={(opened.turn - 1) % opened.turns}",
    }


def page(request: HttpRequest, opened: Opened, **context: Any) -> HttpResponse:
    theme = request.GET.get("theme", "")
    context |= {
        "request": request,  # for its nonce; no context processor runs
        "theme": theme if theme in THEMES else "",
        "portal_time_zone": settings.PORTAL_TIME_ZONE,
        "name": opened.dashboard.name,
        "description": opened.dashboard.description,
        "board_kind": "open",
        "ident": opened.ident,
        "is_screen": opened.link.kind == SCREEN,
        "may_download": opened.link.may_download,
        "may_choose_range": opened.link.may_choose_range and not opened.link.snapshot_id,
    }
    return HttpResponse(render_to_string("dashboards/open/page.html", context))


@require_safe
@open_page
def opened_csv(request: HttpRequest, opened: Opened, key: str) -> HttpResponse:
    """Download what a box shows, where the link allows it."""
    if not opened.link.may_download or opened.link.snapshot_id:
        return refused(404)
    now = clock.now()
    try:
        look = look_for(opened, request.GET, now)
    except BadRequest as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    shown = look.boxes(list(opened.dashboard.widgets.all()), now)
    widget = next((one for one in shown if one.key == key), None)
    answer = evaluate(widget, look, now) if widget else {"state": "error"}
    if answer["state"] == "error":
        return refused(404)
    rows = [[safe(cell) for cell in row] for row in rows_of(answer["plain"])]
    record_export(None, Exported("widget", "csv", len(rows) - 1, now, part=key), opened.dashboard)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{key}.csv"'
    csv.writer(response).writerows(rows)
    return response
