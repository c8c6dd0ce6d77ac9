"""The page of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analytics.insights.views.shared import is_partial
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.audit.actions import verify_chain
from portal.audit.chain.heads import BadHeads
from portal.audit.models import AuditEntry
from portal.auditor.api import READ, csv_file
from portal.auditor.differences import differences
from portal.auditor.filters import Filters, page_of, seals_of
from portal.auditor.shapes import chain_as_json
from portal.lib import clock
from portal.lib.field_error import FieldError

DEFAULT_RANGE = "-7d"
MOST = 100


@require_safe
@staff_page(READ)
def page(request: StaffRequest) -> HttpResponse:
    """Show who did what, newest first, and how far the chain reaches."""
    context = context_of(request, clock.now())
    if not is_partial(request):
        return render(request, "audit/audit.html", context)
    name = "_rows" if request.GET.get("cursor") else "_list"
    return render(request, f"audit/{name}.html", context)


def context_of(request: StaffRequest, now: datetime) -> dict[str, Any]:
    context: dict[str, Any] = {
        "default_range": DEFAULT_RANGE,
        "given": {name: request.GET.get(name, "") for name in ("actor", "action", "object")},
        "kept": {name: request.GET[name] for name in ("from", "to", "tz") if request.GET.get(name)},
        "actions": AuditEntry.objects.order_by("action")
        .values_list("action", flat=True)
        .distinct(),
        "chain": chain_as_json(),
        "posts": bool(settings.AUDIT_HEADS_TO),
        "path": request.get_full_path(),
    }
    try:
        filters = Filters.read(request.GET.dict(), now, default=DEFAULT_RANGE)
        entries, following = page_of(filters.rows(), request.GET.get("cursor", ""), MOST)
    except FieldError as problem:
        return context | {"problem": problem}
    seals = seals_of(entries)
    return context | {
        "narrows": filters.narrows,
        "everything_url": "?from=all",
        "csv_url": f"csv/{filters.address()}",
        "next_url": filters.address(cursor=following) if following else "",
        "entries": [shown(entry, seals.get(entry.pk), filters) for entry in entries],
    }


def shown(entry: AuditEntry, seal: Any, filters: Filters) -> dict[str, Any]:
    lines = differences(entry.before, entry.after)
    kind = entry.object_type
    return {
        "entry": entry,
        "seal": seal,
        "lines": lines,
        "has_before": entry.before is not None,
        "preview": [line for line in lines if line.kind != "same"][:3],
        "only_actor": filters.address(actor=entry.actor_label.partition(", token ")[0], cursor=""),
        "only_action": filters.address(action=entry.action, cursor=""),
        "only_object": filters.address(object=f"{kind}:{entry.object_id}", cursor="")
        if kind
        else "",
    }


@require_safe
@staff_page(READ)
def audit_csv(request: StaffRequest) -> HttpResponse:
    """Give the entries of the page as a file."""
    try:
        filters = Filters.read(request.GET.dict(), clock.now(), default=DEFAULT_RANGE)
    except FieldError as problem:
        text = f"{problem.field}: {problem.message}"
        return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
    return csv_file(request.user, filters)


@require_POST
@staff_page(READ)
def verify_now(request: StaffRequest) -> HttpResponse:
    """Follow the whole chain now."""
    try:
        verdict = verify_chain(request.user, now=clock.now())
    except BadHeads as error:
        messages.error(request, f"The heads kept outside cannot be read. {error}")
        return redirect("audit")
    if verdict.is_sound:
        messages.success(request, f"{verdict.sealed:,} entries are as they were sealed.")
    else:
        messages.error(request, f"The trail is not as it was sealed. {verdict.findings[0].text}")
    return redirect("audit")
