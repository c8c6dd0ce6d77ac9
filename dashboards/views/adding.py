"""Add what an Explore page shows to a dashboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from analytics.insights.forms.shared import SAVED, number
from analytics.insights.keeping import checked
from analytics.insights.models import EXPLORE, SavedInsight
from analytics.insights.pages import PAGES, Kept
from analytics.insights.views.keeping import carried, go, shown_page
from dashboards import actions, adding_metrics
from dashboards.actions import NewWidget
from dashboards.adding import drawings, insight_in, require_may_make, widget_of
from dashboards.models import Dashboard, Widget
from portal.accounts.access import editable, fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@dataclass(frozen=True)
class Addition:
    """What is to be added: its name, what it is, what it can be drawn as, and how it becomes a widget.

    `starts` is its relative range, for a dashboard that is made for it.
    """

    title: str
    label: str
    drawings: list[tuple[str, str]]
    starts: str
    make: Callable[[str, str], NewWidget]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(EXPLORE)
def add(request: StaffRequest) -> HttpResponse:
    """Ask for a dashboard and a title, and add; without a title a POST only brings a state."""
    require_may_make(request.user)
    try:
        addition = metrics_shown(request) or insight_shown(request)
    except FieldError as problem:
        return dialog(request, {"nothing": problem.message}, status=400)
    context: dict[str, object] = {
        "title": addition.title,
        "kind": addition.label,
        "drawings": addition.drawings,
        "dashboards": editable(request.user, Dashboard),
        "carried": [*way_back(request), *carried(request)],
    }
    if "title" not in request.POST:
        return dialog(request, context)
    try:
        widget = added(request, addition)
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


def metrics_shown(request: StaffRequest) -> Addition | None:
    """Return the queries of Explore metrics; nothing on any other page. Raises FieldError."""
    form = adding_metrics.shown_at(str(dict(way_back(request)).get("at", "")))
    if form is None:
        return None

    def make(title: str, drawn_as: str) -> NewWidget:
        return adding_metrics.widget_of(title, form, drawn_as)

    starts = adding_metrics.starts_of(form)
    return Addition("", "Metrics", adding_metrics.drawings(form), starts, make)


def insight_shown(request: StaffRequest) -> Addition:
    """Return a saved insight, or what a page of Explore asks. Raises FieldError."""
    name, kind, kept = wanted(request)

    def make(title: str, drawn_as: str) -> NewWidget:
        return widget_of(title, kind, kept, drawn_as)

    label = PAGES[kind].label if kind in PAGES else kind
    return Addition(name, label, drawings(kind, kept.view), starts_of(kept), make)


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
def added(request: StaffRequest, addition: Addition) -> Widget:
    """Add the widget, to a new dashboard where one is named. Raises FieldError."""
    given = request.POST
    new = addition.make(given.get("title", ""), given.get("drawn_as", ""))
    name, uid = given.get("dashboard_name", ""), given.get("dashboard", "")
    if name.strip() or not uid:
        dashboard = actions.create_dashboard(
            request.user, name=name, now=clock.now(), starts=addition.starts
        )
    else:
        dashboard = fetch(request.user, Dashboard, edit=True, uid=uid.replace("\0", ""))
    return actions.add_widget(request.user, dashboard, new, clock.now())


def starts_of(kept: Kept) -> str:
    """Return the relative range of an insight, for a dashboard that is made for it."""
    begin = str(kept.definition.get("from", ""))
    return begin if begin.startswith("-") else ""


def dialog(request: StaffRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    is_htmx = request.headers.get("HX-Request") == "true"
    name = "_add" if is_htmx else "add"
    return render(request, f"dashboards/{name}.html", context, status=status)
