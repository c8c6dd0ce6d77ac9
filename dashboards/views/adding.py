"""Add what an Explore page shows to a dashboard."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from analytics.insights.forms.shared import SAVED, number
from analytics.insights.keeping import checked
from analytics.insights.models import EXPLORE, SavedInsight
from analytics.insights.pages import PAGES, Kept
from analytics.insights.views.keeping import carried, go, shown_page
from dashboards import actions
from dashboards.adding import drawings, insight_in, may_make, widget_of
from dashboards.models import Dashboard, Widget
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(EXPLORE)
def add(request: StaffRequest) -> HttpResponse:
    """Ask for a dashboard and a title, and add; without a title a POST only brings a state."""
    if not may_make(request.user):
        raise PermissionDenied("Your roles do not let you change dashboards.")
    try:
        name, kind, kept = wanted(request)
    except FieldError as problem:
        return dialog(request, {"nothing": problem.message}, status=400)
    context: dict[str, object] = {
        "title": name,
        "kind": PAGES[kind].label if kind in PAGES else kind,
        "drawings": drawings(kind, kept.view),
        "dashboards": Dashboard.objects.editable_by(request.user),
        "carried": [*way_back(request), *carried(request)],
    }
    if "title" not in request.POST:
        return dialog(request, context)
    try:
        widget = added(request, kind, kept)
    except FieldError as problem:
        return dialog(request, context | {"given": request.POST, "problem": problem}, status=400)
    messages.success(request, f"“{widget.title}” is on {widget.dashboard.name}.")
    return go(request, f"{widget.dashboard.get_absolute_url()}#w-{widget.key}")


def way_back(request: StaffRequest) -> list[tuple[str, str]]:
    """Return the fields that say again what is to be added."""
    saved = request.POST.get("insight") or request.GET.get("insight")
    if saved:
        return [("insight", saved)]
    at = request.POST.get("at") or request.GET.get("at") or request.headers.get("HX-Current-URL")
    return [("at", at or "")]


def wanted(request: StaffRequest) -> tuple[str, str, Kept]:
    """Return a title, the kind and what is kept: of a saved insight, or of the page. Raises FieldError."""
    saved = request.POST.get("insight") or request.GET.get("insight")
    now = clock.now()
    if saved:
        return insight_in({"insight": int(number(saved) or 0)}, request.user, now)
    shown = shown_page(request)
    kept = shown.kept()
    checked(shown.page.kind, kept.definition, now)
    opened = number(str(shown.query.get(SAVED) or ""))
    insight = visible(request.user, SavedInsight).filter(pk=opened).first() if opened else None
    return insight.name if insight else "", shown.page.kind, kept


@transaction.atomic
def added(request: StaffRequest, kind: str, kept: Kept) -> Widget:
    """Add the widget, to a new dashboard where one is named. Raises FieldError."""
    given = request.POST
    new = widget_of(given.get("title", ""), kind, kept, given.get("drawn_as", ""))
    name, uid = given.get("dashboard_name", ""), given.get("dashboard", "")
    if name.strip() or not uid:
        dashboard = actions.create_dashboard(request.user, name=name, starts=starts_of(kept))
    else:
        dashboard = fetch(request.user, Dashboard, edit=True, uid=uid.replace("\0", ""))
    return actions.add_widget(request.user, dashboard, new)


def starts_of(kept: Kept) -> str:
    """Return the relative range of an insight, for a dashboard that is made for it."""
    begin = str(kept.definition.get("from", ""))
    return begin if begin.startswith("-") else ""


def dialog(request: StaffRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    is_htmx = request.headers.get("HX-Request") == "true"
    name = "_add" if is_htmx else "add"
    return render(request, f"dashboards/{name}.html", context, status=status)
