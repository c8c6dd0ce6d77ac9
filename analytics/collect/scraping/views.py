"""Pages of scrape targets: how they are, and how to add and change them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.collect.scraping import actions, states
from analytics.collect.scraping.drafts import CHOICES, has_bearer
from analytics.collect.scraping.forms import TargetForm, rules_text
from analytics.collect.scraping.models import CHANGE, VIEW, ScrapeTarget
from analytics.collect.scraping.shown import without_query
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError

Discovery = ScrapeTarget.Discovery


@require_safe
@never_cache
@staff_page(VIEW)
def targets(request: StaffRequest) -> HttpResponse:
    """List targets; the table renews itself."""
    rows = list(visible(request.user, ScrapeTarget))
    known, may_change = states.standings(rows), request.user.has_perm(CHANGE)
    context = {
        "rows": [row_of(one, known[one.pk], whole=may_change) for one in rows],
        "is_only_own": all(one.discovery == Discovery.OWN for one in rows),
        "may_change": may_change,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "scraping/_rows.html" if part else "scraping/targets.html", context)


def row_of(target: ScrapeTarget, standing: states.Standing, *, whole: bool) -> dict[str, Any]:
    return {
        "target": target,
        "written": states.seen(target, whole=whole),
        "standing": standing,
        "state": states.state_of(target, standing),
        "error": states.error_of(target, standing),
    }


@require_safe
@never_cache
@staff_page(VIEW)
def target(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one target with its endpoints; they renew themselves."""
    found = fetch(request.user, ScrapeTarget, pk=pk)
    standing = states.standings([found])[found.pk]
    whole = request.user.has_perm(CHANGE)
    row = row_of(found, standing, whole=whole)
    context = row | {
        "endpoints": [
            {"row": one, "url": one.url if whole else without_query(one.url)}
            for one in states.endpoints_of(found)
        ],
        "relabel": rules_text(row["written"]["relabel"]),
        "metric_relabel": rules_text(found.metric_relabel),
        "has_bearer": has_bearer(found),
        "lists": settings.SCRAPE_LISTS,
        "is_own": found.discovery == Discovery.OWN,
        "may_change": whole and found.discovery != Discovery.OWN,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "scraping/_endpoints.html" if part else "scraping/target.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(CHANGE)
def add(request: StaffRequest, discovery: str) -> HttpResponse:
    if discovery not in CHOICES:
        raise Http404
    form = TargetForm(request.POST or None, discovery=discovery)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_target(request.user, form.draft(), clock.now())
        except FieldError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.name} is fetched from now on.")
            return redirect("scrape-target", made.pk)
    return form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(CHANGE)
def change(request: StaffRequest, pk: int) -> HttpResponse:
    found = changeable(request, pk)
    form = TargetForm(request.POST or None, discovery=found.discovery, target=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_target(request.user, found, form.draft(), clock.now())
        except FieldError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("scrape-target", pk)
    return form_page(request, form, found)


def form_page(request: StaffRequest, form: TargetForm, found: ScrapeTarget | None) -> HttpResponse:
    context = {
        "form": form,
        "target": found,
        "kind": Discovery(form.discovery).label,
        "discovery": form.discovery,
        "lists": settings.SCRAPE_LISTS,
    }
    return render(request, "scraping/change.html", context, status=400 if form.errors else 200)


@require_POST
@staff_page(CHANGE)
def switch(request: StaffRequest, pk: int) -> HttpResponse:
    found = changeable(request, pk)
    actions.switch_target(request.user, found, clock.now(), is_on=request.POST.get("on") == "1")
    return redirect("scrape-target", pk)


@require_POST
@staff_page(CHANGE)
def delete(request: StaffRequest, pk: int) -> HttpResponse:
    found = changeable(request, pk)
    actions.delete_target(request.user, found, clock.now())
    messages.success(request, f"{found.name} is no longer fetched. What was collected stays.")
    return redirect("scrape-targets")


def changeable(request: StaffRequest, pk: int) -> ScrapeTarget:
    """Return a target that may be changed: not the portal itself. Raises Http404."""
    found = fetch(request.user, ScrapeTarget, edit=True, pk=pk)
    if found.discovery == Discovery.OWN:
        raise Http404
    return found
