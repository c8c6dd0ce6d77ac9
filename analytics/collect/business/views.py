"""The pages of business metrics: all, one, and the form that makes and changes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.collect.business import actions, drafts, forms, history, keeping, states
from analytics.collect.business.computing import Unable
from analytics.collect.business.forms import Form
from analytics.collect.business.models import ADMINISTER, CHANGE, EXPLORE, BusinessMetric
from analytics.collect.business.shaping import Figure
from analytics.insights.models import RUN_SQL
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed

Json = dict[str, Any]
FORM = ["GET", "HEAD", "POST"]
AWAY = (EngineUnavailable, QueryFailed)
SHOWN = 100


@require_safe
@staff_page(EXPLORE)
def metrics(request: StaffRequest) -> HttpResponse:
    """List all with their state and last value."""
    now = clock.now()
    rows = visible(request.user, BusinessMetric).select_related("insight", "author")
    shown = [{"row": row, **told(row, keeping.read(row.figures), now)} for row in rows]
    failing = sum(one["state"] in {"failing", "late"} for one in shown)
    context = {"metrics": shown, "failing": failing, "may": request.user.has_perm(CHANGE)}
    return render(request, "collect/business_metrics.html", context)


def told(row: BusinessMetric, figures: list[Figure], now: Any) -> Json:
    state = states.state_of(row, now)
    label, tone, icon = states.WORDS[state]
    return {
        "state": state, "label": label, "tone": tone, "icon": icon, "series": len(figures),
        "one": figures[0].value if len(figures) == 1 else None,
        "interval": dict(forms.INTERVALS).get(str(row.interval_s), f"every {row.interval_s} s"),
    }  # fmt: skip


@require_safe
@staff_page(EXPLORE)
def metric(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what a metric asks, what it collected, and how that went."""
    row: BusinessMetric = fetch(request.user, BusinessMetric, pk=pk)
    now, found = clock.now(), keeping.read(row.figures)
    try:
        zone = ZoneInfo(settings.PORTAL_TIME_ZONE)
        figure = history.drawn(row.metric, found, now, zone)
    except AWAY as problem:
        figure, trouble = {}, str(problem)
    else:
        trouble = ""
    largest = sorted(found, key=lambda one: -one.value)
    context = {
        "row": row,
        "insight": actions.insight_shown(request.user, row),
        "figures": [{"title": history.title(one), "value": one.value} for one in largest[:SHOWN]],
        "more": max(0, len(found) - SHOWN),
        "figure": figure,
        "trouble": trouble,
        "may": request.user.has_perm(CHANGE),
        "range_words": dict(forms.RANGES).get(str(row.range_s), f"the last {row.range_s} s"),
        **told(row, found, now),
    }
    return render(request, "collect/business_metric.html", context)


@require_http_methods(FORM)
@staff_page(CHANGE)
def new(request: StaffRequest) -> HttpResponse:
    """Make a metric, or show what it would collect."""
    if request.method != "POST":
        given = {"insight": str(request.GET.get("insight", "")), "sql": forms.EXAMPLE}
        start = "insight" if given["insight"] else "sql"
        values = {**Form.of(drafts.Draft()).values, **given, "from": start}
        return form_page(request, Form(values), None)
    return sent(request, None)


@require_http_methods(FORM)
@staff_page(CHANGE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a metric, or show what it would collect."""
    row: BusinessMetric = fetch(request.user, BusinessMetric, edit=True, pk=pk)
    if request.method != "POST":
        return form_page(request, Form.of(drafts.drawn_of(row)), row)
    return sent(request, row)


def sent(request: StaffRequest, row: BusinessMetric | None) -> HttpResponse:
    """Preview or save what was typed; what is wrong with it stands beside its field."""
    form = Form.sent(request.POST)
    try:
        draft = drafts.read(form.body(is_on=row.is_on if row else True))
        draft = leaving_rights(request, draft, row)
        if request.POST.get("do") == "preview":
            found = actions.preview(request.user, draft, clock.now())
            return previewed(request, form, row, {"found": found_as_shown(found)})
        if row is None:
            row = actions.create_metric(request.user, draft, clock.now())
        else:
            row = actions.change_metric(request.user, row, draft, clock.now())
    except FieldError as problem:
        form = form.with_problem(problem)
        return previewed(request, form, row, {"problem": problem.message}, status=400)
    except (PermissionDenied, Unable) as problem:
        return previewed(request, form, row, {"problem": str(problem)}, status=400)
    except AWAY as problem:
        return previewed(request, form, row, {"problem": str(problem)}, status=400)
    messages.success(request, f"{row.metric} is saved and collected within seconds.")
    return redirect(row.get_absolute_url())


def leaving_rights(
    request: StaffRequest, draft: drafts.Draft, row: BusinessMetric | None
) -> drafts.Draft:
    """Let who may not say which rows are read leave that as it is, if the question stays, too."""
    if row is None or request.user.has_perm(ADMINISTER):
        return draft
    left = replace(draft, reads_all=row.reads_all)
    return left if left.asked() == drafts.drawn_of(row).asked() else draft


def found_as_shown(found: list[Figure]) -> Json:
    largest = sorted(found, key=lambda one: -one.value)[:SHOWN]
    return {
        "series": len(found),
        "rows": [{"title": history.title(one), "value": one.value} for one in largest],
        "labels": ", ".join(sorted({name for one in found for name, _ in one.key})),
    }


def previewed(
    request: StaffRequest,
    form: Form,
    row: BusinessMetric | None,
    preview: Json,
    *,
    status: int = 200,
) -> HttpResponse:
    """Answer the part of the page that shows a preview, or the whole page with it."""
    is_partial = request.headers.get("HX-Request") == "true"
    if is_partial and request.POST.get("do") == "preview":
        return render(request, "collect/_business_preview.html", {"preview": preview})
    return form_page(request, form, row, preview, status=status)


def form_page(
    request: StaffRequest,
    form: Form,
    row: BusinessMetric | None,
    preview: Json | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "preview": preview,
        "insights": forms.insights_for(request.user),
        "intervals": forms.choices(forms.INTERVALS, form.values["interval"]),
        "ranges": forms.choices(forms.RANGES, form.values["range"]),
        "may_sql": request.user.has_perm(RUN_SQL),
        "may_read_all": request.user.has_perm(ADMINISTER),
        "prefix": settings.METRIC_PREFIX,
        "back": row.get_absolute_url() if row else reverse("business-metrics"),
    }
    return render(request, "collect/business_metric_edit.html", context, status=status)


@require_POST
@staff_page(CHANGE)
def switch(request: StaffRequest, pk: int) -> HttpResponse:
    """Collect a metric from now on, or no more."""
    row: BusinessMetric = fetch(request.user, BusinessMetric, edit=True, pk=pk)
    draft = replace(drafts.drawn_of(row), is_on=request.POST.get("on") == "1")
    actions.change_metric(request.user, row, draft, clock.now())
    messages.success(
        request, "It is collected." if draft.is_on else "It is not collected any more."
    )
    return redirect(row.get_absolute_url())


@require_POST
@staff_page(CHANGE)
def delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Remove a metric."""
    row: BusinessMetric = fetch(request.user, BusinessMetric, edit=True, pk=pk)
    actions.delete_metric(request.user, row, clock.now())
    messages.success(request, f"{row.metric} is deleted; what was collected stays.")
    return redirect("business-metrics")
