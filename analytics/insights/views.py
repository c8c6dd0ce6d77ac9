"""The Explore pages: trends, events, schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.insights import figures, forms, tables
from analytics.insights.buckets import INTERVALS
from analytics.insights.counted import phrase
from analytics.insights.definitions.filters import BUILT_INS, parse_filter
from analytics.insights.definitions.trend import MATH_WORDS, MATHS, OVER_VALUES
from analytics.insights.definitions.window import parse_window
from analytics.insights.forms import Condition, EventForm, Row, TrendForm, letter
from portal.accounts.access import row_rights
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

Json = dict[str, Any]
EXPLORE = "insights.explore"
DEFAULT_RANGE = "-30d"
OP_CHOICES = {
    "=": "is", "!=": "is not", "in": "is one of", "not_in": "is none of", "contains": "contains",
    "not_contains": "does not contain", "regex": "matches pattern", ">": ">", ">=": "≥", "<": "<",
    "<=": "≤", "is_set": "is set", "is_not_set": "is not set",
}  # fmt: skip
PROBLEMS = (FieldError, EngineUnavailable, QueryFailed)


@dataclass(frozen=True)
class Seen:
    """The catalogue as the pickers need it."""

    events: list[Json]

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


@require_safe
@staff_page(EXPLORE)
def trends(request: StaffRequest) -> HttpResponseBase:
    """Build a trend and show it."""
    seen = catalogue(request)
    form = TrendForm.read(request.GET)
    if not form.rows and seen.events:
        form = replace(form, rows=(Row(seen.lively()),))
    form = with_added(form, request, seen)
    if request.GET and sorted(form.pairs()) != sorted(pairs_of(request)):
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    context = trend_context(request, form, seen)
    return page(request, "trends", context)


def pairs_of(request: StaffRequest) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in request.GET.lists() for value in values]


def with_added(form: TrendForm, request: StaffRequest, seen: Seen) -> TrendForm:
    """Fold what the page's small forms add into the state."""
    types = seen.types_of([row.event for row in form.rows if row.event])
    condition = forms.added_condition(request.GET, types)
    return form if condition is None else replace(form, where=(*form.where, condition))


def trend_context(request: StaffRequest, form: TrendForm, seen: Seen) -> Json:
    events = [row.event for row in form.rows if row.event]
    types = seen.types_of(events)
    context: Json = {
        "form": form,
        "seen": seen.events,
        "rows": [row_context(form, place, types) for place in range(len(form.rows))],
        "chips": [chip(form, place) for place in range(len(form.where))],
        "properties": types,
        "numeric": [name for name, kinds in types.items() if "number" in kinds],
        "built_ins": list(BUILT_INS),
        "ops": OP_CHOICES.items(),
        "letters": [letter(place) for place in range(len(form.rows))],
        "charts": [(name, name.capitalize(), form.address(chart=name)) for name in forms.CHARTS],
        "add_row": form.address(rows=(*form.rows, Row(form.rows[-1].event))) if form.rows else "",
        "default_range": DEFAULT_RANGE,
        "is_empty_store": not seen.events,
        "longer_url": form.address(
            range=forms.Range({**form.range.given, "from": "all", "to": ""})
        ),
    }
    if form.rows:
        context |= answered(request, form, seen)
    return context


def row_context(form: TrendForm, place: int, types: dict[str, list[str]]) -> Json:
    row = form.rows[place]
    rest = tuple(other for other in range(len(form.rows)) if other != place)
    without = form.address(
        rows=tuple(form.rows[other] for other in rest),
        where=tuple(one for one in form.where if one.series != letter(place)),
    )
    return {
        "letter": letter(place),
        "row": row,
        "maths": [(name, math_label(name), name == row.math) for name in MATHS],
        "without": without if rest else "",
        "numeric": [name for name, kinds in types.items() if "number" in kinds],
    }


def math_label(math: str) -> str:
    if math == "total":
        return "total events"
    words = MATH_WORDS.get(math, math)
    return f"{words} of" if math in OVER_VALUES else words


def chip(form: TrendForm | EventForm, place: int) -> Json:
    """Return a filter in words, and the address without it."""
    one = form.where[place]
    rest = tuple(other for index, other in enumerate(form.where) if index != place)
    try:
        words = phrase(parse_filter(one.as_json(), "where", ZoneInfo("UTC")))
    except FieldError as problem:
        words = f"{one.property} {one.op}: {problem.message}"
    series = getattr(one, "series", "")
    return {
        "words": words,
        "series": series,
        "packed": one.packed(),
        "without": form.address(where=rest),
    }


