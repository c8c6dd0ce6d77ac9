"""Merge and split persons: what would change is shown first, then confirmed with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from analytics.ingest import wanted
from analytics.ingest.actions import change_persons
from analytics.ingest.identities import Id
from analytics.ingest.models import CHANGE_PERSONS, PersonChange
from analytics.ingest.wanted import Wanted
from analytics.insights.asking import Asking
from analytics.insights.data_rights import require_all, row_rights
from analytics.insights.effects import effect, in_short
from analytics.insights.forms.shared import text
from analytics.insights.profiles import KINDS, UnknownPerson, find, kind_of
from analytics.insights.views.behind import person_url, value_text
from analytics.insights.views.shared import PROBLEMS, Json, problem_of
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.sources import Question

METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Asked:
    """What a page asks for: its title and words, how to read what is wanted, where to go back."""

    title: str
    button: str
    read: Callable[[], Wanted]
    back: str


@require_http_methods(METHODS)
@staff_page(CHANGE_PERSONS)
def merge(request: StaffRequest) -> HttpResponseBase:
    """Merge the person of `from` into that of `into`."""
    given = request.POST or request.GET
    into, other = text(given, "into"), text(given, "from").strip()
    stays = unpacked(into) or Id(into, is_user=True)
    back = person_url(stays.value, anonymous=not stays.is_user) if into else ""
    if not into or not other:
        context = {"stays": id_row(stays) if into else None, "into": into, "back": back}
        return render(request, "insights/person_merge.html", context)

    def read() -> Wanted:
        return wanted.merge(known(into, "into"), known(other, "from"))

    def known(value: str, name: str) -> Id:
        return known_id(asking_of(request), value, name)

    return answer(request, Asked("Merge two persons", "Merge", read, back))


@require_http_methods(METHODS)
@staff_page(CHANGE_PERSONS)
def split(request: StaffRequest) -> HttpResponseBase:
    """Split ids off a person: `id`, several, each with its kind."""
    given = request.POST or request.GET
    of = unpacked(text(given, "of"))
    back = person_url(of.value, anonymous=not of.is_user) if of else ""
    ids = [one for packed in given.getlist("id") if (one := unpacked(packed))]
    return answer(request, Asked("Split a person", "Split", lambda: wanted.split(ids), back))


@require_http_methods(METHODS)
@staff_page(CHANGE_PERSONS)
def undo(request: StaffRequest, change_id: int) -> HttpResponseBase:
    """Undo a merge or a split."""
    change = PersonChange.objects.filter(pk=change_id).first()
    if change is None:
        raise Http404
    is_user, value = change.kept
    back = person_url(value, anonymous=not is_user)
    title = f"Undo a {change.kind}"
    return answer(request, Asked(title, title, lambda: wanted.undo(change), back))


def answer(request: StaffRequest, asked: Asked) -> HttpResponse:
    """Show what would change; once confirmed with a reason, ask the writer for it."""
    asking, reason = asking_of(request), text(request.POST, "reason")
    context: Json = {"title": asked.title, "button": asked.button, "back": asked.back}
    try:
        found = asked.read()
        shown = effect(asking, found, settings.PORTAL_TIME_ZONE)
    except PROBLEMS as problem:
        return render(request, "insights/person_change.html", context | refused(problem))
    if request.method == "POST":
        try:
            change = change_persons(
                request.user, found, reason=reason, effect=in_short(shown), now=clock.now()
            )
        except FieldError as problem:
            context["reason_error"] = problem.message
        else:
            kept = person_url(found.kept.value, anonymous=not found.kept.is_user)
            return HttpResponseRedirect(f"{kept}{'&' if '?' in kept else '?'}asked={change.pk}")
    given = request.POST or request.GET
    fields = [(name, one) for name in ("into", "from", "of", "id") for one in given.getlist(name)]
    return render(
        request,
        "insights/person_change.html",
        context | shown_effect(found, shown) | {"reason": reason, "fields": fields},
    )


def refused(problem: Exception) -> Json:
    words = problem_of(problem)
    is_ours = isinstance(problem, FieldError)
    return {"problem": words | ({"title": "This cannot be done"} if is_ours else {})}


def asking_of(request: StaffRequest) -> Asking:
    rights = row_rights(request.user)
    require_all(rights)
    return Asking(Question({}, None, clock.now(), rights))


def unpacked(packed: str) -> Id | None:
    """Read an id with its kind, as `views.person.packed` writes it."""
    kind, _, value = packed.partition(":")
    return Id(value, is_user=kind == "user") if value and kind in KINDS else None


def known_id(asking: Asking, given: str, field: str) -> Id:
    """Read an id with its kind, or one that somebody typed. Raises FieldError."""
    one = unpacked(given)
    try:
        return one or find(asking, given)
    except UnknownPerson as error:
        raise FieldError(field, f"Nobody with the id “{given}” was ever seen.") from error


def id_row(one: Id) -> Json:
    return {
        "id": one.value, "kind": kind_of(one), "url": person_url(one.value, anonymous=not one.is_user)
    }  # fmt: skip


def shown_effect(found: Wanted, shown: Json) -> Json:
    return {
        "is_merge": found.kind == PersonChange.Kind.MERGE,
        "stays": id_row(found.kept),
        "moves": [id_row(one) for one in found.moved],
        "effect": shown,
        "by_day": [
            one | {"date": date.fromisoformat(one["day"]), "change": one["after"] - one["before"]}
            for one in shown["by_day"]
        ],
        "properties": [
            {name: one[name] if name == "name" else cell(one[name]) for name in one}
            for one in shown["properties"]
        ],
        "change": shown["unique_users"]["after"] - shown["unique_users"]["before"],
    }


def cell(value: object) -> str:
    return "" if value is None else value_text(value)
