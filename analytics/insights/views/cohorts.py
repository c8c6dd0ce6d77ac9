"""The pages of cohorts: all of them, and one."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from analytics.insights import actions, nesting
from analytics.insights.cohort_shapes import used_by
from analytics.insights.counted_cohort import lines
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.filters import InCohort
from analytics.insights.figures.cohort import history, spark
from analytics.insights.models import CHANGE_COHORT, EXPLORE, Cohort, CohortSize, SavedInsight
from analytics.insights.people import place_of
from analytics.insights.sources.cohort import members_page, wanted
from analytics.insights.views.behind import PAGE, person_row
from analytics.insights.views.shared import PROBLEMS, Json, is_partial, problem_of
from portal.accounts.access import fetch, may, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Level
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.sources import Question, ask

SPARK_SPAN = timedelta(days=60)
NOTES_SHOWN = 2_000


@require_safe
@staff_page(EXPLORE)
def cohorts(request: StaffRequest) -> HttpResponse:
    """List all cohorts, by name."""
    rows = visible(request.user, Cohort).select_related("created_by").defer("user_ids")
    found = nesting.outlined()
    used, newest, sparks = nesting.users(found), {}, {}
    if row_rights(request.user).is_all:  # they are counted over all events
        newest, sparks = CohortSize.newest(), sparks_of(clock.now())
    shown = [
        {
            "row": row,
            "note": newest.get(row.pk),
            "spark": sparks.get(row.pk, ""),
            "used_by": used_by(row, used, found),
        }
        for row in rows
    ]
    context = {"cohorts": shown, "can_change": request.user.has_perm(CHANGE_COHORT)}
    return render(request, "insights/cohorts.html", context)


def sparks_of(now: datetime) -> dict[int, str]:
    sizes: dict[int, list[int]] = defaultdict(list)
    rows = CohortSize.objects.filter(at__gte=now - SPARK_SPAN).order_by("at")
    for cohort, size in rows.values_list("cohort_id", "size"):
        sizes[cohort].append(size)
    return {cohort: spark(found) for cohort, found in sizes.items()}


@require_safe
@staff_page(EXPLORE)
def cohort(request: StaffRequest, cohort_id: int) -> HttpResponseBase:
    """Show one cohort: who is in it, by which rules, and how its size went."""
    row = fetch(request.user, Cohort, pk=cohort_id)
    params = {"cohort": row.pk, "version": row.version}
    question = Question(params, None, clock.now(), row_rights(request.user))
    if request.GET.get("cursor") and is_partial(request):
        return more_members(request, question)
    found = nesting.outlined()
    notes = row.notes(NOTES_SHOWN) if question.rights.is_all else []
    context = {
        "cohort": row,
        "can_change": may(request.user, row, Level.EDIT),
        "used_by": used_by(row, nesting.users(found), found),
        "insights": insights_about(request, row),
        "notes": notes,
        "figure": history([(one.at, one.size, one.version) for one in notes], zone()),
        "links": links_of(row),
        "time_zone": zone().key,
    }
    return render(request, "insights/cohort.html", context | answered(request, row, question))


def more_members(request: StaffRequest, question: Question) -> HttpResponse:
    try:
        context = members(request, question, wanted(question))
    except PROBLEMS as problem:
        context = {"problem": problem_of(problem)}
    return render(request, "insights/_cohort_rows.html", context)


def answered(request: StaffRequest, row: Cohort, question: Question) -> Json:
    """Count the cohort and list its first members; what goes wrong becomes the error state."""
    try:
        found = wanted(question)
        frame = ask("cohort", question)
        people = members(request, question, found)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    if not request.GET.get("cursor"):
        actions.record_members_listed(request.user, row, frame.extra["size"])
    rule = found.known.rule if found.known else None
    return people | {
        "meta": frame.meta,
        "size": frame.extra["size"],
        "everybody": frame.extra["everybody"],
        "share": frame.extra["share"],
        "rules": lines(rule) if rule and row.listed is None else [],
    }


def members(request: StaffRequest, question: Question, found: InCohort) -> Json:
    """Return a page of members as the page shows them. Raises PROBLEMS."""
    after = place_of(str(request.GET.get("cursor") or ""))
    page = members_page(question, found, PAGE, after)
    following = page["next"]
    return {
        "people": [person_row(one) for one in page["people"]],
        "next_url": f"?{urlencode({'cursor': following})}" if following else "",
    }


def insights_about(request: StaffRequest, row: Cohort) -> list[SavedInsight]:
    """Return the saved insights that the viewer may know of and that ask about a cohort."""
    kept = visible(request.user, SavedInsight).only("pk", "name", "definition")
    return [one for one in kept if nesting.names_cohort(one.definition, row.pk)]


def links_of(row: Cohort) -> Json:
    """Return where the cohort may be used: as a filter, as a breakdown."""
    where = urlencode({"where": orjson.dumps({"cohort": row.pk, "op": "in"}).decode()})
    breakdown = urlencode({"event": "", "breakdown": row.pk, "of": "cohort"})
    return {
        "people": f"{reverse('people')}?{urlencode({'cohort': row.pk})}",
        "trend": f"{reverse('trends')}?{where}",
        "funnel": f"{reverse('funnels')}?{where}",
        "breakdown": f"{reverse('trends')}?{breakdown}",
    }


def zone() -> ZoneInfo:
    return ZoneInfo(settings.PORTAL_TIME_ZONE)


@require_POST
@staff_page(EXPLORE)
def cohort_delete(request: StaffRequest, cohort_id: int) -> HttpResponseRedirect:
    """Remove a cohort that no other is made of."""
    row = fetch(request.user, Cohort, edit=True, pk=cohort_id)
    try:
        actions.delete_cohort(request.user, row)
    except actions.InUse as problem:
        messages.error(request, str(problem))
        return HttpResponseRedirect(reverse("cohort", args=[row.pk]))
    messages.success(request, f"{row.name} is deleted.")
    return redirect("cohorts")
