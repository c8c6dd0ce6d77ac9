"""The builders of Explore without their answers, for who edits an insight elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.template.loader import render_to_string

from analytics.insights.pages import PAGES, Kept
from analytics.insights.views import activity, funnels, paths, retention, sessions, trends
from analytics.insights.views.cohort_choices import choices
from analytics.insights.views.shared import Json, Seen, catalogue
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@dataclass(frozen=True)
class Builder:
    """How a kind's form is read from an address, and what its template needs."""

    template: str
    read: Callable[[StaffRequest, Seen], Any]
    context: Callable[[Any, Seen], Json]


BUILDERS = {
    "trend": Builder("trend", trends.asked_form, trends.builder),
    "funnel": Builder("funnel", funnels.asked_form, funnels.shown_builder),
    "retention": Builder("retention", retention.asked_form, retention.shown_builder),
    "lifecycle": Builder("lifecycle", activity.asked_form, activity.shown_builder),
    "stickiness": Builder("stickiness", activity.asked_form, activity.shown_builder),
    "paths": Builder("paths", paths.asked_form, paths.shown_builder),
    "sessions": Builder("sessions", sessions.asked_form, sessions.shown_builder),
}


@dataclass(frozen=True)
class Built:
    """A builder as HTML, the tidy address of its state, and what is kept of it.

    `kept` is nothing where the address asks nothing that can be kept yet; `problem` says why.
    """

    html: str
    address: str
    kept: Kept | None
    problem: FieldError | None = None


def build(request: StaffRequest, kind: str) -> Built:
    """Draw the builder of a kind for the address of a request. Raises KeyError for no builder."""
    builder = BUILDERS[kind]
    seen = catalogue(request)
    form = builder.read(request, seen)
    context = choices(request.user, form) | builder.context(form, seen)
    html = render_to_string(f"insights/_{builder.template}_builder.html", context, request)
    address = form.address()
    try:
        kept = PAGES[kind].keep(QueryDict(address.removeprefix("?")), clock.now())
    except FieldError as problem:
        return Built(html, address, None, problem)
    return Built(html, address, kept)
