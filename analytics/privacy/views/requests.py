"""The pages of privacy: what is held of a person, requests and certificates, what was decided."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.ingest import erased
from analytics.ingest.identities import Id
from analytics.ingest.models import ERASE_PERSONS, PersonRequest, PrivacySettings
from analytics.ingest.subjects import subject_of
from analytics.privacy import actions, certificates, exporting
from analytics.privacy.finding import KINDS, UnknownPerson, find, kind_of
from analytics.privacy.forms import SettingsForm
from analytics.privacy.shapes import stores
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.audit.personal import Subject, holders
from portal.lib import clock
from portal.lib.field_error import FieldError

SHOWN = 100
Json = dict[str, Any]
STEPS = (
    (PersonRequest.State.QUEUED, "Waits for its turn"),
    (PersonRequest.State.DRAINING, "Events on their way in are written first"),
    (PersonRequest.State.ERASING, "The engine deletes"),
    (PersonRequest.State.SWEEPING, "All other stores, and what files still hold"),
    (PersonRequest.State.DONE, "Counted again and certified"),
)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ERASE_PERSONS)
def requests(request: StaffRequest) -> HttpResponseBase:
    """List requests, and change what was decided about erased persons."""
    row = erased.current()
    form = SettingsForm(request.POST or None, initial=actions.described(row))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_settings(request.user, form.cleaned_data)
        except FieldError as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, "Saved.")
            return redirect("privacy")
    rows = PersonRequest.objects.select_related("requested_by")[:SHOWN]
    context = {"rows": rows, "form": form, "text": request.GET.get("id", "")}
    return render(request, "privacy/requests.html", context)


@require_safe
@staff_page(ERASE_PERSONS)
def person(request: StaffRequest) -> HttpResponseBase:
    """Show what is held of the person of an id, and offer to hand it out or to erase it."""
    packed = request.GET.get("of", "")
    return person_page(request, packed) if packed else redirect("privacy")


def person_page(request: StaffRequest, packed: str, problem: str = "") -> HttpResponse:
    one = known(packed)
    if one is None:
        context: Json = {"erasure": erasure_of(packed)}
        return render(request, "privacy/unknown.html", context, status=404)
    subject = subject_of([one])
    row = erased.current()
    context = {
        "one": one,
        "kind": kind_of(one),
        "packed": f"{kind_of(one)}:{one.value}",
        "subject": subject,
        "held": held(subject),
        "requests": actions.about(one)[:SHOWN],
        "settings": row,
        "choices": PrivacySettings.AfterErasure.choices,
        "problem": problem,
    }
    return render(request, "privacy/person.html", context, status=400 if problem else 200)


def held(subject: Subject) -> list[Json]:
    """Return how much each store holds of a person, those with most first."""
    found: list[Json] = [
        {"label": holder.label, "count": holder.count(subject), "stays": holder.stays}
        for holder in holders
        if holder.kind != "kept_rows"
    ]
    return sorted(found, key=lambda one: (-one["count"], one["label"]))


def known(packed: str) -> Id | None:
    """Read `user:ada`, or an id that somebody typed."""
    kind, _, value = packed.partition(":")
    given = (value, kind) if kind in KINDS and value else (packed.strip(), "")
    try:
        return find(*given) if given[0] else None
    except UnknownPerson:
        return None


def erasure_of(packed: str) -> PersonRequest | None:
    """Return the erasure after which events of an id are refused, if there is one."""
    kind, _, value = packed.partition(":")
    given = value if kind in KINDS and value else packed.strip()
    found = [actions.erased_by(Id(given, is_user=is_user)) for is_user in (True, False)]
    return next((one for one in found if one), None)


@require_safe
@staff_page(ERASE_PERSONS)
def state_of_person(request: StaffRequest) -> HttpResponse:
    """Say for a person's page what was asked for, and offer more."""
    kind, _, value = request.GET.get("of", "").partition(":")
    one = Id(value, is_user=kind == "user")
    context = {"rows": actions.about(one)[:3], "packed": f"{kind}:{value}"}
    return render(request, "privacy/_person_state.html", context)


