"""The list of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.insights.forms.events import EventForm
from analytics.insights.forms.shared import Condition, added_condition
from analytics.insights.views.behind import person_url
from analytics.insights.views.picking import event_options, property_options
from analytics.insights.views.shared import (
    EXPLORE,
    OP_CHOICES,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
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
from portal.store.sources import ask


@require_safe
@staff_page(EXPLORE)
def events(request: StaffRequest) -> HttpResponseBase:
    """List events, newest first."""
    seen = catalogue(request)
    form = EventForm.read(request.GET)
    types = seen.types_of([form.name] if form.name else [])
    condition = added_condition(request.GET, types)
    if condition is not None:
        form = replace(form, where=(*form.where, condition))
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    context = event_context(request, form, seen)
    if request.GET.get("cursor") and is_partial(request):
        return render(request, "insights/_event_rows.html", context)
    return page(request, "events", context)


def event_context(request: StaffRequest, form: EventForm, seen: Seen) -> Json:
    context: Json = {
        "form": form,
        "event_options": event_options(seen, clock.now()),
        "property_options": property_options(seen, [form.name] if form.name else []),
        "chips": chips_of(form, ""),
        "parts": [{"key": "", "label": "", "event": form.name}],
        "ops": OP_CHOICES.items(),
        "is_empty_store": not seen.events,
    }
    now = clock.now()
    body = form.body()
    if request.GET.get("cursor"):
        body["cursor"] = request.GET["cursor"]
    try:
        window = window_of(form.range, now)
        frame = ask("events", question(request, body, window, now))
    except PROBLEMS as problem:
        return context | {"problem": problem_of(problem)}
    following = frame.extra["next"]
    return context | {
        "meta": frame.meta,
        "events": [event_row(one, form) for one in frame.extra["events"]],
        "next_url": f"{form.address()}&{urlencode({'cursor': following})}" if following else "",
        "time_zone": window.zone,
    }


def event_row(event: Json, form: EventForm) -> Json:
    """Return an event with each value as a link that narrows the list to it."""
    columns = {
        "$platform": event["platform"], "$version": event["version"], "$service": event["service"],
        "$environment": event["environment"], "$session_id": event["sessionId"],
    }  # fmt: skip
    shown = {name: value for name, value in columns.items() if value} | event["properties"]
    return event | {
        "at": datetime.fromisoformat(event["timestamp"]),
        "received": datetime.fromisoformat(event["receivedAt"]),
        "values": [value_link(name, value, form) for name, value in shown.items()],
        "preview": list(event["properties"].items())[:4],
        "only_name": form.address(name=event["name"]),
        "profile": profile_of(event),
        "only_user": form.address(user=event["userId"]) if event["userId"] else "",
        "json": orjson.dumps(event, option=orjson.OPT_INDENT_2).decode(),
    }


def profile_of(event: Json) -> str:
    """Return the address of who did it; nothing for an event of nobody."""
    value = event["userId"] or event["anonymousId"]
    return person_url(value, anonymous=not event["userId"]) if value else ""


def value_link(name: str, value: Any, form: EventForm) -> Json:
    is_scalar = isinstance(value, str | bool | int | float)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    condition = Condition(name, "=", value) if is_scalar else Condition(name, "is_set")
    known = condition.packed() in {one.packed() for one in form.where}
    only = "" if known or value is None else form.address(where=(*form.where, condition))
    return {"name": name, "text": text, "only": only}
