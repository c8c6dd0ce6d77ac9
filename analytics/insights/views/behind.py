"""The people behind a number: in a drawer by htmx, else as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from analytics.insights import actions
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.window import parse_asked
from analytics.insights.forms.shared import as_of_in, text
from analytics.insights.people import Peopled, page, parse_people
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    is_partial,
    own_path,
    problem_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.text import grouped
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

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


def people_url(kind: str, body: Json, window: TimeRange, as_of: datetime, back: str) -> str:
    """Return the address of the people behind an answer; what is added to it says which number.

    `back` is the path of the page that shows the answer. A cell's values are written by `figures.cells.cell_text`.
    """
    span = {"from": window.start.isoformat(), "to": window.end.isoformat()}
    asked = orjson.dumps(body | span | {"time_zone": window.zone}).decode()
    query = {"question": asked, "as_of": as_of.isoformat(), "back": back}
    return f"{reverse('people-behind', args=[kind])}?{urlencode(query)}"


def cell_url(base: str, cell: Json | None) -> str:
    """Return the address of the people behind one number: `base` is what `people_url` gave."""
    return f"{base}&{urlencode(cell)}" if cell else ""


@require_safe
@staff_page(EXPLORE)
def behind(request: StaffRequest, kind: str) -> HttpResponseBase:
    """List the people behind one number of an answer."""
    source: object = sources.get(kind) if kind in sources else None
    if not isinstance(source, Peopled):
        raise Http404
    back, now = back_of(request), as_of_in(request.GET, clock.now())
    try:
        asked = parse_asked(question_of(request, source.cell), now, settings.PORTAL_TIME_ZONE)
        wanted = parse_people(asked.params, source.cell)
        question = Question(wanted.params, asked.window, now, row_rights(request.user))
        members = source.members(question, wanted.cell)
        found = page(question, members, PAGE, wanted.after)
    except PROBLEMS as problem:
        return people_problem(request, "People", problem_of(problem), back)
    if wanted.after is None:
        actions.record_people_listed(request.user, kind, asked, members.person.size)
    title = text(request.GET, "title") or f"{grouped(members.person.size)} people"
    following = page_url(request, found["next"]) if found["next"] else ""
    return people_page(request, Behind(title, found["people"], following, back, asked.window.zone))


def question_of(request: StaffRequest, cell: Sequence[str]) -> Json:
    """Read the definition, and which of its numbers is meant. Raises FieldError."""
    try:
        body = orjson.loads(text(request.GET, "question"))
    except orjson.JSONDecodeError as error:
        raise FieldError("question", "This address is not whole: go back to the answer.") from error
    if not isinstance(body, dict):
        raise FieldError("question", "This must be an object.")
    given = {name: value_in(request.GET[name]) for name in cell if name in request.GET}
    cursor = text(request.GET, "cursor")
    return body | given | ({"cursor": cursor} if cursor else {})


def value_in(given: str) -> Any:
    """Read what `cell_text` wrote; plain words are the text that they are."""
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        return given


def back_of(request: StaffRequest) -> str:
    """Return the path of the page that shows the answer."""
    return own_path(text(request.GET, "back"), reverse("trends"))


def page_url(request: StaffRequest, cursor: str) -> str:
    query = request.GET.copy()
    query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}"


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
        "url": person_url(user_id, anonymous=person.get("anonymous", False)) if user_id else "",
        "entered": datetime.fromisoformat(entered) if isinstance(entered, str) else entered,
        "properties": [(name, value_text(value)) for name, value in properties],
    }


def person_url(value: str, *, anonymous: bool) -> str:
    """Return the address of the profile of whose id this is.

    Of an id that no address can hold, such as one of several lines, that of a search.
    """
    try:
        address = reverse("person", args=[value])
    except NoReverseMatch:
        return f"{reverse('people')}?{urlencode({'q': value})}"
    return f"{address}?kind=anonymous" if anonymous else address


def value_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
