"""Scrubbing rules: listed, tried on the last hour, switched on and off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.ingest.models import CHANGE_PRIVACY, ScrubRule
from analytics.ingest.scrub import KINDS, NAMES, BadPattern, Rule
from analytics.privacy import actions, trial
from analytics.privacy.forms import RuleForm
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed

Json = dict[str, Any]
FORM = ["GET", "HEAD", "POST"]


@require_safe
@staff_page(CHANGE_PRIVACY)
def rules(request: StaffRequest) -> HttpResponse:
    rows = ScrubRule.objects.select_related("source", "created_by")
    shown = [{"row": row, "label": KINDS[row.kind].label} for row in rows if row.kind in KINDS]
    return render(request, "privacy/rules.html", {"rules": shown})


@require_http_methods(FORM)
@staff_page(CHANGE_PRIVACY)
def new(request: StaffRequest) -> HttpResponse:
    form = RuleForm(request.POST or None, initial={"kind": "email", "action": "mask"})
    row = saved(request, form, None)
    if row is not None:
        return redirect("privacy-rule", row.pk)
    return render(request, "privacy/rule.html", {"form": form, "names": NAMES})


@require_http_methods(FORM)
@staff_page(CHANGE_PRIVACY)
def rule(request: StaffRequest, rule_id: int) -> HttpResponse:
    """Show a rule with what it would have caught in the last hour; change it."""
    row = row_of(rule_id)
    form = RuleForm(request.POST or None, initial=actions.told(row))
    if saved(request, form, row) is not None:
        return redirect("privacy-rule", row.pk)
    row.refresh_from_db()
    context = {"form": form, "row": row, "label": KINDS[row.kind].label, "names": NAMES}
    return render(request, "privacy/rule.html", context | tried(row))


def saved(request: StaffRequest, form: RuleForm, old: ScrubRule | None) -> ScrubRule | None:
    """Save a form that was sent and is right."""
    if request.method != "POST" or not form.is_valid():
        return None
    given = form.cleaned_data
    wanted = Rule(0, given["kind"], given["action"], pattern_of(given))
    try:
        row = actions.save_rule(request.user, wanted, given["source"], clock.now(), old=old)
    except FieldError as problem:
        form.add_error(problem.field, problem.message)
        return None
    messages.success(request, "Saved. It acts once it is switched on.")
    return row


def pattern_of(given: Json) -> str:
    """Return the pattern where the kind has one."""
    return str(given["pattern"]).strip() if given["kind"] in ("key", "pattern") else ""


def tried(row: ScrubRule) -> Json:
    try:
        found = trial.tried(row.rule, row.source_id, clock.now())
    except (QueryFailed, EngineUnavailable, BadPattern) as problem:
        return {"problem": str(problem)}
    places = [(event, name, count) for (event, name), count in found.places.most_common(50)]
    return {"trial": found, "places": places}


@require_POST
@staff_page(CHANGE_PRIVACY)
def switch(request: StaffRequest, rule_id: int) -> HttpResponse:
    row, on = row_of(rule_id), request.POST.get("on") == "1"
    actions.switch_rule(request.user, row, on=on)
    messages.success(request, "Switched on." if on else "Switched off.")
    return redirect("privacy-rule", row.pk)


@require_POST
@staff_page(CHANGE_PRIVACY)
def delete(request: StaffRequest, rule_id: int) -> HttpResponse:
    actions.delete_rule(request.user, row_of(rule_id))
    messages.success(request, "The rule is deleted.")
    return redirect("privacy-rules")


def row_of(rule_id: int) -> ScrubRule:
    row = ScrubRule.objects.select_related("source").filter(pk=rule_id).first()
    if row is None:
        raise Http404
    return row
