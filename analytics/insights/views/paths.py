"""The paths page."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.definitions.paths import parse_paths
from analytics.insights.figures import paths as figures
from analytics.insights.forms.paths import DRAWN, PathsForm, edge_as_typed
from analytics.insights.forms.shared import added_condition, typed
from analytics.insights.views.answering import (
    Answered,
    answer,
    file_of,
    links,
    longer_address,
    tidied,
    window_or_none,
)
from analytics.insights.views.behind import cell_url
from analytics.insights.views.downloads import FileKind, frame_table
from analytics.insights.views.picking import (
    Note,
    event_options,
    note_on_event,
    note_on_property,
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
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

ROW_PX, LEAST_PX, MOST_PX = 44, 320, 760


@require_safe
@staff_page(EXPLORE)
def paths(request: StaffRequest) -> HttpResponseBase:
    """Build paths and show them."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if tidy := tidied(request, form):
        return tidy
    context = shown_builder(form, seen)
    if seen.events:
        context |= answered(request, form, seen)
    return page(request, "paths", context)


def asked_form(request: StaffRequest, seen: Seen) -> PathsForm:
    """Read the address, with what the page's small forms add to it."""
    form = form_of(request, seen)
    condition = added_condition(request.GET, seen.types_of(form.events))
    return form if condition is None else replace(form, where=(*form.where, condition))


def shown_builder(form: PathsForm, seen: Seen) -> Json:
    return builder(form, seen, window_or_none(form, names=(), seen=seen)) | {
        "is_empty_store": not seen.events,
        "longer_url": longer_address(form),
    }


def form_of(request: StaffRequest, seen: Seen) -> PathsForm:
    """Read the address; values are written so that they say their type, 5 and "5"."""
    form = PathsForm.read(request.GET)
    if not form.by or form.by.startswith("$"):
        return form
    types = seen.types_of([]).get(form.by, ())
    start, end = (edge_as_typed(typed(one, types)) if one else "" for one in (form.start, form.end))
    return replace(form, start=start, end=end)


def builder(form: PathsForm, seen: Seen, window: TimeRange | None) -> Json:
    """Return what the builder shows, as of the catalogue."""
    refused = refusals(form, window)
    return {
        "form": form,
        "chips": chips_of(form, ""),
        "hidden_where": [one.packed() for one in form.where],
        "event_options": event_options(seen, clock.now()),
        "property_options": property_options(seen, []),
        "ops": OP_CHOICES.items(),
        "parts": [{"key": "", "label": "all", "event": ""}],
        "drawn_choices": [(str(count), count == form.drawn) for count in DRAWN],
        "start_note": edge_note(form, form.start, seen, window),
        "end_note": edge_note(form, form.end, seen, window),
        "by_note": refused.get("by") or note_on_property(form.by, [], seen),
        "steps_note": refused.get("steps"),
        "gap_note": refused.get("session_gap_minutes"),
        "least_note": refused.get("min_users"),
    }


def edge_note(form: PathsForm, name: str, seen: Seen, window: TimeRange | None) -> Note | None:
    return None if form.by else note_on_event(name, seen, window)


def refusals(form: PathsForm, window: TimeRange | None) -> dict[str, Note]:
    """Return what the definition refuses, by its field."""
    if window is None:
        return {}
    body = {name: value for name, value in form.body(window).items() if name != "compare"}
    try:
        parse_paths(body, window.tzinfo)
    except FieldError as problem:
        return {problem.field.partition(".")[0]: Note(problem.message, "critical")}
    return {}


def answered(request: StaffRequest, form: PathsForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, "paths", form, names=(), seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    shown = found.frame.extra
    drawn = figures.figure(shown, form.drawn)
    addresses = links(request, "paths", form, found)
    base = addresses["people_url"]
    return addresses | {
        "meta": found.frame.meta,
        "time_zone": found.window.zone,
        "has_values": bool(shown["nodes"]),
        "has_links": bool(shown["links"]),
        "why": why(form, seen, found),
        "figure": drawn,
        "columns": figures.columns_of(drawn),
        "chart_height": f"{min(MOST_PX, max(LEAST_PX, ROW_PX * figures.rows_of(drawn)))}px",
        "left_out": max(0, len(shown["links"]) - form.drawn),
        "links": [row | {"people": people(row["cell"], base)} for row in figures.table(shown)],
        "places": [
            row | {"people": people(row["cell"], base), "stopped": people(row["ended_cell"], base)}
            for row in figures.places(shown)
        ],
    }


def people(cell: Json, base: str) -> Json:
    """Return the title and the address of the people behind a number of a table."""
    return {"title": cell["title"], "url": cell_url(base, cell)}


def why(form: PathsForm, seen: Seen, found: Answered) -> str:
    """Say why there are no paths."""
    if form.least not in {"", "1"}:
        return f"No step was taken by {form.least} people or more: ask for fewer."
    if form.by and (form.start or form.end):
        return (
            f"No event of a session has this value of {form.by} in this range, with these filters."
        )
    if form.start and form.end and not any(edge_note(form, n, seen, None) for n in form.events):
        return f"In no session of this range “{form.end}” came after “{form.start}”."
    return why_nothing(form.events, seen, found.window)


@require_safe
@staff_page(EXPLORE)
def paths_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download all links."""
    form = PathsForm.read(request.GET)
    return file_of(request, "paths", form, kind, lambda frame: frame_table("paths", frame))
