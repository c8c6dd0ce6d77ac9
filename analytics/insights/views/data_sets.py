"""Data sets: the list, one of them, and the builder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.ingest.models import Source
from analytics.insights import actions
from analytics.insights.data_rights import rights_of, row_rights
from analytics.insights.data_set_drafts import Draft, as_written, check_runs, parse_draft, preview
from analytics.insights.forms.data_sets import CHANGED, DataSetForm, of_event
from analytics.insights.forms.shared import added_condition
from analytics.insights.models import ADMINISTER_DATA, VIEW_DATA, DataSet
from analytics.insights.views.picking import property_options
from analytics.insights.views.shared import (
    OP_CHOICES,
    PROBLEMS,
    Json,
    catalogue,
    chips_of,
    is_partial,
    problem_of,
    words_of,
)
from portal.accounts.access import fetch, may, require, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Grant, Level
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.row_rights import RowRights
from portal.lib.stale import Stale


@require_safe
@staff_page(VIEW_DATA)
def data_sets(request: StaffRequest) -> HttpResponse:
    """List the data sets that somebody reads, all for who administers them."""
    rows = visible(request.user, DataSet)
    names = source_names()
    context = {
        "rows": [
            {"row": row, "words": words_of_row(row, names), "readers": readers(row)} for row in rows
        ],
        "may_make": request.user.has_perm(ADMINISTER_DATA),
    }
    return render(request, "insights/data_sets.html", context)


def readers(row: DataSet) -> list[str]:
    """Return whom it is shared with, by name."""
    grants = Grant.objects.filter(object_type="data_set", object_id=row.pk)
    return sorted(str(one.subject) for one in grants.select_related("user", "group"))


@require_safe
@staff_page(VIEW_DATA)
def data_set(request: StaffRequest, pk: int) -> HttpResponse:
    """Say what a data set holds and who reads it."""
    row = fetch(request.user, DataSet, pk=pk)
    may_share = may(request.user, row, Level.ADMIN)
    context = {
        "row": row,
        "words": words_of_row(row, source_names()),
        "readers": readers(row) if may_share else [],
        "may_share": may_share,
        "may_change": not row.is_built_in and may(request.user, row, Level.EDIT),
        **previewed(request, rights_of([row]), clock.now()),
    }
    return render(request, "insights/data_set.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ADMINISTER_DATA)
def data_set_new(request: StaffRequest) -> HttpResponseBase:
    """Build a data set; POST makes it."""
    require(request.user, ADMINISTER_DATA)
    return built(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_DATA)
def data_set_edit(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Build a data set anew; POST saves it."""
    return built(request, fetch(request.user, DataSet, edit=True, pk=pk))


@require_POST
@staff_page(VIEW_DATA)
def data_set_delete(request: StaffRequest, pk: int) -> HttpResponseRedirect:
    row = fetch(request.user, DataSet, edit=True, pk=pk)
    try:
        actions.delete_data_set(request.user, row)
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect("data-set", pk=pk)
    messages.success(request, f"{row.name} is deleted; who read by it alone reads nothing now.")
    return redirect("data-sets")


def built(request: StaffRequest, row: DataSet | None) -> HttpResponseBase:
    if request.method == "POST":
        return posted(request, row)
    form = DataSetForm.read(request.GET)
    if row is not None and CHANGED not in request.GET:
        form = DataSetForm.of(as_written(row))
    seen = catalogue(request)
    condition = added_condition(request.GET, seen.types_of([]))
    if condition is not None and not condition.cohort:
        form = replace(form, where=(*form.where, of_event(condition)))
        return HttpResponseRedirect(f"{request.path}{form.address()}")
    given = as_written(row) | {"version": row.version if row else ""}
    return builder(request, row, form, given)


def posted(request: StaffRequest, row: DataSet | None) -> HttpResponse:
    """Save what was built, or show what is wrong with it."""
    form, now = DataSetForm.read(request.POST), clock.now()
    given: Json = {name: str(request.POST.get(name, "")) for name in ("name", "description")}
    version = str(request.POST.get("version", ""))
    try:
        draft = parse_draft(given | form.body(), row)
        check_runs(draft, now)
        saved = save(request, row, draft, now, int(version) if version.isdecimal() else None)
    except FieldError as problem:
        return builder(request, row, form, given | {"version": version}, problem=problem)
    except Stale as problem:
        stale = FieldError("version", f"{problem} Open it anew to see what it holds now.")
        return builder(request, row, form, given | {"version": version}, problem=stale, status=409)
    messages.success(request, f"{saved.name} is saved.")
    return redirect(saved)


def save(
    request: StaffRequest, row: DataSet | None, draft: Draft, now: datetime, version: int | None
) -> DataSet:
    if row is None:
        return actions.create_data_set(request.user, draft, now)
    return actions.change_data_set(request.user, row, draft, now, version)


def builder(
    request: StaffRequest,
    row: DataSet | None,
    form: DataSetForm,
    given: Json,
    *,
    problem: FieldError | None = None,
    status: int = 0,
) -> HttpResponse:
    context: Json = {
        "row": row,
        "form": form,
        "given": given,
        "chips": chips_of(form, ""),
        "parts": [{"key": "", "label": "", "event": ""}],
        "ops": OP_CHOICES.items(),
        "of_events": True,
        "property_options": property_options(catalogue(request), []),
        "sources": source_rows(form),
        "action": request.path,
        "back": row.get_absolute_url() if row else reverse("data-sets"),
        "field_problem": problem,
        **looked(request, form),
    }
    name = "_data_set_builder" if is_partial(request) else "data_set_edit"
    code = status or (400 if problem else 200)
    return render(request, f"insights/{name}.html", context, status=code)


def looked(request: StaffRequest, form: DataSetForm) -> Json:
    """Count what the form holds now; what is wrong with it becomes the error state."""
    try:
        draft = parse_draft({"name": "preview", **form.body()}, None)
        return previewed(request, draft.rights, clock.now())
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}


def previewed(request: StaffRequest, rights: RowRights, now: datetime) -> Json:
    """Count the events of the last days; for who reads all only: both figures tell of all."""
    if not row_rights(request.user).is_all:
        return {}
    try:
        held, everything = preview(rights, now)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    return {"preview": {"held": held, "everything": everything, "is_all": rights.is_all}}


def source_names() -> dict[int, str]:
    return dict(Source.objects.values_list("pk", "name"))


def source_rows(form: DataSetForm) -> list[dict[str, Any]]:
    """Return all sources, and the chosen ones that are gone."""
    names = source_names()
    known = names | {one: f"source {one} (gone)" for one in form.sources if one not in names}
    return [{"id": pk, "name": name, "is_chosen": pk in form.sources} for pk, name in known.items()]


def words_of_row(row: DataSet, names: dict[int, str]) -> list[str]:
    """Say what a data set holds, a sentence's part a condition."""
    found = []
    if row.sources:
        listed = ", ".join(names.get(one, f"source {one} (gone)") for one in row.sources)
        found.append(f"sent by {listed}")
    return found + [words_of(one) for one in DataSetForm.of(as_written(row)).where]
