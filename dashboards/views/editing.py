"""The editor's page, and what happens to whole dashboards: make, copy and delete them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards import actions
from dashboards.adding import SIZES, USUAL_SIZE, require_may_make
from dashboards.document import checked
from dashboards.live import look_of, wanted_in
from dashboards.models import VIEW, Dashboard, Draft
from dashboards.shapes import document_of
from dashboards.widgets import widgets
from portal.accounts.access import fetch
from portal.accounts.decorators import staff_page
from portal.accounts.models import Level, User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@require_safe
@staff_page(VIEW)
def edit(request: StaffRequest, uid: str) -> HttpResponse:
    """Show the editor with the document, one's own draft of it, and the kinds of widget."""
    found = fetch(request.user, Dashboard, edit=True, uid=uid)
    look = look_of(found, request.user, wanted_in(request.GET.dict()))
    state = {
        "uid": found.uid,
        "version": found.version,
        "document": document_of(found),
        "draft": draft_of(request.user, found),
        "kinds": kinds(),
    }
    context = {"dashboard": found, "state": state, "default_range": look.default}
    return render(request, "dashboards/edit.html", context)


def draft_of(user: User, dashboard: Dashboard) -> dict[str, Any] | None:
    """Return somebody's draft with the document that it was made on."""
    kept = Draft.objects.filter(dashboard=dashboard, user=user).first()
    if kept is None:
        return None
    base = dashboard.versions.filter(number=kept.base_version).first()
    return {
        "document": kept.document,
        "base_version": kept.base_version,
        "updated_at": kept.updated_at,
        "base": base.document if base else None,
    }


def kinds() -> list[dict[str, Any]]:
    """Return the kinds of widget with the size that a new one has."""
    sizes = {one.kind: SIZES.get(one.kind, USUAL_SIZE) for one in widgets}
    return [
        {"kind": one.kind, "label": one.label, "w": sizes[one.kind][0], "h": sizes[one.kind][1]}
        for one in widgets
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def new(request: StaffRequest) -> HttpResponse:
    """Ask for a name, and make an empty dashboard that only its owner sees."""
    require_may_make(request.user)
    if request.method != "POST":
        return render(request, "dashboards/new.html")
    given = {name: request.POST.get(name, "") for name in ("name", "description")}
    try:
        made = actions.create(request.user, checked(given), clock.now())
    except FieldError as problem:
        context = {"given": given, "problem": problem}
        return render(request, "dashboards/new.html", context, status=400)
    return HttpResponseRedirect(reverse("dashboard-edit", args=[made.uid]))


@require_POST
@staff_page(VIEW)
def duplicate(request: StaffRequest, uid: str) -> HttpResponse:
    """Make a copy of one's own, and open it in the editor."""
    require_may_make(request.user)
    found = fetch(request.user, Dashboard, uid=uid)
    made = actions.duplicate(request.user, found, clock.now())
    messages.success(request, f"This is your own copy of “{found.name}”.")
    return HttpResponseRedirect(reverse("dashboard-edit", args=[made.uid]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def delete(request: StaffRequest, uid: str) -> HttpResponse:
    """Ask for the dashboard's name, and delete it."""
    found = fetch(request.user, Dashboard, edit=True, level=Level.ADMIN, uid=uid)
    if request.method != "POST":
        return render(request, "dashboards/delete.html", {"dashboard": found})
    if request.POST.get("name", "").strip() != found.name:
        problem = f"Type the name exactly as it is: {found.name}"
        context = {"dashboard": found, "problem": problem}
        return render(request, "dashboards/delete.html", context, status=400)
    actions.remove(request.user, found)
    messages.success(request, f"“{found.name}” is deleted.")
    return HttpResponseRedirect(reverse("dashboards"))
