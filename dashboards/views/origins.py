"""How a dashboard stands to what ships, or to the file it came from; take that back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from dashboards.actions import origins
from dashboards.differences import sentences
from dashboards.models import VIEW, Dashboard, Origin
from dashboards.provision import KIND, shipped_document
from dashboards.shapes import document_of
from dashboards.sides import Standing, standing
from portal.accounts.access import fetch, may
from portal.accounts.decorators import staff_page
from portal.accounts.models import Level
from portal.accounts.requests import StaffRequest
from portal.lib import clock


@dataclass(frozen=True)
class Compared:
    """A dashboard beside its origin: what was changed here, and what is newer there."""

    origin: Origin
    there: dict[str, Any]
    standing: Standing
    here_changed: list[str]
    there_changed: list[str]

    @property
    def is_changed_here(self) -> bool:
        return self.standing in (Standing.CHANGED_HERE, Standing.BOTH)

    @property
    def is_shipped(self) -> bool:
        return self.origin.kind == KIND


def compared(dashboard: Dashboard) -> Compared | None:
    """Compare with what ships, else with what was last synced; None for a dashboard of no origin."""
    kept = {one.kind: one for one in dashboard.origins.all()}
    origin = kept.get(KIND) or next(iter(kept.values()), None)
    if origin is None:
        return None
    here, base = document_of(dashboard), origin.base
    there = (shipped_document(origin.uid) if origin.kind == KIND else None) or base
    return Compared(
        origin, there, standing(here, there, base), sentences(base, here), sentences(base, there)
    )


def is_changed_here(dashboard: Dashboard) -> bool:
    """Tell whether a dashboard that ships, or is synced, was changed here since."""
    found = compared(dashboard)
    return found is not None and found.is_changed_here


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def origin(request: StaffRequest, uid: str) -> HttpResponse:
    """Show what differs; a POST takes what ships, or was last synced, back as a new version."""
    is_taking = request.method == "POST"
    dashboard = fetch(request.user, Dashboard, edit=is_taking, uid=uid)
    found = compared(dashboard)
    if found is None:
        messages.info(request, "This dashboard was made here; there is nothing to compare it with.")
        return HttpResponseRedirect(dashboard.get_absolute_url())
    if is_taking:
        origins.take_from(request.user, found.origin, found.there, found.there, clock.now())
        messages.success(
            request,
            "It is as shipped again." if found.is_shipped else "It is as last synced again.",
        )
        return HttpResponseRedirect(dashboard.get_absolute_url())
    context = {
        "dashboard": dashboard,
        "found": found,
        "may_take": may(request.user, dashboard, Level.EDIT),
    }
    return render(request, "dashboards/origin.html", context)
