"""The list of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.insights.directory import people_page
from analytics.insights.forms.people import EVERYTHING, PeopleForm, of_person
from analytics.insights.forms.shared import added_condition
from analytics.insights.models import EXPLORE
from analytics.insights.views.behind import SHOWN_PROPERTIES, person_url, value_text
from analytics.insights.views.cohort_rows import person_options
from analytics.insights.views.shared import (
    OP_CHOICES,
    PROBLEMS,
    Json,
    chips_of,
    is_partial,
    page,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock


@require_safe
@staff_page(EXPLORE)
def people(request: StaffRequest) -> HttpResponseBase:
    """List people: who was seen last comes first."""
    form = PeopleForm.read(request.GET)
    condition = added_condition(request.GET, {})
    if condition is not None:
        form = replace(form, where=(*form.where, of_person(condition)))
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    context = people_context(request, form)
    if request.GET.get("cursor") and is_partial(request):
        return render(request, "insights/_people_rows.html", context)
    return page(request, "people", context)


def people_context(request: StaffRequest, form: PeopleForm) -> Json:
    now = clock.now()
    context: Json = {
        "form": form,
        "property_options": person_options(request),
        "chips": chips_of(form, ""),
        "parts": [{"key": "", "label": "", "event": ""}],
        "ops": OP_CHOICES.items(),
        "of_people": True,
        "default_range": EVERYTHING,
    }
    body = form.body()
    if request.GET.get("cursor"):
        body["cursor"] = request.GET["cursor"]
    try:
        window = window_of(form.range, now)
        found = people_page(question(request, body, window, now))
    except PROBLEMS as problem:
        return context | {"problem": problem_of(problem)}
    following = found["next"]
    return context | {
        "meta": found["meta"],
        "people": [person_row(one) for one in found["people"]],
        "next_url": f"{form.address()}&{urlencode({'cursor': following})}" if following else "",
        "time_zone": window.zone,
    }


def person_row(person: Json) -> Json:
    properties = list(person["properties"].items())
    return {
        "name": person["user_id"],
        "anonymous": person["anonymous"],
        "url": person_url(person["user_id"], anonymous=person["anonymous"]),
        "first": datetime.fromisoformat(person["first_seen"]),
        "last": datetime.fromisoformat(person["last_seen"]),
        "events": person["events"],
        "properties": [(name, value_text(value)) for name, value in properties[:SHOWN_PROPERTIES]],
        "more": max(0, len(properties) - SHOWN_PROPERTIES),
    }
