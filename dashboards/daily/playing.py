"""Playlists: make, change and play them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.adding import may_make
from dashboards.daily import actions
from dashboards.daily.actions import PlaylistDraft
from dashboards.looking import look_of
from dashboards.models import VIEW, Dashboard, Playlist
from dashboards.views.pages import boxes_of, first_tab, placed
from portal.accounts.access import fetch, level_of, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Level, User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale

USUAL_S = 30


@require_safe
@staff_page(VIEW)
def playlists(request: StaffRequest) -> HttpResponse:
    rows = visible(request.user, Playlist).select_related("created_by")
    seen = set(visible(request.user, Dashboard).values_list("pk", flat=True))
    context = {
        "playlists": [
            {"row": row, "boards": [one for one in boards_of(row) if one.pk in seen]}
            for row in rows.prefetch_related("entries__dashboard")
        ],
        "may_make": may_make(request.user),
    }
    return render(request, "dashboards/daily/playlists.html", context)


def boards_of(playlist: Playlist) -> list[Dashboard]:
    return [entry.dashboard for entry in playlist.entries.all()]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def new_playlist(request: StaffRequest) -> HttpResponse:
    actions.require_may_make(request.user)
    if request.method != "POST":
        return edit_page(request, None, {"interval_s": USUAL_S})
    try:
        draft = draft_in(request, [])
        made = actions.create_playlist(request.user, draft, clock.now())
    except FieldError as problem:
        return edit_page(request, None, request.POST, problem)
    messages.success(request, "Only you see it until you share it.")
    return HttpResponseRedirect(made.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def playlist(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a playlist, as a form to who may change it."""
    is_change = request.method == "POST"
    found = fetch(request.user, Playlist, edit=is_change, pk=pk)
    if not is_change:
        return edit_page(request, found, {"name": found.name, "interval_s": found.interval_s})
    try:
        draft = draft_in(request, unseen(request.user, found))
        version = request.POST.get("version", "")
        at = int(version) if version.isdecimal() and len(version) < 10 else None
        actions.change_playlist(request.user, found, draft, at, clock.now())
    except FieldError as problem:
        return edit_page(request, found, request.POST, problem)
    except Stale as problem:
        return edit_page(request, found, request.POST, FieldError("", str(problem)), status=409)
    messages.success(request, "Saved. Screens follow with their next dashboard.")
    return HttpResponseRedirect(found.get_absolute_url())


def unseen(user: User, playlist: Playlist) -> list[Dashboard]:
    """Return what is in a playlist and hidden from somebody: saving it leaves that in."""
    seen = set(visible(user, Dashboard).values_list("pk", flat=True))
    return [board for board in boards_of(playlist) if board.pk not in seen]


def draft_in(request: StaffRequest, hidden: list[Dashboard]) -> PlaylistDraft:
    """Read the form. Raises FieldError."""
    uids = [uid for uid in request.POST.getlist("dashboards") if uid][:100]
    known = {row.uid: row for row in visible(request.user, Dashboard).filter(uid__in=uids)}
    interval = request.POST.get("interval_s", "")
    return PlaylistDraft(
        name=request.POST.get("name", ""),
        interval_s=int(interval) if interval.isdecimal() and len(interval) < 9 else 0,
        boards=[known[uid] for uid in uids if uid in known] + hidden,
    )


def edit_page(
    request: StaffRequest,
    found: Playlist | None,
    given: Any,
    problem: FieldError | None = None,
    status: int = 0,
) -> HttpResponse:
    level = level_of(request.user, found) if found else Level.ADMIN
    seen = visible(request.user, Dashboard).order_by("name")
    chosen = given.getlist("dashboards") if hasattr(given, "getlist") else uids_of(found)
    by_uid = {row.uid: row for row in seen}
    context = {
        "playlist": found,
        "given": given,
        "problem": problem,
        "level": level,
        "may_edit": level is not None and level >= Level.EDIT,
        "chosen": [by_uid[uid] for uid in chosen if uid in by_uid],
        "dashboards": seen,
        "hidden": len(unseen(request.user, found)) if found else 0,
        "shortest": actions.SHORTEST_S,
        "longest": actions.LONGEST_S,
    }
    status = status or (400 if problem else 200)
    return render(request, "dashboards/daily/playlist.html", context, status=status)


def uids_of(found: Playlist | None) -> list[str]:
    return [board.uid for board in boards_of(found)] if found else []


@require_POST
@staff_page(VIEW)
def delete_playlist(request: StaffRequest, pk: int) -> HttpResponse:
    found = fetch(request.user, Playlist, level=Level.ADMIN, pk=pk)
    actions.delete_playlist(request.user, found)
    messages.success(request, f"“{found.name}” is deleted; its screens close.")
    return HttpResponseRedirect(reverse("playlists"))


@require_safe
@staff_page(VIEW)
def play(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the dashboard whose turn it is, full screen; the page goes on by itself."""
    found = fetch(request.user, Playlist, pk=pk)
    seen = set(visible(request.user, Dashboard).values_list("pk", flat=True))
    boards = [board for board in boards_of(found) if board.pk in seen]
    if not boards:
        messages.warning(request, "You may see none of the dashboards in this playlist.")
        return HttpResponseRedirect(found.get_absolute_url())
    text = request.GET.get("at", "")
    turn = (int(text) if text.isdecimal() and len(text) < 4 else 0) % len(boards)
    board = boards[turn]
    look = look_of(board, request.user, {})
    boxes = placed(boxes_of(board, first_tab(board), look, request.user))
    context = {
        "request": request,
        "theme": request.COOKIES.get("theme", ""),
        "portal_time_zone": settings.PORTAL_TIME_ZONE,
        "is_screen": True,
        "name": board.name,
        "boxes": boxes,
        "board_kind": "dashboards",
        "ident": board.uid,
        "rows": max((one["widget"].y + one["widget"].h for one in boxes), default=1),
        "playlist": found,
        "turn": turn,
        "turns": len(boards),
        "next_url": f"?at={(turn + 1) % len(boards)}",
        "previous_url": f"?at={(turn - 1) % len(boards)}",
        "leave_url": found.get_absolute_url(),
    }
    return HttpResponse(render_to_string("dashboards/open/page.html", context))