@require_POST
@staff_page(ERASE_PERSONS)
def export(request: StaffRequest) -> HttpResponse:
    packed = request.POST.get("of", "")
    if not packed:
        return redirect("privacy")
    one = known(packed)
    if one is None:
        raise Http404
    row = actions.request_export(request.user, one, clock.now())
    return redirect("privacy-request", row.pk)


@require_POST
@staff_page(ERASE_PERSONS)
def erase(request: StaffRequest) -> HttpResponse:
    packed = request.POST.get("of", "")
    if not packed:
        return redirect("privacy")
    one = known(packed)
    if one is None:
        raise Http404
    try:
        row = actions.request_erasure(
            request.user, one, clock.now(), confirmed=request.POST.get("confirm", "").strip(),
            after=request.POST.get("after", ""),
        )  # fmt: skip
    except FieldError as problem:
        return person_page(request, packed, problem.message)
    return redirect("privacy-request", row.pk)


@require_safe
@staff_page(ERASE_PERSONS)
def one(request: StaffRequest, request_id: int) -> HttpResponse:
    """Show one request: its steps, its counts, its certificate."""
    row = row_of(request_id)
    order = [state for state, _ in STEPS]
    reached = order.index(PersonRequest.State(row.state)) if row.state in order else len(order)
    context = {
        "row": row,
        "stores": stores(row),
        "steps": [
            {"label": label, "is_past": at < reached or row.is_over, "is_now": at == reached}
            for at, (_, label) in enumerate(STEPS)
        ]
        if row.kind == PersonRequest.Kind.ERASE
        else [],
        "is_genuine": bool(row.certificate) and certificates.is_genuine(row.certificate or {}),
        "files": (row.certificate or {}).get("statement", {}).get("files", []),
        "refused_ids": row.erased.count(),
    }
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, f"privacy/{'_request' if is_part else 'request'}.html", context)


@require_safe
@staff_page(ERASE_PERSONS)
def file(request: StaffRequest, request_id: int) -> HttpResponseBase:
    """Hand out an export's archive."""
    row = row_of(request_id)
    found = exporting.path_of(row)
    if found is None:
        raise Http404
    actions.record_download(request.user, row)
    return FileResponse(found.open("rb"), as_attachment=True, filename=f"person-{row.pk}.zip")


@require_safe
@staff_page(ERASE_PERSONS)
def certificate(request: StaffRequest, request_id: int) -> HttpResponse:
    row = row_of(request_id)
    if row.certificate is None:
        raise Http404
    answer = HttpResponse(
        orjson.dumps(row.certificate, option=orjson.OPT_INDENT_2), content_type="application/json"
    )
    answer["Content-Disposition"] = f'attachment; filename="erasure-{row.pk}.json"'
    return answer


@require_POST
@staff_page(ERASE_PERSONS)
def delete_export(request: StaffRequest, request_id: int) -> HttpResponseRedirect:
    row = row_of(request_id)
    if not row.file:
        raise Http404
    actions.delete_export(request.user, row)
    messages.success(request, "The file is deleted.")
    return HttpResponseRedirect(reverse("privacy-request", args=[row.pk]))


@require_POST
@staff_page(ERASE_PERSONS)
def admit(request: StaffRequest, request_id: int) -> HttpResponseRedirect:
    """Take events of these ids again."""
    row = row_of(request_id)
    if actions.admit_again(request.user, row):
        messages.success(request, "New events with these ids are taken again, as a new person's.")
    return HttpResponseRedirect(reverse("privacy-request", args=[row.pk]))


def row_of(request_id: int) -> PersonRequest:
    row = PersonRequest.objects.select_related("requested_by").filter(pk=request_id).first()
    if row is None:
        raise Http404
    return row
