"""The versions of a dashboard: who saved what, what it changed, and the way back."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboards import actions
from dashboards.differences import Difference, differences, sentences
from dashboards.models import VIEW, Dashboard, DashboardVersion
from dashboards.shapes import document_of
from portal.accounts.access import editable, fetch
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale

AT_ONCE = 50
MOST_SENTENCES = 8


@require_safe
@staff_page(VIEW)
def version_list(request: StaffRequest, uid: str) -> HttpResponse:
    """List the versions, newest first, or compare the two that the address names."""
    found = fetch(request.user, Dashboard, uid=uid)
    may_edit = editable(request.user, Dashboard).filter(pk=found.pk).exists()
    context: dict[str, Any] = {"dashboard": found, "may_edit": may_edit}
    older, newer = (number_in(request.GET.get(name)) for name in ("from", "to"))
    if older and newer:
        context |= compared(found, *sorted((older, newer)))
        status = 404 if context["missing"] else 200
        return render(request, "dashboards/version_compare.html", context, status=status)
    before = number_in(request.GET.get("before"))
    return render(request, "dashboards/versions.html", context | listed(found, before))


def listed(dashboard: Dashboard, before: int) -> dict[str, Any]:
    """Return a page of versions, each with what it changed against the one before."""
    rows = dashboard.versions.select_related("created_by")
    found = list((rows.filter(number__lt=before) if before else rows)[: AT_ONCE + 1])
    shown = [described(row, sentences(old.document, row.document)) for row, old in pairwise(found)]
    if 0 < len(found) <= AT_ONCE:
        shown.append(described(found[-1], []))
    return {
        "versions": shown,
        "following": found[AT_ONCE - 1].number if len(found) > AT_ONCE else None,
    }


def described(row: DashboardVersion, changes: list[str]) -> dict[str, Any]:
    return {
        "row": row,
        "changes": changes[:MOST_SENTENCES],
        "more": max(0, len(changes) - MOST_SENTENCES),
        "is_first": row.number == 1,
    }


def compared(dashboard: Dashboard, older: int, newer: int) -> dict[str, Any]:
    """Return two versions, and what differs, in sentences and side by side."""
    rows = {row.number: row for row in dashboard.versions.filter(number__in=(older, newer))}
    rows.setdefault(dashboard.version, present(dashboard))
    missing = [number for number in (older, newer) if number not in rows]
    if missing:
        return {"missing": missing[0]}
    first, last = rows[older], rows[newer]
    return {
        "missing": None,
        "older": first,
        "newer": last,
        "changes": sentences(first.document, last.document),
        "sides": [side(one) for one in differences(first.document, last.document)],
    }


def present(dashboard: Dashboard) -> DashboardVersion:
    """Return a dashboard that was never saved since versions are kept as its version."""
    return DashboardVersion(
        dashboard=dashboard,
        number=dashboard.version,
        document=document_of(dashboard),
        created_by=dashboard.created_by,
        created_at=dashboard.updated_at,
    )


def side(one: Difference) -> dict[str, str]:
    where = " ".join(part for part in (one.part, one.key, one.field.replace("config.", "")) if part)
    return {"where": where, "before": written(one.before), "after": written(one.after)}


def written(value: Any) -> str:
    if value is None:
        return ""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    )


def number_in(text: str | None) -> int:
    """Read a version's number; 0 for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


@require_POST
@staff_page(VIEW)
def restore(request: StaffRequest, uid: str, number: int) -> HttpResponse:
    """Make an earlier version the newest; what was saved meanwhile stays in the list."""
    found = fetch(request.user, Dashboard, edit=True, uid=uid)
    try:
        read = number_in(request.POST.get("version")) or None
        restored = actions.restore(request.user, found, number, read, clock.now())
        messages.success(request, f"This is version {restored.version} now, as {number} was.")
    except FieldError as problem:
        messages.error(request, problem.message)
    except Stale:
        messages.warning(request, "Somebody saved meanwhile: look at the newest version first.")
    return HttpResponseRedirect(reverse("dashboard-versions", args=[found.uid]))
