"""The page of sessions: how many, how long, how full, with what they begin and end."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.retention import WEEKDAYS
from analytics.insights.definitions.sessions import parse_sessions
from analytics.insights.figures import sessions as figures
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.sessions import MEASURES, SessionsForm
from analytics.insights.forms.shared import added_condition, interval_for
from analytics.insights.views.annotating import annotated
from analytics.insights.views.answering import (
    answer,
    file_of,
    links,
    longer_address,
    tidied,
    window_or_none,
)
from analytics.insights.views.behind import cell_url
from analytics.insights.views.cohort_choices import with_cohort
from analytics.insights.views.downloads import FileKind, frame_table
from analytics.insights.views.picking import (
    Note,
    event_options,
    note_on_event,
    note_on_property,
    note_on_range,
    property_options,
    why_nothing,
)
from analytics.insights.views.shared import (
    EXPLORE,
    OP_CHOICES,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
    chips_of,
    page,
    problem_of,
)
from analytics.insights.views.stats import Stat
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

MOST_EDGES = 20
LESS_IS_BETTER = ("bounce_share",)


@require_safe
@staff_page(EXPLORE)
def sessions(request: StaffRequest) -> HttpResponseBase:
    """Build a question about sessions and show its answer."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if tidy := tidied(request, form):
        return tidy
    context = shown_builder(form, seen)
    if seen.events:
        context |= answered(request, form, seen)
    return page(request, "sessions", context)


def asked_form(request: StaffRequest, seen: Seen) -> SessionsForm:
    """Read the address, with what the page's small forms add to it."""
    form = with_cohort(request.user, SessionsForm.read(request.GET))
    condition = added_condition(request.GET, seen.types_of(form.events))
    return form if condition is None else replace(form, where=(*form.where, condition))


def shown_builder(form: SessionsForm, seen: Seen) -> Json:
    window = window_or_none(form, names=form.events, seen=seen)
    return builder(form, seen, window) | {
        "is_empty_store": not seen.events,
        "longer_url": longer_address(form),
    }


def builder(form: SessionsForm, seen: Seen, window: TimeRange | None) -> Json:
    """Return what the builder shows, as of the catalogue."""
    refused = refusal(form, window)
    fitting = interval_for(form.interval, window) if window else ""
    return {
        "form": form,
        "event_note": note_on_event(form.event, seen, window),
        "breakdown_note": note_on_property(form.breakdown, [], seen, of=form.of),
        "gap_note": refused,
        "chips": chips_of(form, ""),
        "hidden_where": [one.packed() for one in form.where],
        "event_options": event_options(seen, clock.now()),
        "property_options": property_options(seen, form.events),
        "ops": OP_CHOICES.items(),
        "parts": [{"key": "", "label": "all", "event": form.event}],
        "intervals": INTERVALS,
        "fitting": fitting,
        "week_starts": tuple(WEEKDAYS),
        "interval_note": note_on_range(form.interval, window),
        "measures": [(name, figures.WORDS[name], form.address(measure=name)) for name in MEASURES],
    }


def refusal(form: SessionsForm, window: TimeRange | None) -> Note | None:
    """Return what is wrong with the pause."""
    if window is None:
        return None
    body = {name: value for name, value in form.body(window).items() if name != "compare"}
    try:
        parse_sessions(body, window.tzinfo)
    except FieldError as problem:
        is_ours = problem.field == "session_gap_minutes"
        return Note(problem.message, "critical") if is_ours else None
    return None


def answered(request: StaffRequest, form: SessionsForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, "sessions", form, names=form.events, seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    shown, interval = found.frame.extra, interval_for(form.interval, found.window)
    addresses = links(request, "sessions", form, found, interval=interval)
    base = addresses["people_url"]
    return addresses | {
        "meta": found.frame.meta,
        "time_zone": found.window.zone,
        "interval": interval,
        "has_values": bool(shown["total"]["sessions"]),
        "why": why_nothing(form.events, seen, found.window),
        **annotated(request, figures.drawn(shown, form.measure), found.window, form.events),
        "stats": stats(shown),
        "groups": [group_row(one, base) for one in shown["series"] if "breakdown_value" in one],
        "points": [point_row(point, base) for point in shown["series"][0]["points"]]
        if not form.breakdown
        else [],
        "edges": [
            edge_table("entry", "Begin with", shown["entries"], base),
            edge_table("exit", "End with", shown["exits"], base),
        ],
    }


def stats(shown: Json) -> list[Stat]:
    """Return the numbers of all sessions together, beside those of the period before."""
    now, before = shown["total"], shown.get("compare", {}).get("total", {})
    notes = {
        "sessions": f"of {now['people']:,} people", "median_seconds": "half are longer",
        "events_per_session": "on average", "bounce_share": "of a single event",
    }  # fmt: skip
    return [
        Stat(
            figures.WORDS[name],
            now[name],
            figures.UNITS.get(name, ""),
            before=before.get(name),
            note=note,
            more_is_better=name not in LESS_IS_BETTER,
        )
        for name, note in notes.items()
    ]


def group_row(one: Json, base: str) -> Json:
    """Return a value of the breakdown with all measures over the whole range."""
    title = f"People with sessions, {value_text(one['breakdown_value'])}"
    url = cell_url(base, figures.cell(one)) if one["total"]["people"] else ""
    return {"name": value_text(one["breakdown_value"]), **one["total"], "url": url, "title": title}


def point_row(point: Json, base: str) -> Json:
    cell = figures.cell({}, point)
    return point | {"url": cell_url(base, cell), "title": cell["title"] if cell else ""}


def edge_table(edge: str, title: str, rows: list[Json], base: str) -> Json:
    """Return with what sessions begin or end, each with its people."""
    shown = []
    for row in rows[:MOST_EDGES]:
        cell = figures.cell({}, **{edge: row["name"]}) or {}
        shown.append(row | {"url": cell_url(base, cell), "title": cell["title"]})
    return {"key": edge, "title": title, "rows": shown, "of": len(rows)}


@require_safe
@staff_page(EXPLORE)
def sessions_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download all points with all measures."""
    form = SessionsForm.read(request.GET)
    return file_of(request, "sessions", form, kind, lambda frame: frame_table("sessions", frame))
