"""Where series are many: metrics, labels, pairs and sources, each with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST, require_safe

from analytics.promql.forms import SeriesLimitForm
from analytics.promql.models import ASK
from analytics.series import actions, advice, cardinality
from analytics.series.cardinality import Label, Metric, Pair, Sender
from analytics.series.limits import OWN
from analytics.series.models import CHANGE_LIMITS
from analytics.series.sql.cardinality import ORDERS
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed

SHOWN = 20
PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
EXPLORE = "/metrics/explore/"
ORDER_NAMES = {"series": "all", "hour": "new in an hour", "day": "new in a day"}


@dataclass(frozen=True)
class Row:
    """A line of a list: what it is about, how large it is among the others, and what to do."""

    of: Metric | Label | Pair | Sender
    share: float
    advice: str = ""
    url: str = ""
    label: str = ""


@require_safe
@staff_page(ASK)
def page(request: StaffRequest) -> HttpResponse:
    """Show where series are many, and how much of its limit each source uses."""
    order = request.GET.get("order", "series")
    order = order if order in ORDERS else "series"
    context: dict[str, Any] = {
        "order": order,
        "orders": [{"key": key, "label": ORDER_NAMES[key]} for key in ORDERS],
        "may_change": request.user.has_perm(CHANGE_LIMITS),
        "most": settings.MOST_SERIES,
    }
    try:
        context |= {"totals": cardinality.totals(), **lists(order)}
    except (QueryFailed, EngineUnavailable) as problem:
        context["problem"] = str(problem)
    return render(request, "promql/cardinality.html", context)


def lists(order: str) -> dict[str, Any]:
    metrics = cardinality.metrics(SHOWN, order=order)
    found = cardinality.labels(SHOWN)
    return {
        "pairs_in_all": found.pairs_in_all,
        "metrics": [
            Row(
                one,
                share(one.live, [other.live for other in metrics]),
                advice.on_metric(one.live, one.new_in_hour, one.new_in_day),
                explored(one.name),
            )
            for one in metrics
        ],
        "labels": [
            Row(
                one,
                share(one.values, [other.values for other in found.labels]),
                advice.on_label(one.name, one.values, one.examples),
                explored(f'topk(20, count by ({named(one.name)}) ({{{named(one.name)}!=""}}))'),
            )
            for one in found.labels
        ],
        "pairs": [
            Row(
                one,
                share(one.live, [other.live for other in found.pairs]),
                url=explored(f"count by (__name__) ({{{named(one.label)}={quoted(one.value)}}})"),
            )
            for one in found.pairs
        ],
        "sources": [
            Row(
                one,
                one.share,
                advice.on_source(one.live, one.limit, one.new_in_hour),
                label=called(one.source),
            )
            for one in cardinality.senders()
        ],
    }


def share(value: int, values: Sequence[int]) -> float:
    return value / max(values) if values and max(values) else 0.0


def explored(query: str) -> str:
    """Return the address at which a query is explored; nothing while there is no such page."""
    try:
        resolve(EXPLORE)
    except Resolver404:
        return ""
    return f"{EXPLORE}?{urlencode({'query': query})}"


def named(label: str) -> str:
    """Write a label's name as PromQL does: one such as http.status stands in quotes."""
    return label if PLAIN.fullmatch(label) else quoted(label)


def quoted(text: str) -> str:
    """Write a text as PromQL does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def called(source: str) -> str:
    """Say in words who sends."""
    if source == OWN:
        return "The portal itself"
    kind, _, name = source.partition(":")
    kinds = {"scrape": "Scrape job", "intake": "Intake source"}
    return f"{kinds[kind]} {name}" if kind in kinds else source


@require_POST
@staff_page(CHANGE_LIMITS)
def change_limit(request: StaffRequest) -> HttpResponse:
    """Give a source a limit of its own, or with an empty one that of all."""
    form = SeriesLimitForm(request.POST)
    try:
        source, most = form.given()
        actions.set_limit(request.user, source, most, clock.now())
    except FieldError as problem:
        messages.error(request, problem.message)
    else:
        what = "the limit of all others" if most is None else f"{most:,} series"
        messages.success(request, f"{called(source)} may have {what}.")
    return redirect("cardinality")
