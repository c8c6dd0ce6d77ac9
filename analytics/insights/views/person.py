"""One person's page: profile, ids, activity, timeline. Every look stands in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from analytics.ingest.actions import record_person_viewed
from analytics.ingest.models import CHANGE_PERSONS, PersonChange
from analytics.insights import profiles, timeline
from analytics.insights.asking import Asking
from analytics.insights.data_rights import require_all, row_rights
from analytics.insights.definitions.events import EventList, place_of
from analytics.insights.effects import change_json
from analytics.insights.figures import person as figures
from analytics.insights.forms.people import PersonForm
from analytics.insights.models import EXPLORE
from analytics.insights.profiles import Life, UnknownPerson
from analytics.insights.views.behind import person_url, value_text
from analytics.insights.views.shared import (
    PROBLEMS,
    Json,
    is_partial,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock

PAGE = 50
SHOWN_IDS, SHOWN_CHANGES, ASKED_IDS = 200, 20, 100


@require_safe
@staff_page(EXPLORE)
def person(request: StaffRequest, user_id: str) -> HttpResponseBase:
    """Show whose an id is; `kind` in the address says which kind of id, where both exist."""
    form, now = PersonForm.read(request.GET), clock.now()
    try:
        window = window_of(form.range, now)
        asking = Asking(question(request, {}, window, now))
        found = profiles.look(asking, user_id, form.kind, window.tzinfo)
        shown = events_context(request, asking, found, form) | {"time_zone": window.zone}
        if is_partial(request):
            return render(request, partial(request), shown)
        context = shown | profile_context(request, asking, found) | {"meta": asking.meta()}
    except UnknownPerson as error:
        raise Http404 from error
    except PROBLEMS as problem:
        return render(
            request, "insights/person.html", {"name": user_id, "problem": problem_of(problem)}
        )
    record_person_viewed(request.user, found.id)
    return render(request, "insights/person.html", context)


def partial(request: StaffRequest) -> str:
    is_next = request.GET.get("cursor")
    return f"insights/_person_{'rows' if is_next else 'timeline'}.html"


def events_context(
    request: StaffRequest, asking: Asking, found: Life, form: PersonForm
) -> Json:  # fmt: skip
    """Return the timeline's page. Raises FieldError."""
    asked = EventList(
        name=form.event, limit=PAGE, after=place_of(request.GET.get("cursor", ""))
    )  # fmt: skip
    page = profiles.timeline(asking, found, asked)
    _, starts = profiles.sessions(asking, found)
    rows = [event_row(one) for one in page["timeline"]]
    query = form.pairs() + ([("cursor", page["next"])] if page["next"] else [])
    return {
        "form": form,
        "days": timeline.grouped(rows, starts, zone_of(asking)),
        "next_url": f"?{urlencode(query)}" if page["next"] else "",
        "names": found.names(),
    }


def zone_of(asking: Asking) -> ZoneInfo:
    window = asking.question.window
    return window.tzinfo if window else ZoneInfo("UTC")


def event_row(event: Json) -> Json:
    columns = {
        "$platform": event["platform"], "$version": event["version"], "$service": event["service"],
        "$environment": event["environment"], "$session_id": event["sessionId"],
        "$user_id": event["userId"], "$anonymous_id": event["anonymousId"],
    }  # fmt: skip
    shown = {name: value for name, value in columns.items() if value} | event["properties"]
    return event | {
        "at": datetime.fromisoformat(event["timestamp"]),
        "received": datetime.fromisoformat(event["receivedAt"]),
        "values": [(name, value_text(value)) for name, value in shown.items()],
        "preview": list(event["properties"].items())[:4],
        "json": orjson.dumps(event, option=orjson.OPT_INDENT_2).decode(),
    }


