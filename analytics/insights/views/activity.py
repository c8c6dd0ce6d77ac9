"""The pages of lifecycle and stickiness: in which intervals people are active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from analytics.insights.buckets import Interval
from analytics.insights.definitions.activity import parse_activity
from analytics.insights.definitions.retention import INTERVALS, WEEKDAYS
from analytics.insights.figures import activity as figures
from analytics.insights.forms.activity import ActivityForm
from analytics.insights.forms.shared import added_condition
from analytics.insights.sources.lifecycle import grid_of
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
from analytics.insights.views.downloads import FileKind, frame_table
from analytics.insights.views.picking import (
    Note,
    event_options,
    note_on_event,
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

GROWING, LOST = ("new", "resurrecting"), "dormant"


@require_safe
@staff_page(EXPLORE)
def activity(request: StaffRequest, kind: str) -> HttpResponseBase:
    """Build a lifecycle or a stickiness and show it."""
    seen = catalogue(request)
    form = asked_form(request, seen)
    if tidy := tidied(request, form):
        return tidy
    context = shown_builder(form, seen) | {"kind": kind}
    if seen.events:
        context |= answered(request, kind, form, seen)
    return page(request, kind, context)


def asked_form(request: StaffRequest, seen: Seen) -> ActivityForm:
    """Read the address, with what the page's small forms add to it."""
    form = ActivityForm.read(request.GET)
    condition = added_condition(request.GET, seen.types_of(form.events))
    return form if condition is None else replace(form, where=(*form.where, condition))


def shown_builder(form: ActivityForm, seen: Seen) -> Json:
    return builder(form, seen, window_or_none(form, names=form.events, seen=seen)) | {
        "is_empty_store": not seen.events,
        "longer_url": longer_address(form),
    }


def builder(form: ActivityForm, seen: Seen, window: TimeRange | None) -> Json:
    """Return what the builder shows, as of the catalogue."""
    refused = refusal(form, window)
    return {
        "form": form,
        "event_note": note_on_event(form.event, seen, window),
        "chips": chips_of(form, ""),
        "hidden_where": [one.packed() for one in form.where],
        "event_options": event_options(seen, clock.now()),
        "property_options": property_options(seen, form.events),
        "ops": OP_CHOICES.items(),
        "parts": [{"key": "", "label": "all", "event": form.event}],
        "intervals": INTERVALS,
        "week_starts": tuple(WEEKDAYS),
        "interval_note": note_on_range(form.interval, window) if refused is None else refused,
    }


def refusal(form: ActivityForm, window: TimeRange | None) -> Note | None:
    """Return what cannot be counted with these intervals."""
    if window is None:
        return None
    body = {name: value for name, value in form.body(window).items() if name != "compare"}
    try:
        grid_of(parse_activity(body, window.tzinfo, ""), window)
    except FieldError as problem:
        return Note(problem.message, "critical") if problem.field == "interval" else None
    return None


def answered(request: StaffRequest, kind: str, form: ActivityForm, seen: Seen) -> Json:
    """Ask the question of the page; what goes wrong becomes the page's error state."""
    try:
        found = answer(request, kind, form, names=form.events, seen=seen)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    addresses = links(request, kind, form, found)
    own = lifecycle if kind == "lifecycle" else stickiness
    shown = own(found.frame.extra, addresses["people_url"])
    if kind == "lifecycle":
        shown |= annotated(request, shown["figure"], found.window, form.events)
    return {
        "meta": found.frame.meta,
        "time_zone": found.window.zone,
        "interval": form.interval,
        "why": why_nothing(form.events, seen, found.window),
        **shown,
        **addresses,
    }


def lifecycle(body: Json, base: str) -> Json:
    """Return what the page of a lifecycle shows."""
    interval: Interval = body["interval"]
    by_status = {one["status"]: one["points"] for one in body["series"]}
    rows = [
        lifecycle_row(
            {status: points[place] for status, points in by_status.items()}, interval, base
        )
        for place in range(len(by_status[LOST]))
    ]
    return {
        "figure": figures.lifecycle(body["series"], interval),
        "has_values": any(cell["value"] for row in rows for cell in row["cells"]),
        "statuses": [status.capitalize() for status in figures.ORDER],
        "rows": rows,
        "stats": lifecycle_stats(by_status, body.get("compare"), interval),
    }


def lifecycle_row(points: dict[str, Json], interval: Interval, base: str) -> Json:
    """Return one interval: people by status, and how many more are active than before."""
    gained = sum(points[status]["value"] for status in GROWING)
    return {
        "t": points[LOST]["t"],
        "complete": points[LOST]["complete"],
        "net": gained + points[LOST]["value"],
        "cells": [
            {
                "value": abs(points[status]["value"]),
                "title": f"{status.capitalize()} in the {interval} of {points[LOST]['t'][:10]}",
                "url": cell_url(base, figures.living(points[status], status, interval)),
            }
            for status in figures.ORDER
        ],
    }


def lifecycle_stats(
    by_status: dict[str, list[Json]], earlier: Json | None, interval: Interval
) -> list[Stat]:
    """Return the mean of each status over the intervals that are over, and of the period before."""
    before = {one["status"]: one["points"] for one in earlier["series"]} if earlier else {}
    return [
        Stat(
            status.capitalize(),
            mean(by_status[status]),
            before=mean(before.get(status, ())),
            note=f"a {interval}, on average",
            more_is_better=status != LOST,
        )
        for status in figures.ORDER
    ]


def mean(points: Sequence[Json]) -> float | None:
    """Return the mean number of people of the points that are complete."""
    values = [abs(point["value"]) for point in points if point["complete"]]
    return sum(values) / len(values) if values else None


def stickiness(body: Json, base: str) -> Json:
    """Return what the page of a stickiness shows."""
    interval: Interval = body["interval"]
    points, total = figures.shown(body["points"]), body["total"]
    at_least = list(accumulate(reversed([point["users"] for point in points])))[::-1]
    return {
        "figure": figures.stickiness(body),
        "has_values": bool(total),
        "total": total,
        "rows": [
            point
            | {
                "times": figures.times(point["buckets"], interval),
                "at_least": more,
                "at_least_share": more / total if total else None,
                "url": cell_url(base, figures.sticking(point, interval)),
            }
            for point, more in zip(points, at_least, strict=True)
        ],
        "stats": stickiness_stats(body, interval),
    }


def stickiness_stats(body: Json, interval: Interval) -> list[Stat]:
    """Return how many people there are, on how many intervals, and who came only once."""
    now, before = measures(body), measures(body.get("compare", {"points": (), "total": 0}))
    return [
        Stat("People", now[0], before=before[0], note="active in this range"),
        Stat(f"{interval.capitalize()}s a person", now[1], before=before[1], note="on average"),
        Stat(
            f"On one {interval} only", now[2], "ratio", before=before[2], note="of these people",
            more_is_better=False,
        ),
    ]  # fmt: skip


def measures(body: Json) -> tuple[float | None, float | None, float | None]:
    """Return people, the intervals a person was active in, and the share with one only."""
    points, total = body["points"], body["total"]
    if not total:
        return None, None, None
    active = sum(point["users"] * point["buckets"] for point in points)
    return total, active / total, points[0]["users"] / total


@require_safe
@staff_page(EXPLORE)
def activity_file(request: StaffRequest, kind: str, file: FileKind) -> HttpResponseBase:
    """Download the numbers of a lifecycle or a stickiness."""
    form = ActivityForm.read(request.GET)
    return file_of(request, kind, form, file, lambda frame: frame_table(kind, frame))
