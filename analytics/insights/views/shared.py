"""What the Explore pages share: the catalogue, filters in words, problems, partial pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from analytics.insights.cohorts import names
from analytics.insights.counted import phrase
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.filters import parse_filter
from analytics.insights.definitions.window import parse_window
from analytics.insights.forms.shared import Condition, Range, as_typed
from analytics.insights.views.cohort_choices import choices
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

Json = dict[str, Any]
EXPLORE = "insights.explore"
OP_CHOICES = {
    "=": "is", "!=": "is not", "in": "is one of", "not_in": "is none of", "contains": "contains",
    "not_contains": "does not contain", "regex": "matches pattern", ">": ">", ">=": "≥", "<": "<",
    "<=": "≤", "is_set": "is set", "is_not_set": "is not set",
}  # fmt: skip
PROBLEMS = (FieldError, EngineUnavailable, QueryFailed)


class Filtered(Protocol):
    """The state of a page that has filters."""

    @property
    def where(self) -> tuple[Condition, ...]: ...

    def address(self, **changes: Any) -> str: ...


@dataclass(frozen=True)
class Seen:
    """The catalogue as the pickers need it."""

    events: list[Json]

    def named(self, name: str) -> Json | None:
        """Return the catalogue's entry of an event."""
        return next((event for event in self.events if event["name"] == name), None)

    def similar(self, name: str) -> str:
        """Return the name that was most likely meant, or nothing."""
        names = {event["name"].lower(): event["name"] for event in self.events}
        close = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
        return str(names[close[0]]) if close else ""

    def lively(self) -> str:
        """Return the most frequent of the events that still come."""
        newest = max(event["last_seen"] for event in self.events)
        recent = [event for event in self.events if event["last_seen"][:7] == newest[:7]]
        return str(recent[0]["name"])

    def types_of(self, names: list[str]) -> dict[str, list[str]]:
        """Return the properties of these events (none: of all) with their types."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if names and event["name"] not in names:
                continue
            for entry in event["properties"]:
                types = found.setdefault(entry["name"], [])
                types += [kind for kind in entry["types"] if kind not in types]
        return dict(sorted(found.items()))


def catalogue(request: StaffRequest) -> Seen:
    """Return what was seen; nothing while the engine is away, so that the page still stands."""
    try:
        found = ask("schema", Question({}, None, clock.now(), row_rights(request.user)))
    except (EngineUnavailable, QueryFailed):
        return Seen([])
    return Seen(found.extra["events"])


def pairs_of(request: StaffRequest) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in request.GET.lists() for value in values]


def chips_of(form: Filtered, part: str) -> list[Json]:
    """Return the chips of one row's filters; of the part "" those that are for all."""
    return [chip(form, place) for place, one in enumerate(form.where) if one.series == part]


def chip(form: Filtered, place: int) -> Json:
    """Return a filter in words, the address without it, and what the form needs to change it."""
    one = form.where[place]
    rest = tuple(other for index, other in enumerate(form.where) if index != place)
    editable = {
        "property": one.property, "op": one.op, "text": as_typed(one), "of": one.of,
        "in": one.series, "cohort": one.cohort, "packed": one.packed(),
    }  # fmt: skip
    return {
        "words": words_of(one),
        "packed": one.packed(),
        "without": form.address(where=rest),
        "editable": orjson.dumps(editable).decode(),
    }


def words_of(one: Condition) -> str:
    """Say a filter in words."""
    if one.cohort:
        name = names([one.cohort]).get(one.cohort)
        which = f"“{name}”" if name else "a cohort that is gone"
        return f"{'in' if one.op == 'in' else 'not in'} {which}"
    try:
        return phrase(parse_filter(one.as_json(), "where", ZoneInfo("UTC")))
    except FieldError as problem:
        return f"{one.property} {one.op}: {problem.message}"


def question(request: StaffRequest, body: Json, window: TimeRange, now: datetime) -> Question:
    return Question(body, window, now, row_rights(request.user))


def window_of(given: Range, now: datetime) -> TimeRange:
    body = {"from": given.default} | given.body()
    return parse_window(body, now, settings.PORTAL_TIME_ZONE)


def problem_of(problem: Exception) -> Json:
    """Say what went wrong in the words of the error state."""
    if isinstance(problem, FieldError):
        return {"title": "This cannot be counted as asked", "text": problem.message}
    if isinstance(problem, EngineUnavailable):
        return {
            "title": "The engine does not answer",
            "text": "It restarts by itself; try again in a moment.",
            "holds": "Events are still taken in; nothing is lost.",
        }
    return {"title": "The engine stopped this question", "text": str(problem)}


def page(request: StaffRequest, name: str, context: Json) -> HttpResponse:
    """Render a whole page, or for htmx the part of it that changes."""
    template = f"insights/_{name}.html" if is_partial(request) else f"insights/{name}.html"
    return render(request, template, choices(request.user, context.get("form")) | context)


def own_path(given: str, default: str) -> str:
    """Return a path of the portal as it was given, never one of another host."""
    is_ours = given.startswith("/") and url_has_allowed_host_and_scheme(given, None)
    return given if is_ours else default


def is_partial(request: StaffRequest) -> bool:
    restores = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not restores
