"""The funnels page: what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions.funnel import UNITS
from analytics.insights.figures import funnel as figures
from analytics.insights.figures.trend import figure as trend_figure
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.funnel import VIEWS, FunnelForm, StepRow
from analytics.insights.forms.shared import ANY, added_condition
from analytics.insights.spreadsheet import Table
from analytics.insights.views.annotating import annotated
from analytics.insights.views.answering import (
    Answered,
    answer,
    file_of,
    links,
    longer_address,
    tidied,
    window_or_none,
)
from analytics.insights.views.cohort_choices import with_cohort
from analytics.insights.views.downloads import FileKind, frame_table
from analytics.insights.views.funnel_builder import builder, named_rows, named_steps
from analytics.insights.views.picking import why_nothing
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
    page,
    problem_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.store.frame import Frame

VIEW_WORDS = {"steps": "Steps", "trend": "Over time", "times": "Time to convert"}


@require_safe
@staff_page(EXPLORE)
def funnels(request: StaffRequest) -> HttpResponseBase:
    """Build a funnel and show it."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if form.rows and (tidy := tidied(request, form)):
        return tidy
    context = shown_builder(form, seen)
    if context["is_ready"]:
        context |= answered(request, context["form"], seen)
    return page(request, "funnels", context)


def asked_form(request: StaffRequest, seen: Seen) -> FunnelForm:
    """Read the address, with what the page's small forms add to it."""
    form = with_cohort(request.user, FunnelForm.read(request.GET))
    condition = added_condition(request.GET, seen.types_of(named_steps(form)))
    return form if condition is None else replace(form, where=(*form.where, condition))


def shown_builder(form: FunnelForm, seen: Seen) -> Json:
    """Return what the builder shows; without any step it begins with two that are to be chosen."""
    if not form.rows:
        form = replace(form, rows=(StepRow(), StepRow()))
    return builder(form, seen, window_or_none(form, names=starts(form), seen=seen)) | {
        "is_ready": len(form.filled) > 1,
        "is_empty_store": not seen.events,
        "views": [(name, VIEW_WORDS[name], form.address(view=name)) for name in VIEWS],
        "intervals": INTERVALS,
        "units": list(UNITS),
        "longer_url": longer_address(form),
    }


def starts(form: FunnelForm) -> list[str]:
    """Return the events with which the data begins; none is any."""
    names = [form.rows[number - 1].event for number in form.filled]
    return [] if ANY in names else names


def answered(request: StaffRequest, form: FunnelForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, "funnel", form, names=starts(form), seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    shown, interval = found.frame.extra, form.interval_for(found.window)
    addresses = links(request, "funnel", form, found, interval=interval)
    return addresses | {
        "correlates_url": f"correlates/{addresses['fixed_query']}",
        "meta": found.frame.meta,
        "time_zone": found.window.zone,
        "interval": interval,
        **drawn(request, form, found),
        "has_values": bool(shown["steps"][0]["users"]),
        "why": why_nothing(named_rows(form), seen, found.window),
        "headline": headline(shown),
        "steps": shown["steps"],
        "groups": [group_row(group) for group in shown.get("breakdown", ())],
        "differences": [difference(one) for one in shown.get("differences", ())[:20]],
        "points": shown.get("trend", ()),
        "histogram": [one for one in shown.get("histogram", ()) if one["users"]],
    }


def drawn(request: StaffRequest, form: FunnelForm, found: Answered) -> Json:
    """Return the chart of the chosen view; over time, with what happened meanwhile."""
    figure = figure_of(form, found.frame.extra)
    if form.view != "trend":
        return {"figure": figure}
    return annotated(request, figure, found.window, named_rows(form))


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


@require_safe
@staff_page(EXPLORE)
def funnels_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download what the chosen view shows."""
    form = FunnelForm.read(request.GET)
    return file_of(request, "funnel", form, kind, lambda frame: table_of(form, frame))


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
