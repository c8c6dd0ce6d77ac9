"""Who can see this, and why: sharing one object, and what a change of its place would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts import actions
from portal.accounts.access import fetch, level_of, visible
from portal.accounts.decorators import staff_page
from portal.accounts.folders import paths_of, within
from portal.accounts.models import VIEW_FOLDER, Folder, Grant, Level, Team, User
from portal.accounts.previews import preview
from portal.accounts.reasons import VERBS, Book, reaching, read_book, why_not
from portal.accounts.requests import StaffRequest
from portal.accounts.roles import ROLES
from portal.accounts.shareables import FOLDER, Shareable, shareables
from portal.lib.field_error import FieldError

MOST_LISTED, MOST_OFFERED = 200, 500
TOP = "top"
MEANINGS = {
    Level.VIEW: "view: see it and what it shows",
    Level.EDIT: "edit: also change it",
    Level.ADMIN: "admin: also share and move it",
}


@require_safe
@staff_page(VIEW_FOLDER)
def sharing(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Say who can see an object and why; who administers it shares it here."""
    entry, row = found(request, kind, pk)
    return sharing_page(request, entry, row)


def found(
    request: StaffRequest, kind: str, pk: int, level: Level | None = None
) -> tuple[Shareable, Any]:
    """Return what an address names. Raises Http404, PermissionDenied."""
    if kind not in shareables:
        raise Http404
    entry = shareables.get(kind)
    return entry, fetch(request.user, entry.model, level=level, pk=pk)


def sharing_page(
    request: StaffRequest, entry: Shareable, row: Any, status: int = 200, **context: Any
) -> HttpResponse:
    folders = list(visible(request.user, Folder))
    book = read_book([row], shown={folder.pk for folder in folders})
    paths, level = paths_of(folders), level_of(request.user, row)
    context |= {
        "entry": entry,
        "row": row,
        "row_url": entry.url(row),
        "level": level,
        "has_flags": level == Level.ADMIN and (entry.has_folder or entry.may_be_protected),
        "grants": grants_of(book, entry, row),
        "path": paths.get(place_of(entry, row) or 0, ""),
        "folders": places_for(entry, row, paths),
        "levels": [(level.label, words) for level, words in MEANINGS.items()],
        "other_ways": entry.other_ways(row),
        "other_ways_url": entry.other_ways_url(row) if entry.other_ways_url else "",
        "inside": inside(request.user, row) if entry.kind == FOLDER else [],
        **listed(request, book, row),
        **asked_about(request, book, row),
        **offered(request.user),
    }
    return render(request, "accounts/sharing.html", context, status=status)


def inside(user: User, folder: Folder) -> list[dict[str, Any]]:
    """List what of a folder's content somebody may see, folders first."""
    shown = [
        {"name": str(row), "url": entry.url(row), "icon": entry.icon, "label": entry.label}
        for entry in shareables
        if entry.has_folder
        for row in visible(user, entry.model).filter(**{place_field(entry): folder})[:MOST_LISTED]
    ]
    return sorted(shown, key=lambda one: (one["label"] != "Folder", str(one["name"]).casefold()))


def place_field(entry: Shareable) -> str:
    return "parent" if entry.kind == FOLDER else "folder"


def place_of(entry: Shareable, row: Any) -> int | None:
    if not entry.has_folder:
        return None
    found: int | None = row.parent_id if entry.kind == FOLDER else row.folder_id
    return found


def places_for(entry: Shareable, row: Any, paths: dict[int, str]) -> list[tuple[int, str]]:
    """Return the folders that an object could move to, by path."""
    inside = within(row) if entry.kind == FOLDER else set()
    named = [(pk, path) for pk, path in paths.items() if pk not in inside]
    return sorted(named, key=lambda one: one[1].casefold())


def grants_of(book: Book, entry: Shareable, row: Any) -> list[dict[str, Any]]:
    """Return the grants on an object, its own first, then those of the folders around it."""
    own = [(entry.kind, row.pk)]
    around = [(FOLDER, folder.pk) for folder in reaching(book.ways, entry, row)]
    named = {folder.pk: book.called(folder) for folder in reaching(book.ways, entry, row)}
    return [
        {
            "grant": grant,
            "subject": label_of(grant),
            "level": Level(grant.level).label,
            "is_own": key in own,
            "from": "" if key in own else named[key[1]],
        }
        for key in dict.fromkeys(own + around)
        for grant in book.grants.get(key, [])
    ]


def label_of(grant: Grant) -> str:
    if grant.group is None:
        return str(grant.user)
    return f"{grant.group.name} ({'role' if grant.group.name in ROLES else 'team'})"


def listed(request: StaffRequest, book: Book, row: Any) -> dict[str, Any]:
    """List those who can see an object, those found by words first of all."""
    accesses = book.accesses(row)
    wanted = request.GET.get("q", "").replace("\0", "").strip().casefold()
    fitting = [one for one in accesses if wanted in f"{one.user.name} {one.user.email}".casefold()]
    return {
        "people": fitting[:MOST_LISTED],
        "people_count": len(accesses),
        "is_cut": len(fitting) > MOST_LISTED,
        "wanted": wanted,
    }


