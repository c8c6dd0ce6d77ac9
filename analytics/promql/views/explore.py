"""The page "Explore metrics": write PromQL, see it drawn, and understand the answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.promql.asking import OPTIONS
from analytics.promql.errors import BadQuery
from analytics.promql.exploring import pictures
from analytics.promql.exploring.answers import Answer, answers, bare, notes
from analytics.promql.exploring.form import LONGEST_QUERY, USUAL_RANGE, VIEWS, ExploreForm
from analytics.promql.exploring.offers import DAY_MS, offers
from analytics.promql.legends import NAME
from analytics.promql.models import ASK, PrometheusServer
from analytics.promql.parse import parse
from analytics.promql.ranges import window_between
from analytics.promql.reference import entries
from analytics.promql.steps import Window, filled, step_for
from analytics.promql.writing import value_text
from analytics.series import browsing
from portal.accounts.access import visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.time_range import BadRange, Chosen, read
from portal.store.client import EngineUnavailable, QueryFailed

Json = dict[str, Any]
MOST_METRICS = 60
MOST_VALUES = 12
MOST_ROWS = 1_000_000  # of a file
EXAMPLES = (
    ("How fast a counter grows", "rate(tanqory_http_requests_total[5m])"),
    ("... by one label", "sum by (route) (rate(tanqory_http_requests_total[5m]))"),
    ("The share that failed", 'sum(rate(tanqory_http_requests_total{status_code=~"5.."}[5m]))\n/ sum(rate(tanqory_http_requests_total[5m]))'),
    ("95th percentile of a histogram", "histogram_quantile(0.95,\n  sum by (le) (rate(tanqory_http_request_duration_seconds_bucket[5m])))"),
    ("What a counter grew by", "increase(tanqory_http_requests_total[1h])"),
    ("The five largest", "topk(5, tanqory_process_resident_memory_bytes)"),
    ("Now against an hour ago", "tanqory_process_resident_memory_bytes\n- tanqory_process_resident_memory_bytes offset 1h"),
)  # fmt: skip


@require_safe
@staff_page(ASK)
def page(request: StaffRequest) -> HttpResponse:
    """Show the queries of the address and what they answer."""
    context: Json = {"views": VIEWS, "default": USUAL_RANGE, "time_zone": settings.PORTAL_TIME_ZONE}
    status, form = 200, ExploreForm()
    try:
        form = ExploreForm.read(request.GET)
        form = form.with_another() if request.GET.get("add") else form
        context |= {"form": form} | answered(form)
    except (FieldError, BadRange) as problem:
        status = 400
        context |= {"form": form, "mistake": said(problem)}
    name = "_explore_answer" if is_partial(request) else "explore"
    if name == "explore":
        context |= {
            "servers": visible(request.user, PrometheusServer),
            **helps(),
            **browsed(request),
        }
    return render(request, f"promql/{name}.html", context, status=status)


def said(problem: Exception) -> str:
    return (
        f"{problem.field}: {problem.message}" if isinstance(problem, FieldError) else str(problem)
    )


def is_partial(request: StaffRequest) -> bool:
    restores = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not restores


def chosen_in(form: ExploreForm) -> Chosen:
    """Return the range of the address, and its zone. Raises BadRange."""
    return read(form.chosen, clock.now(), default=USUAL_RANGE, zone=settings.PORTAL_TIME_ZONE)


def window_of(form: ExploreForm, chosen: Chosen) -> Window:
    return window_between(chosen.start, chosen.end, is_here=not form.server)


def answered(form: ExploreForm) -> Json:
    """Return what the answer's part shows. Raises FieldError, BadRange."""
    chosen = chosen_in(form)
    window = window_of(form, chosen)
    found = answers(form, window)
    axis = pictures.Axis(window, ZoneInfo(chosen.zone))
    return {
        "answers": [shown(one) for one in found],
        "is_answered": any(one.outcome is not None for one in found),
        "figure": pictures.figure(found, axis, stacked=form.view == "stacked")
        if form.view in {"lines", "stacked"}
        else None,
        "as_of": clock.now(),
        "step": form.step_ms or step_for(window),
        "view_links": [(key, words, form.address(view=key)) for key, words in VIEWS.items()],
        "csv_address": form.address(),
    }


