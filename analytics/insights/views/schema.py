"""The names of events and properties that were seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.data_rights import row_rights
from analytics.insights.forms.events import EventForm
from analytics.insights.forms.trend import Row, TrendForm
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    page,
    problem_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.sources import Question, ask


@require_safe
@staff_page(EXPLORE)
def schema(request: StaffRequest) -> HttpResponseBase:
    """Show the names of events and properties that were seen."""
    wanted = request.GET.get("q", "").strip().lower()
    context: Json = {"wanted": wanted, "time_zone": settings.PORTAL_TIME_ZONE}
    try:
        frame = ask("schema", Question({}, None, clock.now(), row_rights(request.user)))
    except PROBLEMS as problem:
        return page(request, "schema", context | {"problem": problem_of(problem)})
    listed = frame.extra["events"]
    shown = [schema_row(event, wanted) for event in listed if matches(event, wanted)]
    total = sum(event["count"] for event in listed)
    return page(
        request,
        "schema",
        context | {"events": shown, "all": len(listed), "total": total, "meta": frame.meta},
    )


def matches(event: Json, wanted: str) -> bool:
    """Tell whether all words stand in the event's name or in one of its properties' names."""
    names = [event["name"], *(entry["name"] for entry in event["properties"])]
    return any(all(word in name.lower() for word in wanted.split()) for name in names)


def schema_row(event: Json, wanted: str) -> Json:
    only = TrendForm(rows=(Row(event["name"]),))
    is_inside = bool(wanted) and not all(word in event["name"].lower() for word in wanted.split())
    return event | {
        "first": datetime.fromisoformat(event["first_seen"]),
        "last": datetime.fromisoformat(event["last_seen"]),
        "trend": only.address(),
        "list": EventForm(event["name"]).address(),
        "is_open": is_inside,
        "properties": [
            entry
            | {
                "last": datetime.fromisoformat(entry["last_seen"]),
                "share": entry["count"] / event["count"] if event["count"] else 0,
                "trend": replace(only, breakdown=entry["name"]).address(),
            }
            for entry in event["properties"]
        ],
    }
