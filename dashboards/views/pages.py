"""Pages: home, the list, a dashboard, a widget's rows as CSV, and what the palette finds."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.insights.models import EXPLORE, RUN_SQL, Cohort, SavedInsight
from analytics.insights.spreadsheet import safe
from dashboards.adding import explore_url
from dashboards.evaluate import Look, evaluate, evaluate_all
from dashboards.live import look_of, wanted_in
from dashboards.models import VIEW, Dashboard, Widget
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.time_range import BadRange

HOME_DASHBOARD = "business"
MOST_FOUND = 20
# What the palette finds by name, by the word that it shows; rows know their own address.
SEARCHED: dict[str, type[Any]] = {
    "Dashboard": Dashboard,
    "Saved insight": SavedInsight,
    "Cohort": Cohort,
}


@require_safe
@staff_page()
def home(request: StaffRequest) -> HttpResponse:
    """Show what moves today, and where to go on."""
    listed = visible(request.user, Dashboard).prefetch_related("widgets")
    if not request.user.has_perm(VIEW):
        return render(request, "dashboards/home_without.html")
    first = listed.filter(uid=HOME_DASHBOARD).first()
    boxes, starts = [], ""
    if first:
        look = look_of(first, request.user, {})
        boxes, starts = (
            boxes_of(featured(list(first.widgets.all())), look, request.user),
            look.default,
        )
    return render(
        request,
        "dashboards/home.html",
        {"dashboards": listed, "featured": first, "boxes": boxes, "starts": starts},
    )


def featured(widgets: list[Widget]) -> list[Widget]:
    """Choose what stands on the home page: a row of four figures and one chart."""
    stats = [widget for widget in widgets if widget.kind == "stat"]
    charts = [widget for widget in widgets if widget.kind in {"area", "line", "bar"}]
    return stats[:4] + charts[:1]


@require_safe
@staff_page(VIEW)
def dashboard_list(request: StaffRequest) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()
    tag = request.GET.get("tag", "")
    rows = visible(request.user, Dashboard).prefetch_related("widgets").select_related("created_by")
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(description__icontains=wanted))
    if tag:
        rows = rows.filter(tags__contains=[tag])
    tags = sorted({name for row in visible(request.user, Dashboard) for name in row.tags})
    return render(
        request,
        "dashboards/list.html",
        {"dashboards": rows, "wanted": wanted, "tag": tag, "tags": tags},
    )


@require_safe
@staff_page(VIEW)
def dashboard(request: StaffRequest, uid: str) -> HttpResponse:
    """Show a dashboard with its figures in the first answer; the socket moves them on."""
    found = fetch(request.user, Dashboard, uid=uid)
    look = look_of(found, request.user, wanted_in(request.GET.dict()))
    try:
        chosen = look.range_at(clock.now())
    except BadRange as problem:
        return HttpResponseBadRequest(str(problem))
    boxes = boxes_of(list(found.widgets.all()), look, request.user)
    return render(
        request,
        "dashboards/dashboard.html",
        {"dashboard": found, "boxes": boxes, "chosen": chosen, "default_range": look.default},
    )


def boxes_of(widgets: list[Widget], look: Look, user: User) -> list[dict[str, Any]]:
    answers = evaluate_all(widgets, look, clock.now())
    return [
        {"widget": widget, "may_explore": may_explore(widget, user), **answers[widget.key]}
        for widget in widgets
    ]


def may_explore(widget: Widget, user: User) -> bool:
    needed = {"insight": EXPLORE, "sql": RUN_SQL}.get(widget.source)
    return needed is not None and user.has_perm(needed)


@require_safe
@staff_page(VIEW)
def widget_explore(request: StaffRequest, uid: str, key: str) -> HttpResponse:
    """Lead to the page of Explore that asks what a box shows, over the range that is shown."""
    found = fetch(request.user, Dashboard, uid=uid)
    widget = found.widgets.filter(key=key).first()
    if widget is None:
        return HttpResponse("There is no such widget on this dashboard.", status=404)
    if not may_explore(widget, request.user):
        raise PermissionDenied("Your roles do not let you ask this in Explore.")
    look = look_of(found, request.user, wanted_in(request.GET.dict()))
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
    widget = found.widgets.filter(key=key).first()
    if widget is None:
        return HttpResponse("There is no such widget on this dashboard.", status=404)
    look = look_of(found, request.user, wanted_in(request.GET.dict()))
    answer = evaluate(widget, look, clock.now())
    if answer["state"] == "error":
        reason = answer["meta"]["warnings"][0]
        return HttpResponse(reason, status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{uid}-{key}.csv"'
    rows = ([safe(cell) for cell in row] for row in rows_of(answer["plain"]))
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


@require_safe
@staff_page()
def search(request: StaffRequest) -> JsonResponse:
    """Answer the command palette: what people named, where the name holds the words."""
    named = Q()
    for word in request.GET.get("q", "").replace("\0", "").split()[:5]:
        named &= Q(name__icontains=word)
    found = [
        {"label": row.name, "url": row.get_absolute_url(), "kind": kind}
        for kind, model in SEARCHED.items()
        for row in visible(request.user, model).filter(named)[:MOST_FOUND]
    ]
    return JsonResponse(found, safe=False)