def shown(answer: Answer) -> Json:
    table = pictures.table(answer)
    return {
        "of": answer,
        "notes": list(notes(answer)),
        "names": ["Metric" if name == NAME else name for name in table.names],
        "rows": [
            {
                "name": row.name,
                "cells": pictures.cells(row, table.names),
                "value": pictures.written(row.value),
                "exact": value_text(row.value),
                "figures": [pictures.written(one) for one in (row.least, row.mean, row.most)],
            }
            for row in table.rows
        ],
        "elapsed_ms": answer.outcome.stats.elapsed_s * 1000 if answer.outcome else 0,
        "nodes": [
            {"of": node, "own_ms": node.own_s * 1000}
            for node in (answer.outcome.stats.nodes if answer.outcome else ())
        ],
        "more": table.more,
        "undrawn": max(0, len(table.rows) + table.more - pictures.MOST_LINES),
    }


def helps() -> Json:
    listed = entries(experimental=OPTIONS.experimental_functions)
    prefix = settings.METRIC_PREFIX
    return {
        "examples": [(words, query.replace("tanqory_", prefix)) for words, query in EXAMPLES],
        "language": listed,
    }


def browsed(request: StaffRequest) -> Json:
    """Return the metrics that a search finds, or the labels of one."""
    search, metric = request.GET.get("search", "")[:200], request.GET.get("metric", "")[:500]
    since = int(clock.now().timestamp() * 1000) - DAY_MS
    context: Json = {"search": search, "metric": metric}
    try:
        if metric:
            context["labels"] = browsing.labels(metric, since, MOST_VALUES)
            context["about"] = browsing.help_of(metric)
        else:
            found = browsing.metrics(search, since, MOST_METRICS + 1)
            context |= {"metrics": found[:MOST_METRICS], "has_more": len(found) > MOST_METRICS}
    except (QueryFailed, EngineUnavailable) as problem:
        context["browser_problem"] = str(problem)
    return context


@require_safe
@staff_page(ASK)
def browse(request: StaffRequest) -> HttpResponse:
    """List metrics, or one metric's labels with their commonest values."""
    return render(request, "promql/_explore_browser.html", browsed(request))


@require_safe
@staff_page(ASK)
def complete(request: StaffRequest) -> JsonResponse:
    """Say what can stand at the cursor."""
    query = request.GET.get("query", "")[:LONGEST_QUERY]
    cursor = request.GET.get("cursor", "")
    place = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else len(query)
    at, found = offers(query, place, int(clock.now().timestamp() * 1000))
    items = [one.as_json() for one in found]
    return JsonResponse({"start": at.start, "kind": at.kind, "items": items})


@require_safe
@staff_page(ASK)
def check(request: StaffRequest) -> JsonResponse:
    """Say whether a text is PromQL, and where it stops being some."""
    query = request.GET.get("query", "")[:LONGEST_QUERY]
    whole = filled(query, Window(0, 3_600_000), 60_000)
    try:
        parse(whole, experimental_functions=OPTIONS.experimental_functions)
    except BadQuery as error:
        place = error.position if whole == query else None
        return JsonResponse({"message": bare(error.message), "position": place})
    return JsonResponse({"message": ""})


@require_safe
@staff_page(ASK)
def file(request: StaffRequest) -> HttpResponse:
    """Give all points of all queries as CSV: query, time, labels, value."""
    try:
        form = ExploreForm.read(request.GET)
        found = answers(form, window_of(form, chosen_in(form)))
    except (FieldError, BadRange) as problem:
        return HttpResponse(said(problem), status=400, content_type="text/plain; charset=utf-8")
    count = sum(points_of(one) for one in found)
    if count > MOST_ROWS:
        what = f"The file would have {count:,} rows, and has {MOST_ROWS:,} at most"
        return HttpResponse(
            f"{what}: ask for fewer series, a shorter range or a longer step.",
            status=400,
            content_type="text/plain; charset=utf-8",
        )
    text = io.StringIO()
    rows = csv.writer(text)
    names = sorted(
        {
            name
            for one in found
            if one.outcome
            for labels in one.outcome.series
            for name, _ in labels
        }
    )
    rows.writerow(["query", "time", *map(guarded, names), "value"])
    for one in found:
        rows.writerows(lines_of(one, names))
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="metrics.csv"'
    return answer


def points_of(answer: Answer) -> int:
    if answer.outcome is None:
        return 0
    raw = sum(len(times) for times, _ in answer.outcome.raw)
    return raw or int(answer.outcome.present.sum())


def lines_of(answer: Answer, names: list[str]) -> Iterator[list[str]]:
    if answer.outcome is None:
        return
    for row, labels in enumerate(answer.outcome.series):
        held = dict(labels)
        texts = [guarded(held.get(name, "")) for name in names]
        for ms, value in zip(*(one.tolist() for one in answer.outcome.points(row)), strict=True):
            yield [answer.line.letter, pictures.moment(ms), *texts, value_text(value)]


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a label's value for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
