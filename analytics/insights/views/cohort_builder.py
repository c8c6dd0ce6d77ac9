"""The pages on which a cohort is made and changed, and the preview of its size.

The form is sent by POST, since a list of ids fits no address. Its buttons (`do`) add and remove rows
and answer with the form; only "save" saves. For htmx the rules alone are answered, and ask for the
preview by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from analytics.insights import actions, nesting
from analytics.insights.cohort_drafts import Draft, parse_draft, save_of
from analytics.insights.cohorts import DRAFT, PATH, Found, drafted
from analytics.insights.data_rights import row_rights
from analytics.insights.drafts import read_version
from analytics.insights.forms.cohort import MOST_ROWS, CohortForm
from analytics.insights.forms.cohort_list import ListForm, list_form
from analytics.insights.forms.cohort_rules import Rules, rows_of, rules_of
from analytics.insights.models import CHANGE_COHORT, EXPLORE, Cohort
from analytics.insights.views.cohort_rows import row_contexts, shared_options
from analytics.insights.views.picking import Note
from analytics.insights.views.shared import (
    PROBLEMS,
    Json,
    catalogue,
    is_partial,
    problem_of,
)
from portal.accounts.access import fetch
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.store.sources import Question, ask

Form = CohortForm | ListForm
TOO_MANY = (
    f"This cohort has more than {MOST_ROWS} rules and filters, which this page cannot hold. Nothing was"
    " saved: change it over the API, or move some of its rules into a cohort of their own."
)
STALE = "Somebody else saved this cohort meanwhile. Saving again replaces their version with yours."


@dataclass(frozen=True)
class Editing:
    """What the page is about: the cohort that is changed, or none yet, and what was sent."""

    request: StaffRequest
    cohort: Cohort | None
    is_list: bool
    notes: dict[str, Note] = field(default_factory=dict)  # by field; rows by "row-3"
    is_tried: bool = False

    def noting(self, problem: FieldError, rules: Rules | None) -> Editing:
        """Return the page with a refusal beside the field that it is about."""
        name = problem.field if problem.field in {"name", "description", "file"} else "list"
        if rules is not None and name == "list":
            name = f"row-{rules.row_at(problem)}"
        note = Note(problem.message, "critical")
        return replace(self, notes={**self.notes, name: note}, is_tried=True)


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE_COHORT)
def cohort_new(request: StaffRequest) -> HttpResponseBase:
    """Make a cohort; with `?list=1` from a list of user ids."""
    return edited(Editing(request, None, bool(request.GET.get("list"))))


@require_http_methods(["GET", "POST"])
@staff_page(EXPLORE)
def cohort_edit(request: StaffRequest, cohort_id: int) -> HttpResponseBase:
    """Change a cohort."""
    row = fetch(request.user, Cohort, edit=True, pk=cohort_id)
    return edited(Editing(request, row, row.listed is not None))


def edited(page: Editing) -> HttpResponseBase:
    if page.request.method != "POST":
        return shown(page, form_of(page))
    form = sent_form(page)
    what = str(page.request.POST.get("do") or "")
    if what == "save":
        return saved(page, form)
    return shown(page, form.done(what) if isinstance(form, CohortForm) else form)


def form_of(page: Editing) -> Form:
    """Return the form of the cohort as it is saved, or an empty one."""
    row = page.cohort
    if row is None:
        return ListForm() if page.is_list else CohortForm()
    if page.is_list:
        return list_form(row.name, row.description, row.user_ids, row.version)
    return CohortForm(row.name, row.description, rows_of(row.definition), str(row.version))


def sent_form(page: Editing) -> Form:
    if not page.is_list:
        return CohortForm.read(page.request.POST)
    kept = tuple(page.cohort.user_ids) if page.cohort and page.request.POST.get("keep") else ()
    return ListForm.read(page.request.POST, kept)


def saved(page: Editing, form: Form) -> HttpResponseBase:
    """Save what was sent and go to the cohort; what is refused is said beside its field."""
    rules = None
    if isinstance(form, CohortForm):
        rules = rules_of(form, types_of(page))
        if form.is_cut:
            return shown(replace(page, notes={"form": Note(TOO_MANY, "critical")}), form)
        if form.missing():
            return shown(replace(page, is_tried=True), form)
    try:
        row = written(page, form, rules)
    except FieldError as problem:
        return shown(page.noting(problem, rules), form)
    except Stale as stale:
        page = replace(page, notes={"form": Note(STALE, "critical")})
        return shown(page, replace(form, version=str(stale.current["version"])))
    messages.success(page.request, f"{row.name} is saved.")
    return HttpResponseRedirect(row.get_absolute_url())


def written(page: Editing, form: Form, rules: Rules | None) -> Cohort:
    """Save a draft. Raises FieldError and Stale."""
    user, now = page.request.user, clock.now()
    draft = draft_of(page, form, rules)
    save = save_of(draft, now)
    if page.cohort is None:
        return actions.create_cohort(user, draft, save)
    version = read_version({"version": form.version or None})
    return actions.update_cohort(user, page.cohort, draft, save, version=version)


def draft_of(page: Editing, form: Form, rules: Rules | None) -> Draft:
    definition = rules.definition if rules else list_of(page.request, form)
    return parse_draft({"name": form.name, "description": form.description, PATH: definition})


def list_of(request: StaffRequest, form: Form) -> Json:
    file: Any = request.FILES.get("file")
    return form.definition(file) if isinstance(form, ListForm) else {}


def types_of(page: Editing) -> dict[str, list[str]]:
    return catalogue(page.request).types_of([])


def shown(page: Editing, form: Form) -> HttpResponse:
    context: Json = {
        "cohort": page.cohort,
        "form": form,
        "is_list": page.is_list,
        "notes": page.notes,
        "is_partial": is_partial(page.request),
    }
    if isinstance(form, CohortForm):
        context |= rules_context(page, form)
    if is_partial(page.request):
        return render(page.request, "insights/_cohort_rules.html", context)
    if page.request.method == "POST":
        context["preview"] = preview_of(page.request, form)
    return render(page.request, "insights/cohort_edit.html", context)


def rules_context(page: Editing, form: CohortForm) -> Json:
    """Return the rows with what is wrong with each."""
    seen = catalogue(page.request)
    notes = {
        int(key.removeprefix("row-")): note for key, note in page.notes.items() if "row-" in key
    }
    if page.is_tried:
        notes = {row: Note(text, "critical") for row, (_, text) in form.missing().items()} | notes
    elif not form.missing():
        notes |= refusals(page, form, rules_of(form, seen.types_of([])))
    return shared_options(page.request, seen, page.cohort) | {
        "rows": row_contexts(form, seen, notes),
    }


def refusals(page: Editing, form: CohortForm, rules: Rules) -> dict[int, Note]:
    """Return what the definition refuses, nesting in circles too."""
    own = page.cohort.pk if page.cohort else DRAFT
    try:
        found = Found(form.name or "This cohort", drafted(rules.definition))
        nesting.check(own, nesting.outlined() | {own: found})
    except FieldError as problem:
        return {rules.row_at(problem): Note(problem.message, "critical")}
    return {}


@require_POST
@staff_page(EXPLORE)
def cohort_preview(request: StaffRequest) -> HttpResponse:
    """Count who would be in the cohort that the form describes."""
    is_list = bool(request.POST.get("is_list"))
    form: Form = ListForm.read(request.POST) if is_list else CohortForm.read(request.POST)
    context = {"preview": preview_of(request, form)}
    return render(request, "insights/_cohort_preview.html", context)


def preview_of(request: StaffRequest, form: Form) -> Json:
    """Return the size, or what is still missing, or what went wrong."""
    if isinstance(form, CohortForm):
        if form.missing():
            return {"waits": "Complete the rules to see how many people they fit."}
        definition = rules_of(form, catalogue(request).types_of([])).definition
    else:
        try:
            definition = list_of(request, form)
        except FieldError as problem:
            return {"problem": problem_of(problem)}
        if not definition["user_ids"]:
            return {"waits": "Paste user ids or choose a file to see how many of them are known."}
    try:
        question = Question({PATH: definition}, None, clock.now(), row_rights(request.user))
        frame = ask("cohort", question)
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    listed = len(definition["user_ids"]) if isinstance(form, ListForm) else None
    return frame.extra | {"meta": frame.meta, "listed": listed}
