"""Public links and snapshots over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards.models import VIEW, Dashboard, Playlist, PublicLink, Snapshot
from dashboards.open import actions
from dashboards.open.addresses import address_of, state_of
from dashboards.open.freezing import require_rows
from dashboards.open.reading import MOST_HOURS, frozen_now, link_in
from portal.accounts.access import fetch
from portal.accounts.models import Level, User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.openapi import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_TIME,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    choice,
    listed,
    record,
)
from portal.lib.reading import Reader

HOURS = {**WHOLE, "minimum": 1, "maximum": MOST_HOURS}
LOOK = {**TEXT, "description": "the query string of the dashboard's address: range, variables"}
LINK = record(
    id=WHOLE, kind=choice(*PublicLink.KINDS), name=TEXT, prefix=TEXT, state=TEXT, look=OBJECT,
    may_choose_range=FLAG, may_download=FLAG, hosts=listed(TEXT), snapshot={**WHOLE, "nullable": True},
    created_by=TEXT, created_at=TIME, expires_at=MAYBE_TIME, revoked_at=MAYBE_TIME, opened=WHOLE,
    last_opened_at=MAYBE_TIME,
)  # fmt: skip
NEW_LINK = record(
    ("name",), name={**TEXT, "description": "whom it is for"}, kind=choice(*PublicLink.KINDS),
    expires_in_hours=HOURS, look=LOOK, may_choose_range=FLAG, may_download=FLAG,
    hosts=listed(TEXT), snapshot=WHOLE,
)  # fmt: skip
MADE = record(**LINK["properties"], url={**TEXT, "description": "shown this once"})
SNAPSHOT = record(
    id=WHOLE, name=TEXT, dashboard=MAYBE_TEXT, range=OBJECT, size_bytes=WHOLE, created_by=TEXT,
    created_at=TIME, expires_at=TIME,
)  # fmt: skip


class LinkList(APIView):
    """The public links of a dashboard, for who administers it; and make one.

    The answer of making one has its `url`, which is shown this once.
    """

    required_permission = VIEW
    operations = {
        "get": Operation(answer=record(links=listed(LINK))),
        "post": Operation(body=NEW_LINK, answer=MADE, status=201),
    }
    model: type[Any] = Dashboard

    def get(self, request: Request, **lookup: Any) -> Response:
        target = fetch(staff_of(request), self.model, level=Level.ADMIN, **lookup)
        rows = target.public_links.select_related("created_by", "snapshot", "dashboard", "playlist")
        return Response({"links": [link_json(row) for row in rows]})

    def post(self, request: Request, **lookup: Any) -> Response:
        user, now = staff_of(request), clock.now()
        target = fetch(user, self.model, level=Level.ADMIN, **lookup)
        board = target if isinstance(target, Dashboard) else None
        new = link_in(request.data, user, board, now)
        link, secret = actions.create_link(user, target, new, now)
        return Response(link_json(link) | {"url": address_of(secret)}, status=201)


class PlaylistLinkList(LinkList):
    """The screens that show a playlist without a login, for who administers it; and make one."""

    model = Playlist


class LinkDetail(APIView):
    """One public link, for who administers what it opens; deleting it revokes it at once."""

    required_permission = VIEW
    operations = {"get": Operation(answer=LINK)}

    def get(self, request: Request, pk: int) -> Response:
        return Response(link_json(fetch(staff_of(request), PublicLink, pk=pk)))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        actions.revoke_link(user, fetch(user, PublicLink, edit=True, pk=pk), clock.now())
        return Response(status=204)


class SnapshotList(APIView):
    """Frozen snapshots of a dashboard; and freeze it now, as the caller sees it."""

    required_permission = VIEW
    operations = {
        "get": Operation(answer=record(snapshots=listed(SNAPSHOT))),
        "post": Operation(
            body=record((), name=TEXT, expires_in_hours=HOURS, look=LOOK),
            answer=SNAPSHOT,
            status=201,
        ),
    }

    def get(self, request: Request, uid: str) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        rows = dashboard.snapshots.select_related("created_by").defer("answers")
        return Response({"snapshots": [snapshot_json(row) for row in rows]})

    def post(self, request: Request, uid: str) -> Response:
        user, now = staff_of(request), clock.now()
        dashboard = fetch(user, Dashboard, uid=uid)
        reader = Reader(request.data)
        name, look = reader.text("name", ""), reader.text("look", "")
        hours = reader.integer("expires_in_hours", 30 * 24, low=1, high=MOST_HOURS)
        reader.finish()
        frozen = frozen_now(user, dashboard, look, now)
        ends = now + timedelta(hours=hours)
        made = actions.keep_snapshot(user, dashboard, frozen, name=name, expires_at=ends, now=now)
        return Response(snapshot_json(made), status=201)


class SnapshotDetail(APIView):
    """One snapshot with its data, for who sees its dashboard and may read the rows it was made of."""

    required_permission = VIEW
    operations = {"get": Operation(answer=record(**SNAPSHOT["properties"], data=OBJECT))}

    def get(self, request: Request, pk: int) -> Response:
        snapshot = snapshot_of(staff_of(request), pk)
        return Response(snapshot_json(snapshot) | {"data": snapshot.answers})

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        actions.delete_snapshot(user, fetch(user, Snapshot, edit=True, pk=pk))
        return Response(status=204)


def snapshot_of(user: User, pk: int) -> Snapshot:
    """Return a snapshot that has not ended. Raises Http404, PermissionDenied."""
    snapshot = fetch(user, Snapshot, pk=pk, expires_at__gt=clock.now())
    require_rows(user, snapshot)
    return snapshot


def link_json(link: PublicLink) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": link.pk,
        "kind": link.kind,
        "name": link.name,
        "prefix": link.prefix,
        "state": state_of(link, now),
        "look": link.look,
        "may_choose_range": link.may_choose_range,
        "may_download": link.may_download,
        "hosts": link.hosts,
        "snapshot": link.snapshot_id,
        "created_by": link.created_by.email,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "opened": link.opened,
        "last_opened_at": link.last_opened_at,
    }


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.pk,
        "name": snapshot.name,
        "dashboard": snapshot.dashboard.uid if snapshot.dashboard else None,
        "range": snapshot.board["range"],
        "size_bytes": snapshot.size_bytes,
        "created_by": snapshot.created_by.email,
        "created_at": snapshot.created_at,
        "expires_at": snapshot.expires_at,
    }
