"""Pages: a dashboard, and a widget's rows as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.insights.actions import Exported, record_export
from analytics.insights.models import EXPLORE, RUN_SQL
from analytics.insights.spreadsheet import safe
from dashboards.adding import explore_url, may_make
from dashboards.daily.opening import opened
from dashboards.evaluate import Look, evaluate
from dashboards.first_answer import first_values
from dashboards.live import DashboardTopic, look_of, wanted_in
from dashboards.models import VIEW, Dashboard, Widget
from dashboards.standing import folded, on_tab, tab_shown
from dashboards.views.look_bar import look_bar
from dashboards.views.origins import is_changed_here
from portal.accounts.access import fetch, level_of
from portal.accounts.decorators import staff_page
from portal.accounts.models import User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest


@require_safe
@staff_page(VIEW)
def dashboard(request: StaffRequest, uid: str) -> HttpResponse:
    """Show a dashboard with its figures in the first answer; the socket moves them on."""
    found = fetch(request.user, Dashboard, uid=uid)
    try:
        look = look_of(found, request.user, wanted_in(request.GET))
        chosen = look.range_at(clock.now())
    except (BadRange, BadRequest) as problem:
        return HttpResponseBadRequest(str(problem))
    tab = tab_shown(found.tabs, request.GET.get("tab", ""))
    listed = on_tab(list(found.widgets.all()), found.tabs, tab)
    boxes = boxes_of(found, listed, look, request.user)
    return render(
        request,
        "dashboards/dashboard.html",
        {
            "dashboard": found,
            "boxes": placed(boxes),
            "chosen": chosen,
            "default_range": look.default,
            "tab": tab,
            "level": level_of(request.user, found),
            "may_make": may_make(request.user),
            "is_changed_here": is_changed_here(found),
            "is_kiosk": "kiosk" in request.GET,
            **opened(request.user, found),
            **look_bar(found, look, request.user),
        },
    )


def first_tab(dashboard: Dashboard) -> list[Widget]:
    """Return the widgets of a dashboard's first tab, of one without tabs all."""
    tabs = dashboard.tabs
    return on_tab(list(dashboard.widgets.all()), tabs, tab_shown(tabs, ""))


def placed(boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return boxes with where they are shown while rows are folded."""
    places = folded([box["widget"] for box in boxes])
    return [box | {"shown": places[box["widget"].key]} for box in boxes]


def boxes_of(
    found: Dashboard, widgets: list[Widget], look: Look, user: User
) -> list[dict[str, Any]]:
    """Return the boxes that a page shows at first."""
    now = clock.now()
    shown = look.boxes(widgets, now)
    answers = first_values(DashboardTopic(found, tuple(shown), look), shown, now)
    return [
        {
            "widget": look.named(widget, now),
            "may_explore": may_explore(widget, user),
            "every_ms": round(look.every_s(widget.refresh_interval_ms) * 1000),
            **answers[widget.key],
        }
        for widget in shown
    ]


def box_of(request: StaffRequest, found: Dashboard, key: str) -> tuple[Widget, Look] | HttpResponse:
    """Return a box of a dashboard as the page shows it, or why there is none."""
    now = clock.now()
    try:
        look = look_of(found, request.user, wanted_in(request.GET))
        look.range_at(now)
    except (BadRange, BadRequest) as problem:
        return HttpResponseBadRequest(str(problem))
    shown = look.boxes(list(found.widgets.all()), now)
    widget = next((one for one in shown if one.key == key), None)
    if widget is None:
        return HttpResponse("There is no such widget on this dashboard.", status=404)
    return widget, look


def may_explore(widget: Widget, user: User) -> bool:
    needed = {"insight": EXPLORE, "sql": RUN_SQL}.get(widget.source)
    return needed is not None and user.has_perm(needed)


@require_safe
@staff_page(VIEW)
def widget_explore(request: StaffRequest, uid: str, key: str) -> HttpResponse:
    """Lead to the page of Explore that asks what a box shows, over the range that is shown."""
    found = fetch(request.user, Dashboard, uid=uid)
    box = box_of(request, found, key)
    if isinstance(box, HttpResponse):
        return box
    widget, look = box
    if not may_explore(widget, request.user):
        raise PermissionDenied("Your roles do not let you ask this in Explore.")
    address = explore_url(widget, look, clock.now())
    if address:
        return HttpResponseRedirect(address)
    messages.warning(request, f"“{widget.title}” holds more than a page of Explore can show.")
    return HttpResponseRedirect(found.get_absolute_url())


@require_safe
@staff_page(VIEW)
def widget_csv(request: StaffRequest, uid: str, key: str) -> HttpResponse:
    """Download what a box shows, in the range that the page shows."""
    found = fetch(request.user, Dashboard, uid=uid)
    box = box_of(request, found, key)
    if isinstance(box, HttpResponse):
        return box
    widget, look = box
    answer = evaluate(widget, look, clock.now())
    if answer["state"] == "error":
        reason = answer["meta"]["warnings"][0]
        return HttpResponse(reason, status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{uid}-{key}.csv"'
    rows = [[safe(cell) for cell in row] for row in rows_of(answer["plain"])]
    exported = Exported("widget", "csv", len(rows) - 1, clock.now(), part=key)
    record_export(request.user, exported, found)
    csv.writer(response).writerows(rows)
    return response


def rows_of(plain: Any) -> list[list[Any]]:
    """Lay a drawing's plain values out as rows, head first."""
    if isinstance(plain, Mapping):
        return [plain["columns"], *(list(row) for row in plain["rows"])]
    if not isinstance(plain, list):
        return [["text"], [plain]]
    if plain and "points" in plain[0]:
        return [["series", "compare", "time", "value"]] + [
            [line["name"], line["compare"], t.isoformat(), value]
            for line in plain
            for t, value in line["points"]
        ]
    return [["name", "value"]] + [[one["name"], one["value"]] for one in plain]