def profile_context(request: StaffRequest, asking: Asking, found: Life) -> Json:
    known = profiles.profile(asking, found)
    days = found.days(zone_of(asking))
    # Changes name ids and count events of both persons, whoever may read these.
    changes = changes_of(known["ids"]) if asking.question.rights.is_all else []
    asked = request.GET.get("asked", "")
    return {
        "name": known["user_id"],
        "known": known | {"first": found.window.start, "last": found.last},
        "properties": [property_row(known, name) for name in known["properties"]],
        "ids": [id_row(one) for one in known["ids"][:SHOWN_IDS]],
        "ids_left_out": max(0, len(known["ids"]) - SHOWN_IDS),
        "cohorts": [one | {"url": cohort_url(one["id"])} for one in known["cohorts"]],
        "figure": figures.figure(days),
        "active_days": sum(1 for _, count in days if count),
        "day_count": len(days),
        "changes": changes,
        "noticed": [one for one in changes if one["is_waiting"] or str(one["id"]) == asked],
        "may_change": request.user.has_perm(CHANGE_PERSONS),
        "packed": packed({"id": found.id.value, "kind": profiles.kind_of(found.id)}),
        "counted": COUNTED,
    }


COUNTED = (
    "All events that carry one of these ids, also those from before the ids were joined; an event"
    " with a user id counts by that, else by its anonymous id.",
    "Today's properties: the latest value by event time. “Since” is from when on no other value was"
    " told.",
    "A session is the client's session id; without one, it ends with a pause of more than 30"
    " minutes.",
)


def property_row(known: Json, name: str) -> Json:
    since = known["since"].get(name)
    return {
        "name": name,
        "text": value_text(known["properties"][name]),
        "since": datetime.fromisoformat(since) if since else None,
    }


def id_row(one: Json) -> Json:
    moments = {
        name: datetime.fromisoformat(one[name]) if one[name] else None
        for name in ("joined_at", "first_seen", "last_seen")
    }
    return one | moments | {"packed": packed(one)}


def packed(one: Json) -> str:
    """Write an id into an address or a form; `views.person_changes` reads it."""
    return f"{one['kind']}:{one['id']}"


def cohort_url(pk: int) -> str:
    try:
        return reverse("cohort", args=[pk])
    except NoReverseMatch:
        return ""


def changes_of(ids: list[Json]) -> list[Json]:
    """Return the merges and splits by admins that touched a person, newest first."""
    touching = Q()
    for one in ids[:ASKED_IDS]:
        stored = [one["kind"] == "user", one["id"]]
        touching |= Q(kept=stored) | Q(moved__contains=[stored])
    rows = PersonChange.objects.filter(touching) if ids else PersonChange.objects.none()
    rows = rows.select_related("requested_by").prefetch_related("undone_by")
    return [change_row(row) for row in rows[:SHOWN_CHANGES]]


def change_row(change: PersonChange) -> Json:
    found = change_json(change)
    stays, first = found["stays"], found["moves"][0]
    return found | {
        "words": words(change),
        "is_waiting": change.is_waiting,
        "may_undo": change.state == PersonChange.State.DONE and found["undone_by"] is None,
        "other": [
            {"id": one["id"], "url": person_url(one["id"], anonymous=one["kind"] != "user")}
            for one in (stays, first)
        ],
    }


def words(change: PersonChange) -> str:
    """Say what a change does, as a sentence without a subject."""
    moved, kept = [one[1] for one in change.moved], change.kept[1]
    named = moved[0] if len(moved) == 1 else f"{moved[0]} and {len(moved) - 1} more ids"
    if change.kind == PersonChange.Kind.MERGE:
        return f"merged {named} into {kept}"
    return f"split {named} from {kept}"


@require_safe
@staff_page(EXPLORE)
def change_state(request: StaffRequest, change_id: int) -> HttpResponse:
    """Say how far a merge or split has come: a notice that asks again until it is over."""
    require_all(row_rights(request.user))
    rows = PersonChange.objects.select_related("requested_by").prefetch_related("undone_by")
    row = rows.filter(pk=change_id).first()
    if row is None:
        raise Http404
    context: dict[str, Any] = {"change": change_row(row)}
    return render(request, "insights/_person_change_state.html", context)
