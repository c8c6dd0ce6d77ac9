"""The trends page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_safe

from analytics.insights import figures, tables
from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.filters import BUILT_INS
from analytics.insights.definitions.trend import MATH_WORDS, MATHS, OVER_VALUES
from analytics.insights.forms.shared import Range, added_condition, as_of_in, letter
from analytics.insights.forms.trend import CHARTS, Row, TrendForm
from analytics.insights.views.shared import (
    DEFAULT_RANGE,
    EXPLORE,
    OP_CHOICES,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
    chip,
    page,
    pairs_of,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import ask


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


def with_added(form: TrendForm, request: StaffRequest, seen: Seen) -> TrendForm:
    """Fold what the page's small forms add into the state."""
    types = seen.types_of([row.event for row in form.rows if row.event])
    condition = added_condition(request.GET, types)
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
        "charts": [(name, name.capitalize(), form.address(chart=name)) for name in CHARTS],
        "add_row": form.address(rows=(*form.rows, Row(form.rows[-1].event))) if form.rows else "",
        "default_range": DEFAULT_RANGE,
        "is_empty_store": not seen.events,
        "longer_url": form.address(range=Range({**form.range.given, "from": "all", "to": ""})),
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
    fixed = Range(
        {"from": window.start.isoformat(), "to": window.end.isoformat(), "tz": window.zone}
    )
    interval = form.interval_for(window)
    return f"{form.address(range=fixed, interval=interval)}&{urlencode({'as_of': frame.meta.as_of.isoformat()})}"


@require_safe
@staff_page(EXPLORE)
def trends_csv(request: StaffRequest) -> HttpResponseBase:
    """Download the points of a trend."""
    form = TrendForm.read(request.GET)
    as_of = as_of_in(request.GET, clock.now())
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
