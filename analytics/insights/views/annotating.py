"""Annotations: on charts over time, in a list, and the form that makes and changes them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.insights import actions
from analytics.insights.annotation_drafts import LONGEST_TEXT, parse_draft
from analytics.insights.figures.annotations import Mark, marked, when
from analytics.insights.models import ANNOTATE, Annotation, AnnotationQuerySet
from analytics.insights.views.shared import EXPLORE, Json, own_path
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

TYPED = ("text", "at", "end", "event")
MOST_ON_A_CHART = 100


def annotated(
    request: StaffRequest, figure: Json, window: TimeRange, events: Collection[str]
) -> Json:
    """Return a chart over time with what happened meanwhile, and what its card needs for it.

    `events` are those that the chart is about; none is any.
    """
    rows = known(request).touching(window).about(events).select_related("created_by")
    shown = list(rows[:MOST_ON_A_CHART])
    marks = [Mark(row.text, row.at, row.until) for row in shown]
    now = min(clock.now(), window.end).astimezone(window.tzinfo)
    return {
        "figure": marked(figure, marks, window.tzinfo),
        "annotations": [listed(row, window.tzinfo) for row in shown],
        "annotate": {
            "may": request.user.has_perm(ANNOTATE),
            "events": list(dict.fromkeys(events)),
            "at": typed(now),
            "tz": window.zone,
            "longest": LONGEST_TEXT,
        },
    }


def known(request: StaffRequest) -> AnnotationQuerySet:
    return cast("AnnotationQuerySet", visible(request.user, Annotation))


def listed(row: Annotation, zone: ZoneInfo) -> Json:
    return {
        "id": row.pk,
        "text": row.text,
        "when": when(Mark(row.text, row.at, row.until), zone),
        "event": row.event,
        "who": str(row.created_by) if row.created_by else "",
    }


def typed(at: datetime) -> str:
    """Write a time as a field for date and time has it."""
    return f"{at:%Y-%m-%dT%H:%M}"


@require_safe
@staff_page(EXPLORE)
def annotation_list(request: StaffRequest) -> HttpResponse:
    """List all annotations, the newest first."""
    rows = known(request).select_related("created_by").order_by("-at", "-pk")
    context = {
        "rows": [listed(row, default_zone()) for row in rows],
        "may": request.user.has_perm(ANNOTATE),
        "time_zone": settings.PORTAL_TIME_ZONE,
    }
    return render(request, "insights/annotations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ANNOTATE)
def annotation_new(request: StaffRequest) -> HttpResponse:
    """Make an annotation, and go back to where that was wanted."""
    if request.method != "POST":
        now = clock.now().astimezone(default_zone())
        return form_page(request, {"at": typed(now)}, None)
    given = given_in(request)
    try:
        draft = parse_draft({k: v for k, v in given.items() if v}, zone_of(request))
    except FieldError as problem:
        return form_page(request, given, None, problem)
    row = actions.create_annotation(request.user, draft, clock.now())
    messages.success(request, f"“{row.text}” stands on the charts.")
    return HttpResponseRedirect(back_of(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ANNOTATE)
def annotation(request: StaffRequest, annotation_id: int) -> HttpResponse:
    """Change an annotation."""
    row = fetch(request.user, Annotation, edit=True, pk=annotation_id)
    zone = default_zone()
    if request.method != "POST":
        until = typed(row.until.astimezone(zone)) if row.until else ""
        given = {"text": row.text, "at": typed(row.at.astimezone(zone)), "end": until}
        return form_page(request, given | {"event": row.event}, row)
    given = given_in(request)
    try:
        draft = parse_draft({k: v for k, v in given.items() if v}, zone)
    except FieldError as problem:
        return form_page(request, given, row, problem)
    actions.update_annotation(request.user, row, draft, clock.now())
    return HttpResponseRedirect(back_of(request))


@require_POST
@staff_page(ANNOTATE)
def annotation_delete(request: StaffRequest, annotation_id: int) -> HttpResponse:
    """Remove an annotation."""
    row = fetch(request.user, Annotation, edit=True, pk=annotation_id)
    actions.delete_annotation(request.user, row)
    messages.success(request, f"“{row.text}” is removed.")
    return HttpResponseRedirect(back_of(request))


def form_page(
    request: StaffRequest, given: Json, row: Annotation | None, problem: FieldError | None = None
) -> HttpResponse:
    query = urlencode({"back": back_of(request)})
    where = reverse("annotation", args=[row.pk]) if row else reverse("annotation-new")
    context = {
        "given": given,
        "row": row,
        "problem": problem,
        "action": f"{where}?{query}",
        "remove_url": f"{reverse('annotation-delete', args=[row.pk])}?{query}" if row else "",
        "back": back_of(request),
        "tz": zone_of(request).key,
        "longest": LONGEST_TEXT,
    }
    status = 400 if problem else 200
    return render(request, "insights/annotation.html", context, status=status)


def given_in(request: StaffRequest) -> dict[str, str]:
    return {name: str(request.POST.get(name, "")).strip() for name in TYPED}


def back_of(request: StaffRequest) -> str:
    given = request.POST.get("back") or request.GET.get("back") or ""
    return own_path(str(given), reverse("annotations"))


def zone_of(request: StaffRequest) -> ZoneInfo:
    """Return the zone in which the form's times are typed: that of the chart it stood at."""
    try:
        return ZoneInfo(str(request.POST.get("tz") or settings.PORTAL_TIME_ZONE))
    except (ValueError, OSError, KeyError):
        return default_zone()


def default_zone() -> ZoneInfo:
    return ZoneInfo(settings.PORTAL_TIME_ZONE)
