"""The trends page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpResponseBase, QueryDict
from django.views.decorators.http import require_safe

from analytics.insights import tables
from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.trend import MATH_WORDS, MATHS, OVER_VALUES
from analytics.insights.figures.trend import figure
from analytics.insights.forms.shared import added_condition, letter
from analytics.insights.forms.trend import CHARTS, Row, TrendForm
from analytics.insights.forms.why import asked, can_explain, questions
from analytics.insights.views.annotating import annotated
from analytics.insights.views.answering import (
    answer,
    file_of,
    links,
    longer_address,
    tidied,
    window_or_none,
)
from analytics.insights.views.cohort_choices import with_cohort
from analytics.insights.views.downloads import FileKind
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
    chip,
    chips_of,
    page,
    problem_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock


@require_safe
@staff_page(EXPLORE)
def trends(request: StaffRequest) -> HttpResponseBase:
    """Build a trend and show it."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if tidy := tidied(request, form):
        return tidy
    context = builder(form, seen)
    if form.rows:
        context |= answered(request, form, seen)
    return page(request, "trends", context)


def asked_form(request: StaffRequest, seen: Seen) -> TrendForm:
    """Read the address, with what the page's small forms add to it."""
    form = TrendForm.read(request.GET)
    if not form.rows and seen.events:
        form = replace(form, rows=(Row(seen.lively()),))
    return with_cohort(request.user, with_added(form, request, seen))


def with_added(form: TrendForm, request: StaffRequest, seen: Seen) -> TrendForm:
    """Fold what the page's small forms add into the state."""
    types = seen.types_of([row.event for row in form.rows if row.event])
    condition = added_condition(request.GET, types)
    return form if condition is None else replace(form, where=(*form.where, condition))


def builder(form: TrendForm, seen: Seen) -> Json:
    """Return what the builder shows, as of the catalogue."""
    events = [row.event for row in form.rows if row.event]
    parts = [letter(place) for place in range(len(form.rows))]
    return {
        "form": form,
        "intervals": INTERVALS,
        "rows": [row_context(form, place, seen) for place in range(len(form.rows))],
        "chips": [chip(form, n) for n, one in enumerate(form.where) if one.series not in parts],
        "hidden_where": [one.packed() for one in form.where],
        "event_options": event_options(seen, clock.now()),
        "property_options": property_options(seen, events),
        "numeric_options": property_options(seen, events, numeric=True),
        "breakdown_note": note_on_property(form.breakdown, events, seen, of=form.of),
        "ops": OP_CHOICES.items(),
        "parts": [
            {"key": key, "label": f"series {key}", "event": row.event}
            for key, row in zip(parts, form.rows, strict=True)
        ],
        "charts": [(name, name.capitalize(), form.address(chart=name)) for name in CHARTS],
        "add_row": form.address(rows=(*form.rows, Row(form.rows[-1].event))) if form.rows else "",
        "next_event": f"event-{letter(len(form.rows))}",
        "is_empty_store": not seen.events,
        "longer_url": longer_address(form),
    }


def row_context(form: TrendForm, place: int, seen: Seen) -> Json:
    row, key = form.rows[place], letter(place)
    rest = tuple(other for other in range(len(form.rows)) if other != place)
    without = form.address(
        rows=tuple(form.rows[other] for other in rest),
        where=tuple(one for one in form.where if one.series != key),
    )
    return {
        "letter": key,
        "row": row,
        "event_id": f"event-{key}",
        "event_label": f"Event of series {key}",
        "property_id": f"property-{key}",
        "property_label": f"Property of series {key}",
        "filters_label": f"Filters of series {key}",
        "add_label": f"Add a filter to series {key}",
        "note": note_on_event(row.event, seen, window_or_none(form, names=named(form), seen=seen)),
        "property_note": measured_note(row, seen),
        "chips": chips_of(form, key),
        "maths": [(name, math_label(name), name == row.math) for name in MATHS],
        "without": without if rest else "",
    }


def measured_note(row: Row, seen: Seen) -> Note | None:
    names = [row.event] if row.event else []
    return note_on_property(row.measured if row.needs_property else "", names, seen, numeric=True)


def math_label(math: str) -> str:
    if math == "total":
        return "total events"
    words = MATH_WORDS.get(math, math)
    return f"{words} of" if math in OVER_VALUES else words


def named(form: TrendForm) -> list[str]:
    """Return the events with which the data begins; none is any."""
    names = [row.event for row in form.rows]
    return [] if "" in names else names


def answered(request: StaffRequest, form: TrendForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, "trend", form, names=named(form), seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem), "interval": form.interval}
    frame, interval = found.frame, form.interval_for(found.window)
    series = frame.extra["series"]
    columns, rows = tables.points(series)
    cells = [questions(form, line) for line in series]
    addresses = links(request, "trend", form, found, interval=interval)
    lines = [line | {"cells": of} for line, of in zip(series, cells, strict=True)]
    drawn = figure(lines, chart=form.chart)
    return addresses | {
        "frame": frame,
        "meta": frame.meta,
        "interval": interval,
        **annotated(request, drawn, found.window, named(form)),
        "totals": with_questions(tables.totals(series), form, series),
        "names": columns,
        "points": [
            row | {"cells": asked_cells(row["cells"], cells, place)}
            for place, row in enumerate(rows)
        ],
        "can_ask_why": any(can_explain(form, line) for line in series),
        "why_pairs": QueryDict(addresses["fixed_query"].removeprefix("?")).lists(),
        "has_values": any(value for row in rows for value in row["cells"]),
        "why": why_nothing(filter(None, (row.event for row in form.rows)), seen, found.window),
        "time_zone": found.window.zone,
    }


def with_questions(totals: list[Json], form: TrendForm, series: Sequence[Json]) -> list[Json]:
    """Let each total be asked why it differs from the period before."""
    shown = (line for line in series if not line.get("compare"))
    return [
        row | (asked(line) if can_explain(form, line) else {})
        for row, line in zip(totals, shown, strict=True)
    ]


def asked_cells(
    values: Sequence[float | None], cells: Sequence[Sequence[Json | None]], place: int
) -> list[Json]:
    """Return one row of points, each with how to ask why it changed."""
    return [
        {"value": value, **((of[place] if place < len(of) else None) or {})}
        for value, of in zip(values, cells, strict=True)
    ]


@require_safe
@staff_page(EXPLORE)
def trends_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download the points of a trend."""
    form = TrendForm.read(request.GET)
    return file_of(request, "trend", form, kind, lambda f: tables.point_table(f.extra["series"]))