def answered(request: StaffRequest, form: TrendForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    now = clock.now()
    try:
        window = beginning_with_data(window_of(form.range, now), form, seen)
        frame = ask("trend", question(request, form.body(window), window, now))
    except PROBLEMS as problem:
        return {"problem": problem_of(problem), "interval": form.interval}
    series = frame.extra["series"]
    names, rows = tables.points(series)
    return {
        "frame": frame,
        "meta": frame.meta,
        "interval": form.interval_for(window),
        "intervals": INTERVALS,
        "figure": figures.figure(series, chart=form.chart),
        "totals": tables.totals(series),
        "names": names,
        "points": rows,
        "has_values": any(value for row in rows for value in row["cells"]),
        "csv_url": f"csv/{download_address(form, window, frame)}",
        "time_zone": window.zone,
    }


def beginning_with_data(window: TimeRange, form: TrendForm, seen: Seen) -> TimeRange:
    """Let "all time" begin with the first of these events."""
    if form.range.given.get("from") != "all":
        return window
    names = {row.event for row in form.rows}
    firsts = [
        datetime.fromisoformat(event["first_seen"])
        for event in seen.events
        if "" in names or event["name"] in names
    ]
    start = max(window.start, min(firsts, default=window.start))
    return replace(window, start=start) if start < window.end else window


def download_address(form: TrendForm, window: TimeRange, frame: Frame) -> str:
    """Return the query string that gives the same figures later: fixed range, same moment."""
    fixed = forms.Range(
        {"from": window.start.isoformat(), "to": window.end.isoformat(), "tz": window.zone}
    )
    interval = form.interval_for(window)
    return f"{form.address(range=fixed, interval=interval)}&{urlencode({'as_of': frame.meta.as_of.isoformat()})}"


@require_safe
@staff_page(EXPLORE)
def trends_csv(request: StaffRequest) -> HttpResponseBase:
    """Download the points of a trend."""
    form = TrendForm.read(request.GET)
    as_of = forms.as_of_in(request.GET, clock.now())
    try:
        window = window_of(form.range, as_of)
        frame = ask("trend", question(request, form.body(window), window, as_of))
    except PROBLEMS as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(
        tables.as_csv(frame.extra["series"]), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="trend-{as_of:%Y%m%d-%H%M%S}.csv"'
    return response


def catalogue(request: StaffRequest) -> Seen:
    """Return what was seen; nothing while the engine is away, so that the page still stands."""
    try:
        found = ask("schema", Question({}, None, clock.now(), row_rights(request.user)))
    except (EngineUnavailable, QueryFailed):
        return Seen([])
    return Seen(found.extra["events"])


@require_safe
@staff_page(EXPLORE)
def events(request: StaffRequest) -> HttpResponseBase:
    """List events, newest first."""
    seen = catalogue(request)
    form = EventForm.read(request.GET)
    types = seen.types_of([form.name] if form.name else [])
    condition = forms.added_condition(request.GET, types)
    if condition is not None:
        form = replace(form, where=(*form.where, condition))
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    context = event_context(request, form, seen) | {"properties": types}
    if request.GET.get("cursor") and is_partial(request):
        return render(request, "insights/_event_rows.html", context)
    return page(request, "events", context)


def event_context(request: StaffRequest, form: EventForm, seen: Seen) -> Json:
    context: Json = {
        "form": form,
        "seen": seen.events,
        "chips": [chip(form, place) for place in range(len(form.where))],
        "built_ins": list(BUILT_INS),
        "ops": OP_CHOICES.items(),
        "default_range": "all",
        "is_empty_store": not seen.events,
    }
    now = clock.now()
    body = form.body()
    if request.GET.get("cursor"):
        body["cursor"] = request.GET["cursor"]
    try:
        window = window_of(form.range, now, default="all")
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
        "only_user": form.address(user=event["userId"]) if event["userId"] else "",
        "json": orjson.dumps(event, option=orjson.OPT_INDENT_2).decode(),
    }


def value_link(name: str, value: Any, form: EventForm) -> Json:
    is_scalar = isinstance(value, str | bool | int | float)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    condition = Condition(name, "=", value) if is_scalar else Condition(name, "is_set")
    known = condition.packed() in {one.packed() for one in form.where}
    only = "" if known or value is None else form.address(where=(*form.where, condition))
    return {"name": name, "text": text, "only": only}


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


def question(request: StaffRequest, body: Json, window: TimeRange, now: datetime) -> Question:
    return Question(body, window, now, row_rights(request.user))


def window_of(given: forms.Range, now: datetime, default: str = DEFAULT_RANGE) -> TimeRange:
    body = {"from": default} | given.body()
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
    return render(request, template, context)


def is_partial(request: StaffRequest) -> bool:
    restores = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not restores
