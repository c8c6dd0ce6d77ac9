"""Dashboards as documents: list, make, read, save, copy and remove them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards import actions
from dashboards.adding import require_may_make
from dashboards.api.described import DOCUMENT, SAVED
from dashboards.document import checked, long_text
from dashboards.models import CHANGE, VIEW, Dashboard
from dashboards.shapes import as_json, document_of
from portal.accounts.access import fetch, visible
from portal.accounts.actions import folder_at, move, set_public
from portal.accounts.folders import paths_of
from portal.accounts.models import Folder, Level, User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import TEXT, Operation, record
from portal.lib.reading import Reader, name_of

LONGEST_NOTE = 200


class DashboardList(APIView):
    """Every dashboard that the caller may see, with its widgets; and make one.

    A new dashboard is seen by its owner alone, unless `is_public` lets all staff see it or `folder`,
    a path or an id, puts it where others see it.
    """

    required_permission = VIEW
    operations = {"post": Operation(body=DOCUMENT, answer=SAVED, status=201)}

    @extend_schema(operation_id="dashboards_list")
    def get(self, request: Request) -> Response:
        user = staff_of(request)
        rows = visible(user, Dashboard).select_related("created_by").prefetch_related("widgets")
        paths = paths_of(visible(user, Folder))
        return Response({"dashboards": [as_json(row, paths=paths) for row in rows]})

    def post(self, request: Request) -> Response:
        user, now = staff_of(request), clock.now()
        require_may_make(user)
        document, around = checked(request.data), Reader(request.data)
        place = actions.Place(
            long_text(around, "uid", 64),
            folder_at(user, wanted_folder(around), now, change=CHANGE),
            around.flag("is_public"),
        )
        made = actions.create(user, document, now, place, long_text(around, "note", LONGEST_NOTE))
        return Response(shown_to(user, made), status=201)


class DashboardDetail(APIView):
    """One dashboard with its widgets.

    A change carries the `version` that it was made on. A stale one gets 409 with both sides
    (`current`, `yours`), the version both began from (`base`), both together (`merged`) and what only
    a person can decide (`conflicts`). PATCH replaces only the fields that it names.
    """

    required_permission = VIEW
    operations = {
        "put": Operation(body=DOCUMENT, answer=SAVED),
        "patch": Operation(body=DOCUMENT, answer=SAVED),
    }

    @extend_schema(operation_id="dashboards_retrieve")
    def get(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        return Response(shown_to(user, fetch(user, Dashboard, uid=uid)))

    def put(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        return self._saved(user, dashboard, request.data, request.data)

    def patch(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        if not isinstance(request.data, Mapping):
            raise FieldError("body", f"This must be an object, not {name_of(request.data)}.")
        return self._saved(
            user, dashboard, {**document_of(dashboard), **request.data}, request.data
        )

    def _saved(self, user: User, dashboard: Dashboard, whole: Any, given: Any) -> Response:
        document, around, now = checked(whole), Reader(given), clock.now()
        version, note = version_in(around), long_text(around, "note", LONGEST_NOTE)
        with transaction.atomic():  # a stale save moves nothing, who sees it included
            settle_rights(user, dashboard, around)
            saved = actions.save(user, dashboard, document, version, now, note)
        saved.refresh_from_db()
        return Response(shown_to(user, saved))

    def delete(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        actions.remove(user, fetch(user, Dashboard, edit=True, level=Level.ADMIN, uid=uid))
        return Response(status=204)


class DashboardCopy(APIView):
    """Make a dashboard of one's own that begins as this one is."""

    required_permission = VIEW
    operations = {"post": Operation(body=record(name=TEXT), answer=SAVED, status=201)}

    def post(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        require_may_make(user)
        dashboard = fetch(user, Dashboard, uid=uid)
        reader = Reader(request.data)
        name = reader.text("name", "")
        reader.finish()
        made = actions.duplicate(user, dashboard, clock.now(), name=name)
        return Response(shown_to(user, made), status=201)


def version_in(reader: Reader) -> int:
    """Return the version that a change was made on. Raises FieldError where none is given."""
    if reader.values.get("version") is None:
        raise FieldError("version", "This must be the version that was read.")
    return reader.integer("version", 0, low=1, high=2**31 - 1)


def wanted_folder(reader: Reader) -> int | str | None:
    given = reader.take("folder")
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not isinstance(given, int | str) or "\0" in str(given):
        raise FieldError("folder", "This must be a folder's path or id.")
    return given


def settle_rights(user: User, dashboard: Dashboard, around: Reader) -> None:
    """Move a dashboard, or let all staff see it, where a change says so; that takes its owner or who
    administers it. Raises FieldError, PermissionDenied.
    """
    given = around.values
    shown = shown_to(user, dashboard)
    if given.get("is_public") not in (None, dashboard.is_public):
        fetch(user, Dashboard, level=Level.ADMIN, pk=dashboard.pk)
        set_public(user, dashboard, is_public=around.flag("is_public"))
    if given.get("folder") not in (None, shown["folder"], dashboard.folder_id):
        fetch(user, Dashboard, level=Level.ADMIN, pk=dashboard.pk)
        move(user, dashboard, folder_at(user, wanted_folder(around), clock.now(), change=CHANGE))


def shown_to(user: User, dashboard: Dashboard) -> dict[str, Any]:
    return as_json(dashboard, paths=paths_of(visible(user, Folder)))
