"""The retention page: what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.buckets import Interval, shifted
from analytics.insights.figures import retention as figures
from analytics.insights.figures.cells import cell_text
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.retention import RetentionForm
from analytics.insights.forms.shared import ANY, added_condition
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
from analytics.insights.views.picking import why_nothing
from analytics.insights.views.retention_builder import builder
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    Seen,
    catalogue,
    page,
    problem_of,
)
from analytics.insights.views.stats import Stat
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.store.query import TimeRange

OTHER = "$other"
ROW_HEIGHT, HEAD_HEIGHT, COLUMN_WIDTH = 26, 34, 42


@require_safe
@staff_page(EXPLORE)
def retention(request: StaffRequest) -> HttpResponseBase:
    """Build a retention and show it."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if tidy := tidied(request, form):
        return tidy
    context = shown_builder(form, seen)
    if form.is_ready:
        context |= answered(request, form, seen)
    return page(request, "retention", context)


def asked_form(request: StaffRequest, seen: Seen) -> RetentionForm:
    """Read the address, with what the page's small forms add to it."""
    form = with_cohort(request.user, RetentionForm.read(request.GET))
    condition = added_condition(request.GET, seen.types_of(form.events))
    return form if condition is None else replace(form, where=(*form.where, condition))


def shown_builder(form: RetentionForm, seen: Seen) -> Json:
    return builder(form, seen, window_or_none(form, names=starts(form), seen=seen)) | {
        "is_ready": form.is_ready,
        "is_empty_store": not seen.events,
        "longer_url": longer_address(form),
    }


def starts(form: RetentionForm) -> list[str]:
    """Return the event with which the data begins; none is any."""
    return [] if form.start in {"", ANY} else [form.start]


def answered(request: StaffRequest, form: RetentionForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, "retention", form, names=starts(form), seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    body = found.frame.extra
    interval: Interval = body["interval"]
    addresses = links(request, "retention", form, found)
    groups = body.get("breakdown", [])
    table = next((one for one in groups if cell_text(one["value"]) == form.shown), body)
    shown = "" if table is body else form.shown
    cohorts = table["cohorts"]
    # The people of all values that are not listed cannot be asked for together.
    base = "" if shown == cell_text(OTHER) else addresses["people_url"]
    return addresses | {
        "people_url": base,
        "meta": found.frame.meta,
        "time_zone": found.window.zone,
        "has_values": any(cohort["size"] for cohort in body["cohorts"]),
        "why": why_nothing(form.events, seen, found.window),
        "stats": stats(body, interval),
        "figure": figures.grid(cohorts, interval, shown),
        "grid_height": f"{len(cohorts) * ROW_HEIGHT + HEAD_HEIGHT}px",
        "grid_width": f"{(most_periods(cohorts) + 2) * COLUMN_WIDTH}px",
        "curve": figures.curve(body, interval),
        "groups": [group_choice(form, one) for one in groups],
        "everybody": form.address(shown=""),
        "shown": shown,
        "periods": [figures.period_name(n, interval) for n in range(1, most_periods(cohorts))],
        "rows": [
            row | {"is_cut": is_cut(row["start"], interval, found.window)}
            for row in rows(cohorts, interval, shown, base)
        ],
        "average": table["average"][1:],
    }


def most_periods(cohorts: Sequence[Json]) -> int:
    return max((len(cohort["returned"]) for cohort in cohorts), default=1)


def stats(body: Json, interval: Interval) -> list[Stat]:
    """Return the average at the first period, the middle and the last, with the period before's."""
    average, earlier = body["average"], body.get("compare", {}).get("average", [])
    known = [n for n, share in enumerate(average) if n and share is not None]
    if not known:
        return []
    return [
        Stat(
            f"Back in {interval} {n}", average[n], "ratio",
            before=earlier[n] if n < len(earlier) else None,
            note="of complete cohorts, on average",
        )
        for n in dict.fromkeys((known[0], known[len(known) // 2], known[-1]))
    ]  # fmt: skip


def group_choice(form: RetentionForm, group: Json) -> Json:
    """Return a value of the breakdown as a choice of the grid."""
    text = cell_text(group["value"])
    return {
        "name": value_text(group["value"]),
        "size": sum(cohort["size"] for cohort in group["cohorts"]),
        "average": group["average"][1:],
        "url": form.address(shown=text),
        "is_shown": text == form.shown,
    }


def rows(cohorts: Sequence[Json], interval: Interval, value: str, base: str) -> list[Json]:
    """Return the table's rows: each cohort with its cells, and where their people are listed."""
    names = figures.cohort_names(cohorts, interval)
    periods = range(most_periods(cohorts))
    return [
        {
            "name": name,
            "start": cohort["start"],
            "size": cohort["size"],
            "title": figures.who(cohort["start"], 0, interval)["title"],
            "url": cell_url(base, figures.cell(cohort, 0, interval, value)) if base else "",
            "cells": [table_cell(cohort, n, interval, value, base) for n in periods[1:]],
        }
        for name, cohort in zip(names, cohorts, strict=True)
    ]


def table_cell(cohort: Json, period: int, interval: Interval, value: str, base: str) -> Json | None:
    """Return one cell of the table; None for a period that has not begun, or of nobody."""
    share = figures.rate(cohort, period)
    if share is None:
        return None
    return {
        "share": share,
        "is_running": figures.is_running(cohort, period),
        "title": figures.said(cohort, period, interval).replace("<br>", "; "),
        "url": cell_url(base, figures.cell(cohort, period, interval, value)) if base else "",
    }


def is_cut(given: str, interval: Interval, window: TimeRange) -> bool:
    """Tell whether the range holds only a part of the time in which a cohort begins."""
    start = datetime.fromisoformat(given)
    return start < window.start or shifted(start, 1, interval, window.tzinfo) > window.end


@require_safe
@staff_page(EXPLORE)
def retention_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Download the cells of a retention."""
    form = RetentionForm.read(request.GET)
    return file_of(request, "retention", form, kind, lambda frame: frame_table("retention", frame))
