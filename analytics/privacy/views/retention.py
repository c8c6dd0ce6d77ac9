"""How long what is kept: rules, what each would delete now, and the space that it freed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from analytics.ingest.models import CHANGE_PRIVACY, RetentionRule
from analytics.privacy import actions, retention
from analytics.privacy.forms import RetentionForm
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store import partitions
from portal.store.client import EngineUnavailable, QueryFailed

Json = dict[str, Any]
FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@staff_page(CHANGE_PRIVACY)
def rules(request: StaffRequest) -> HttpResponse:
    """List the rules, and take a new one."""
    form = RetentionForm(request.POST or None)
    if saved(request, form, None):
        return redirect("privacy-retention")
    rows = RetentionRule.objects.select_related("source")
    context: Json = {"form": form, "rows": [], "tables": []}
    try:
        context["tables"] = tables()
        context["rows"] = [{"row": row, "old": retention.old(row, clock.now())} for row in rows]
    except (QueryFailed, EngineUnavailable) as problem:
        context["problem"] = str(problem)
        context["rows"] = [{"row": row, "old": None} for row in rows]
    return render(request, "privacy/retention.html", context)


def tables() -> list[Json]:
    """Say what is kept now, and how much room it takes."""
    found = (
        ("events", "Events"),
        ("samples", "Metrics, every sample"),
        ("samples_5m", "Metrics by 5 minutes"),
        ("samples_1h", "Metrics by hour"),
    )
    return [
        {
            "label": label,
            "rows": sum(rows for rows, _ in parts),
            "bytes": sum(size for _, size in parts),
        }
        for table, label in found
        for parts in [list(partitions.of(table).values())]
    ]


@require_http_methods(FORM)
@staff_page(CHANGE_PRIVACY)
def rule(request: StaffRequest, rule_id: int) -> HttpResponse:
    row = row_of(rule_id)
    form = RetentionForm(request.POST or None, initial=actions.kept(row))
    if saved(request, form, row):
        return redirect("privacy-retention")
    return render(request, "privacy/retention_rule.html", {"form": form, "row": row})


def saved(request: StaffRequest, form: RetentionForm, old: RetentionRule | None) -> bool:
    """Save a form that was sent and is right."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        actions.save_retention(request.user, form.cleaned_data, clock.now(), old=old)
    except FieldError as problem:
        form.add_error(problem.field, problem.message)
        return False
    messages.success(request, "Saved. It deletes once it is switched on.")
    return True


@require_POST
@staff_page(CHANGE_PRIVACY)
def switch(request: StaffRequest, rule_id: int) -> HttpResponse:
    on = request.POST.get("on") == "1"
    actions.switch_retention(request.user, row_of(rule_id), on=on)
    messages.success(request, "Switched on: it deletes within a minute." if on else "Switched off.")
    return redirect("privacy-retention")


@require_POST
@staff_page(CHANGE_PRIVACY)
def delete(request: StaffRequest, rule_id: int) -> HttpResponse:
    actions.delete_retention(request.user, row_of(rule_id))
    messages.success(
        request, "The rule is deleted; metrics go by their default again, other things stay."
    )
    return redirect("privacy-retention")


def row_of(rule_id: int) -> RetentionRule:
    row = RetentionRule.objects.select_related("source").filter(pk=rule_id).first()
    if row is None:
        raise Http404
    return row