def asked_about(request: StaffRequest, book: Book, row: Any) -> dict[str, Any]:
    """Answer "why can this person see it?", or why not."""
    email = request.GET.get("person", "").replace("\0", "").strip().lower()
    if not email:
        return {}
    person = User.objects.filter(email=email).first()
    if person is None:
        return {"asked": email, "asked_nobody": True}
    here = next((user for user in book.people if user.pk == person.pk), person)
    reasons = book.why(here, row) if here.is_active else ()
    return {"asked": email, "asked_person": here, "reasons": reasons,
            "why_not": "" if reasons else why_not(book, here, row)}  # fmt: skip


def offered(asker: User) -> dict[str, Any]:
    """Return whom something can be shared with, as the field writes them."""
    people = User.objects.filter(is_active=True).order_by("email")[:MOST_OFFERED]
    teams = visible(asker, Team).select_related("group")
    groups = [f"{team.name} (team)" for team in teams] + [f"{role} (role)" for role in ROLES]
    return {"groups": groups, "persons": people}


@require_POST
@staff_page(VIEW_FOLDER)
def share(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    entry, row = found(request, kind, pk, Level.ADMIN)
    try:
        subject = subject_named(request.user, request.POST.get("to", ""))
        level = level_named(request.POST.get("level", ""))
        grant = actions.share(request.user, row, subject, level)
    except FieldError as problem:
        given = {"given": request.POST, "problem": problem}
        return sharing_page(request, entry, row, status=400, **given)
    messages.success(request, f"{label_of(grant)} may now {VERBS[level]} it.")
    return back(kind, pk)


def level_named(text: str) -> Level:
    found = next((level for level in Level if level.label == text), None)
    if found is None:
        raise FieldError("level", "Choose view, edit or admin.")
    return found


def subject_named(asker: User, text: str) -> User | Group:
    """Read whom to share with: an address, "Payments (team)" or "editor (role)". Raises FieldError."""
    text = text.replace("\0", "").strip()
    for ending, rows in (
        (" (team)", Group.objects.filter(team__in=visible(asker, Team))),
        (" (role)", Group.objects.filter(name__in=ROLES)),
    ):
        if text.endswith(ending):
            group = rows.filter(name__iexact=text.removesuffix(ending)).first()
            if group is not None:
                return group
    named = Q(email=text.lower()) | Q(name__iexact=text)
    people = list(User.objects.filter(named, is_active=True)[:2]) if text else []
    if len(people) != 1:
        found = "Several people are" if people else "No person, team or role is"
        raise FieldError("to", f"{found} called “{text}”: choose one of the list.")
    return people[0]


@require_POST
@staff_page(VIEW_FOLDER)
def unshare(request: StaffRequest, kind: str, pk: int, grant_id: int) -> HttpResponse:
    _, row = found(request, kind, pk, Level.ADMIN)
    own = Grant.objects.filter(object_type=kind, object_id=pk)
    grant = own.select_related("user", "group").filter(pk=grant_id).first()
    if grant is None:
        raise Http404
    actions.unshare(request.user, row, grant)
    messages.success(request, f"It is no longer shared with {label_of(grant)}.")
    return back(kind, pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_FOLDER)
def change(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Show who gains and who loses by another place or flag, and make it so when confirmed."""
    entry, row = found(request, kind, pk, Level.ADMIN)
    given = request.POST if request.method == "POST" else request.GET
    try:
        words, make = wanted_change(request.user, row, given)
        if request.method == "POST":
            make()
            messages.success(request, "Done. Open pages follow within seconds.")
            return back(kind, pk)
        effects = preview(row, make)
    except FieldError as problem:
        return sharing_page(request, entry, row, status=400, problem=problem, given=given)
    context = {
        "entry": entry,
        "row": row,
        "words": words,
        "fields": [(name, value) for name, value in given.items() if name in CHANGES],
        "gains": [one for one in effects if one.is_gain],
        "losses": [one for one in effects if not one.is_gain],
    }
    return render(request, "accounts/sharing_change.html", context)


CHANGES = ("to", "is_public", "stop_inheriting", "is_protected")


def wanted_change(user: User, row: Any, given: QueryDict) -> tuple[str, Callable[[], None]]:
    """Read one change from an address: in words, and what makes it. Raises FieldError."""
    if "to" in given:
        folder = folder_named(user, given.get("to", ""))
        where = f"into the folder “{folder}”" if folder else "out of its folder, to the top"
        return f"Move “{row}” {where}", lambda: actions.move(user, row, folder)
    if "is_public" in given:
        value = given.get("is_public") == "1"
        words = f"Let all staff see “{row}”" if value else f"Show “{row}” no longer to all staff"
        return words, lambda: actions.set_public(user, row, is_public=value)
    if "stop_inheriting" in given:
        value = given.get("stop_inheriting") == "1"
        words = "no longer the rights" if value else "the rights"
        return (
            f"Let “{row}” have {words} of its place",
            lambda: actions.set_inheriting(user, row, stops=value),
        )
    if "is_protected" in given:
        value = given.get("is_protected") == "1"
        words = "only those it is shared with" if value else "all whose role allows it"
        return (
            f"Let {words} change “{row}”",
            lambda: actions.set_protected(user, row, is_protected=value),
        )
    raise FieldError("to", "Choose a folder.")


def folder_named(user: User, text: str) -> Folder | None:
    if text == TOP:
        return None
    is_number = text.isdecimal() and len(text) < 19
    found = visible(user, Folder).filter(pk=int(text)).first() if is_number else None
    if found is None:
        raise FieldError("to", "There is no such folder.")
    return found


def back(kind: str, pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("sharing", args=[kind, pk]))
