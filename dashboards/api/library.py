"""The API of library widgets: one definition of a widget on many dashboards."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards import actions
from dashboards.adding import require_may_make
from dashboards.library import read_draft
from dashboards.library_shapes import listed_as_json, row_as_json
from dashboards.models import VIEW, LibraryWidget
from portal.accounts.access import fetch
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import OBJECT, TEXT, TIME, WHOLE, Operation, listed, record
from portal.lib.reading import Reader

FIELDS = {"name": TEXT, "description": TEXT, "definition": OBJECT}
ROW = record(
    uid=TEXT, **FIELDS, version=WHOLE, created_by=TEXT, created_at=TIME, updated_at=TIME,
    dashboards=WHOLE, used_on=listed(record(uid=TEXT, name=TEXT)), url=TEXT, api=TEXT,
)  # fmt: skip
NEW = record(("name", "definition"), **FIELDS)
CHANGE = record((), **FIELDS, version={**WHOLE, "description": "the one that was read"})


class LibraryWidgetList(APIView):
    """Library widgets, with where each is used; and make one.

    A `definition` is a widget's `description`, `source`, `query`, `refresh_interval` and `config`. A
    widget of a dashboard shows it by `config.library`: the uid.
    """

    required_permission = VIEW
    operations = {
        "get": Operation(answer=record(library_widgets=listed(ROW))),
        "post": Operation(body=NEW, answer=ROW, status=201),
    }

    @extend_schema(operation_id="library_widgets_list")
    def get(self, request: Request) -> Response:
        return Response({"library_widgets": listed_as_json(maker(request))})

    def post(self, request: Request) -> Response:
        user, now = maker(request), clock.now()
        made = actions.keep_in_library(user, read_draft(request.data, None, now), now)
        return Response(row_as_json(user, made), status=201)


class LibraryWidgetDetail(APIView):
    """One library widget. A change reaches every dashboard that it stands on, at once.

    A change may carry the `version` that it was made on; a stale one gets 409 with both sides. When
    one is removed, the boxes that showed it keep what it was as their own.
    """

    required_permission = VIEW
    operations = {
        "get": Operation(answer=ROW),
        "put": Operation(body=CHANGE, answer=ROW),
    }

    @extend_schema(operation_id="library_widgets_retrieve")
    def get(self, request: Request, uid: str) -> Response:
        user = maker(request)
        return Response(row_as_json(user, fetch(user, LibraryWidget, uid=uid)))

    def put(self, request: Request, uid: str) -> Response:
        user, now = maker(request), clock.now()
        row = fetch(user, LibraryWidget, edit=True, uid=uid)
        draft, version = read_draft(request.data, row, now), version_in(request)
        changed = actions.change_library_widget(user, row, draft, version, now)
        return Response(row_as_json(user, changed))

    def delete(self, request: Request, uid: str) -> Response:
        user = maker(request)
        row = fetch(user, LibraryWidget, edit=True, uid=uid)
        actions.remove_from_library(user, row, clock.now())
        return Response(status=204)


def maker(request: Request) -> User:
    """Return who asks. Raises PermissionDenied for somebody who may not make dashboards."""
    user = staff_of(request)
    require_may_make(user)
    return user


def version_in(request: Request) -> int | None:
    reader = Reader(request.data)
    if reader.values.get("version") is None:
        return None
    if isinstance(reader.values["version"], bool):
        raise FieldError("version", "This must be the version that was read.")
    return reader.integer("version", 0, low=1, high=2**31 - 1)
