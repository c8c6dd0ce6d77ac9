"""What the widget editor asks for: its choices, the builders of Explore, pictures that fit."""

from __future__ import annotations

import json
from typing import Any

import orjson
from django.http import HttpResponse, JsonResponse, QueryDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.insights.drafts import read_new
from analytics.insights.models import EXPLORE
from analytics.insights.pages import PAGES, Kept, address_of
from analytics.insights.views.builders import BUILDERS, build
from dashboards import widget_choices
from dashboards.adding import asked, drawings, insight_in
from dashboards.asking import CannotShow, insight_of
from dashboards.document import check_storable, place, widget
from dashboards.live import look_of
from dashboards.models import VIEW, Dashboard, Widget
from dashboards.pictures import fits
from dashboards.shapes import values_of
from portal.accounts.access import fetch, require
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.api import error_response
from portal.lib.field_error import FieldError
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest

Json = dict[str, Any]
LONGEST_BODY = 400_000
NO_FORM = {"html": "", "address": "", "query": "", "config": {}, "explore": "", "drawings": []}


@require_safe
@staff_page(VIEW)
def choices(request: StaffRequest, uid: str) -> HttpResponse:
    """Return what the editor offers on this dashboard."""
    dashboard = fetch(request.user, Dashboard, uid=uid)
    return JsonResponse(widget_choices.choices(request.user, dashboard))


@require_safe
@staff_page(VIEW)
def builder(request: StaffRequest, uid: str, kind: str) -> HttpResponse:
    """Draw Explore's form of a kind for the state in the address, and say what it asks."""
    fetch(request.user, Dashboard, uid=uid)
    require(request.user, EXPLORE)
    if kind not in BUILDERS:
        return error_response(
            400, "invalid", f"This must be one of: {', '.join(BUILDERS)}.", "kind"
        )
    return JsonResponse(built(request, kind))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def question(request: StaffRequest, uid: str) -> HttpResponse:
    """Draw Explore's form for a widget's query (POST), or for a saved insight (?insight=)."""
    fetch(request.user, Dashboard, edit=request.method == "POST", uid=uid)
    require(request.user, EXPLORE)
    try:
        kind, kept = given(request)
    except FieldError as problem:
        return error_response(400, "invalid", problem.message, problem.field)
    page = PAGES.get(kind)
    if page is None or kind not in BUILDERS:
        return JsonResponse(NO_FORM)
    request.GET = QueryDict(page.reopen(kept, "").removeprefix("?"))
    found = built(request, kind)
    _, query, config = asked(kind, kept)
    # What the form cannot say stays as it is, until somebody changes something in the form.
    return JsonResponse(found | {"query": query, "config": config})


def given(request: StaffRequest) -> tuple[str, Kept]:
    """Return the kind and what is kept: of a saved insight, or of a widget. Raises FieldError."""
    now = clock.now()
    if request.method != "POST":
        wanted = request.GET.get("insight", "")
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 16 else 0
        _, kind, kept = insight_in({"insight": number}, request.user, now)
        return kind, kept
    body = body_of(request)
    query = body.get("query")
    row = Widget(query=query if isinstance(query, str) else json.dumps(query))
    try:
        kind, definition = insight_of(row)
    except CannotShow as problem:
        raise FieldError("query", str(problem)) from problem
    config = body.get("config")
    view = dict(config) if isinstance(config, dict) else {}
    if kind == "trend" and "interval" not in definition:
        view["fits"] = True
    draft = read_new({"name": "x", "kind": kind, "definition": definition, "view": view}, now)
    return kind, Kept(draft.definition, draft.view)


def built(request: StaffRequest, kind: str) -> Json:
    """Return the form as HTML with what it asks, as a widget keeps it."""
    found = build(request, kind)
    answer: Json = {"html": found.html, "address": found.address, "query": "", "config": {}}
    if found.kept is None:
        return answer | {"explore": "", "drawings": []}
    _, query, config = asked(kind, found.kept)
    return answer | {
        "query": query,
        "config": config,
        "explore": address_of(kind, found.kept, clock.now()),
        "drawings": [name for name, _ in drawings(kind, found.kept.view)],
    }


@require_POST
@staff_page(VIEW)
def pictures(request: StaffRequest, uid: str) -> HttpResponse:
    """Say which kinds of widget can draw what a widget asks."""
    dashboard = fetch(request.user, Dashboard, edit=True, uid=uid)
    now = clock.now()
    try:
        body = body_of(request)
        look = look_of(dashboard, request.user, body)
        look.range_at(now)
        asked_of = widget_in(body)
        widget_choices.require_to_ask(request.user, asked_of.source)
        return JsonResponse({"fits": fits(asked_of, look, now)})
    except FieldError as problem:
        return error_response(400, "invalid", problem.message, problem.field)
    except (BadRequest, BadRange) as problem:
        return error_response(400, "invalid", str(problem), "from")


def widget_in(body: Json) -> Widget:
    """Return the widget that a body holds, as it would be stored. Raises FieldError."""
    check_storable(body.get("widget"), "widget")
    found = widget(body.get("widget"))
    place([found])
    return Widget(**{**values_of(found), "key": "preview"})


def body_of(request: StaffRequest) -> Json:
    """Read a JSON object. Raises FieldError."""
    if len(request.body) > LONGEST_BODY:
        raise FieldError("body", f"This has {LONGEST_BODY:,} bytes at most.")
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError as problem:
        raise FieldError("body", f"This is not JSON: {problem}.") from problem
    if not isinstance(found, dict):
        raise FieldError("body", "This must be an object.")
    return found
