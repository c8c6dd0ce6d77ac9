"""The people behind a number: in a drawer by htmx, else as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from analytics.insights.views.shared import Json, is_partial
from portal.accounts.requests import StaffRequest

PAGE = 50
SHOWN_PROPERTIES = 6


@dataclass(frozen=True)
class Behind:
    """One page of people: what they are, the address of the next page, of the whole answer."""

    title: str
    people: Sequence[Json]
    next_url: str
    back_url: str
    time_zone: str


def people_page(request: StaffRequest, found: Behind) -> HttpResponse:
    """Show people in the contract's shape: `user_id`, `entered_at`, `properties`."""
    context = {
        "title": found.title,
        "people": [person_row(one) for one in found.people],
        "next_url": found.next_url,
        "back_url": found.back_url,
        "time_zone": found.time_zone,
    }
    return respond(request, context)


def people_problem(request: StaffRequest, title: str, problem: Json, back_url: str) -> HttpResponse:
    """Say in the drawer what went wrong."""
    return respond(request, {"title": title, "problem": problem, "back_url": back_url})


def respond(request: StaffRequest, context: Json) -> HttpResponse:
    if not is_partial(request):
        return render(request, "insights/behind.html", context)
    name = "_behind_rows" if request.GET.get("cursor") else "_behind"
    return render(request, f"insights/{name}.html", context)


def person_row(person: Json) -> Json:
    entered, user_id = person.get("entered_at"), person["user_id"]
    properties = list((person.get("properties") or {}).items())[:SHOWN_PROPERTIES]
    return {
        "name": user_id or "Somebody without an id",
        "url": person_url(user_id) if user_id else "",
        "entered": datetime.fromisoformat(entered) if isinstance(entered, str) else entered,
        "properties": [(name, value_text(value)) for name, value in properties],
    }


def person_url(user_id: str) -> str:
    """Return the address of a person's profile; nothing while no page provides it."""
    try:
        return reverse("person", args=[user_id])
    except NoReverseMatch:
        return ""


def value_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
