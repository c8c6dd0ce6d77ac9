"""The funnels page: what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_safe

from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.funnel import UNITS
from analytics.insights.figures import funnel as figures
from analytics.insights.figures.trend import figure as trend_figure
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.funnel import VIEWS, FunnelForm, StepRow
from analytics.insights.forms.shared import Range, added_condition, as_of_in
from analytics.insights.spreadsheet import Table
from analytics.insights.views.behind import people_url
from analytics.insights.views.downloads import FileKind, download, frame_table
from analytics.insights.views.funnel_builder import builder, named_rows, named_steps
from analytics.insights.views.picking import why_nothing
from analytics.insights.views.shared import (
    DEFAULT_RANGE,
    EXPLORE,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
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

VIEW_WORDS = {"steps": "Steps", "trend": "Over time", "times": "Time to convert"}


@require_safe
@staff_page(EXPLORE)
def funnels(request: StaffRequest) -> HttpResponseBase:
    """Build a funnel and show it."""
    seen = catalogue(request)
    form = FunnelForm.read(request.GET)
    condition = added_condition(request.GET, seen.types_of(named_steps(form)))
    if condition is not None:
        form = replace(form, where=(*form.where, condition))
    if form.rows and sorted(form.pairs()) != sorted(pairs_of(request)):
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    if not form.rows:
        form = replace(form, rows=(StepRow(), StepRow()))
    context = builder(form, seen, window_or_none(form)) | {
        "is_ready": len(form.filled) > 1,
        "default_range": DEFAULT_RANGE,
        "is_empty_store": not seen.events,
        "views": [(name, VIEW_WORDS[name], form.address(view=name)) for name in VIEWS],
        "intervals": INTERVALS,
        "units": list(UNITS),
        "longer_url": form.address(range=Range({**form.range.given, "from": "all", "to": ""})),
    }
    if context["is_ready"]:
        context |= answered(request, form, seen)
    return page(request, "funnels", context)


def window_or_none(form: FunnelForm) -> TimeRange | None:
    """Return the range that the page shows, nothing when the address holds none that is right."""
    try:
        return window_of(form.range, clock.now())
    except PROBLEMS:
        return None


def answered(request: StaffRequest, form: FunnelForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    now = clock.now()
    try:
        window = window_of(form.range, now)
        body = form.body(window)
        frame = ask("funnel", question(request, body, window, now))
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    back = f"{request.path}{form.address()}"
    answer, fixed = frame.extra, fixed_address(form, window, frame)
    return {
        "meta": frame.meta,
        "people_url": people_url("funnel", body, window, frame.meta.as_of, back),
        "time_zone": window.zone,
        "interval": form.interval_for(window),
        "figure": figure_of(form, answer),
        "has_values": bool(answer["steps"][0]["users"]),
        "why": why_nothing(named_rows(form), seen, window),
        "headline": headline(answer),
        "steps": answer["steps"],
        "groups": [group_row(group) for group in answer.get("breakdown", ())],
        "differences": [difference(one) for one in answer.get("differences", ())[:20]],
        "points": answer.get("trend", ()),
        "histogram": [one for one in answer.get("histogram", ()) if one["users"]],
        "csv_url": f"csv/{fixed}",
        "xlsx_url": f"xlsx/{fixed}",
    }


def figure_of(form: FunnelForm, answer: Json) -> Json:
    """Draw what the chosen view shows."""
    if form.view == "times":
        return figures.times(answer["histogram"])
    if form.view == "steps":
        return figures.bars(answer)
    series = [figures.rates(answer["trend"], "Conversion")]
    if answer.get("compare"):
        series.append(figures.rates(answer["compare"]["trend"], "Conversion", before=True))
    return trend_figure(series, unit="ratio")


def headline(answer: Json) -> Json:
    """Return the overall rate with its interval, and how it changed from the period before."""
    first, last = answer["steps"][0], answer["steps"][-1]
    earlier = answer.get("compare", {}).get("steps")
    before = earlier[-1]["conversion_rate"] if earlier else None
    now = last["conversion_rate"]
    return {
        "rate": now,
        "interval": last["conversion_interval"],
        "entered": first["users"],
        "converted": last["users"],
        "before": before,
        "change": None if now is None or before is None else (now - before) * 100,
        "open": answer["open"],
    }


def group_row(group: Json) -> Json:
    last = group["steps"][-1]
    return {
        "value": value_text(group["value"]),
        "steps": group["steps"],
        "rate": last["conversion_rate"],
        "interval": last["conversion_interval"],
        "median": last["median_seconds"],
    }


def difference(one: Json) -> Json:
    """Say which of two values converts better, and how sure that is."""
    better, worse = one["values"] if one["difference"] >= 0 else reversed(one["values"])
    return {
        "better": value_text(better),
        "worse": value_text(worse),
        "points": abs(one["difference"]) * 100,
        "p": one["p_value_corrected"],
        "is_significant": one["is_significant"],
    }


def fixed_address(form: FunnelForm, window: TimeRange, frame: Frame) -> str:
    """Return the query string that gives the same figures later: fixed range, same moment."""
    fixed = Range(
        {"from": window.start.isoformat(), "to": window.end.isoformat(), "tz": window.zone}
    )
    interval = form.interval_for(window)
    as_of = urlencode({"as_of": frame.meta.as_of.isoformat()})
    return f"{form.address(range=fixed, interval=interval)}&{as_of}"


@require_safe
@staff_page(EXPLORE)
def funnels_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download what the chosen view shows."""
    form = FunnelForm.read(request.GET)
    as_of = as_of_in(request.GET, clock.now())
    try:
        window = window_of(form.range, as_of)
        frame = ask("funnel", question(request, form.body(window), window, as_of))
    except PROBLEMS as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    return download(table_of(form, frame), kind, as_of, window.tzinfo)


TREND_COLUMNS = ("t", "entered", "converted", "conversion_rate", "complete")
TIMES_COLUMNS = ("from_seconds", "to_seconds", "users")


def table_of(form: FunnelForm, frame: Frame) -> Table:
    if form.view == "trend":
        return listed("funnel-over-time", TREND_COLUMNS, frame.extra["trend"])
    if form.view == "times":
        return listed("funnel-times", TIMES_COLUMNS, frame.extra["histogram"])
    return frame_table("funnel", frame)


def listed(name: str, columns: Sequence[str], rows: list[dict[str, Any]]) -> Table:
    return Table(name, columns, [[row[column] for column in columns] for row in rows])
