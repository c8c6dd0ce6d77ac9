"""Playlists, favorites and homes over the API."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards.daily import actions
from dashboards.daily.actions import PlaylistDraft
from dashboards.daily.homes import home_of
from dashboards.daily.playing import USUAL_S, boards_of, unseen
from dashboards.models import VIEW, Dashboard, Playlist
from portal.accounts.access import editable, fetch, visible
from portal.accounts.models import Level, User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import (
    FLAG,
    MAYBE_TEXT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    listed,
    record,
)
from portal.lib.reading import Reader

UIDS = {**listed(TEXT), "description": "uids of dashboards, in their order"}
PLAYLIST = record(
    id=WHOLE, name=TEXT, interval_s=WHOLE, dashboards=UIDS, version=WHOLE, may_edit=FLAG,
    created_by=TEXT, updated_at=TIME,
)  # fmt: skip
BODY = record(("name", "dashboards"), name=TEXT, interval_s=WHOLE, dashboards=UIDS, version=WHOLE)
HOME = record(dashboard=MAYBE_TEXT, why=TEXT)


class PlaylistList(APIView):
    """The playlists that the caller sees; and make one."""

    required_permission = VIEW
    operations = {
        "get": Operation(answer=record(playlists=listed(PLAYLIST))),
        "post": Operation(body=BODY, answer=PLAYLIST, status=201),
    }

    def get(self, request: Request) -> Response:
        user = staff_of(request)
        rows = visible(user, Playlist).select_related("created_by")
        rows = rows.prefetch_related("entries__dashboard")
        return Response({"playlists": [playlist_json(user, row) for row in rows]})

    def post(self, request: Request) -> Response:
        user = staff_of(request)
        actions.require_may_make(user)
        draft, _ = draft_in(user, request.data, [])
        made = actions.create_playlist(user, draft, clock.now())
        return Response(playlist_json(user, made), status=201)


class PlaylistDetail(APIView):
    """One playlist. `dashboards` names those that the caller may see; others stay in it."""

    required_permission = VIEW
    operations = {
        "get": Operation(answer=PLAYLIST),
        "put": Operation(body=BODY, answer=PLAYLIST),
    }

    def get(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        return Response(playlist_json(user, fetch(user, Playlist, pk=pk)))

    def put(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        found = fetch(user, Playlist, edit=True, pk=pk)
        draft, version = draft_in(user, request.data, unseen(user, found))
        changed = actions.change_playlist(user, found, draft, version, clock.now())
        return Response(playlist_json(user, changed))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        actions.delete_playlist(user, fetch(user, Playlist, level=Level.ADMIN, pk=pk))
        return Response(status=204)


class FavoriteDetail(APIView):
    """Star a dashboard, or no longer. Both may be repeated."""

    required_permission = VIEW
    operations = {"put": Operation(answer=None, status=204)}

    def put(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        actions.star(user, fetch(user, Dashboard, uid=uid), clock.now())
        return Response(status=204)

    def delete(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        actions.unstar(user, fetch(user, Dashboard, uid=uid))
        return Response(status=204)


class HomeDetail(APIView):
    """The caller's home dashboard and whose choice it is; PUT chooses, null takes the choice back."""

    required_permission = VIEW
    operations = {
        "get": Operation(answer=HOME),
        "put": Operation(body=record(("dashboard",), dashboard=MAYBE_TEXT), answer=HOME),
    }

    def get(self, request: Request) -> Response:
        return Response(home_json(staff_of(request)))

    def put(self, request: Request) -> Response:
        user, reader = staff_of(request), Reader(request.data)
        uid = reader.text("dashboard", "")
        reader.finish()
        chosen = visible(user, Dashboard).filter(uid=uid).first()
        if uid and chosen is None:
            raise FieldError("dashboard", "There is no dashboard with this uid.")
        actions.choose_home(user, chosen)
        return Response(home_json(user))


def home_json(user: User) -> dict[str, Any]:
    found = home_of(user)
    return {
        "dashboard": found.dashboard.uid if found else None,
        "why": found.why or "it ships with the portal" if found else "",
    }


def draft_in(user: User, body: Any, hidden: list[Dashboard]) -> tuple[PlaylistDraft, int | None]:
    """Read a playlist, and the version that its writer saw. Raises FieldError."""
    reader = Reader(body)
    name = reader.text("name")
    interval_s = reader.integer(
        "interval_s", USUAL_S, low=actions.SHORTEST_S, high=actions.LONGEST_S
    )
    uids = reader.each("dashboards", uid_in, most=actions.MOST_ENTRIES)
    version = reader.integer("version", 0, low=1, high=2**31 - 1) or None
    reader.finish()
    known = {row.uid: row for row in visible(user, Dashboard).filter(uid__in=uids)}
    for at, uid in enumerate(uids):
        if uid not in known:
            raise FieldError(f"dashboards[{at}]", "There is no dashboard with this uid.")
    return PlaylistDraft(name, interval_s, [known[uid] for uid in uids] + hidden), version


def uid_in(value: Any, path: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise FieldError(path, "This must be a dashboard's uid.")
    return value


def playlist_json(user: User, row: Playlist) -> dict[str, Any]:
    seen = set(visible(user, Dashboard).values_list("pk", flat=True))
    return {
        "id": row.pk,
        "name": row.name,
        "interval_s": row.interval_s,
        "dashboards": [one.uid for one in boards_of(row) if one.pk in seen],
        "version": row.version,
        "may_edit": editable(user, Playlist).filter(pk=row.pk).exists(),
        "created_by": row.created_by.email if row.created_by else "system",
        "updated_at": row.updated_at,
    }
