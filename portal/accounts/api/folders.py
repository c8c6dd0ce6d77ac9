"""Folders: where dashboards and saved insights stand."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import actions
from portal.accounts.access import fetch, require, require_level, visible
from portal.accounts.api import described
from portal.accounts.folders import folder_json, paths_of
from portal.accounts.models import CHANGE_FOLDER, VIEW_FOLDER, Folder, Level, User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader

MAX_ID = 2**63 - 1


class FolderList(APIView):
    """List the folders that the caller may see, and make one."""

    required_permission = VIEW_FOLDER
    operations = {"get": described.FOLDER_LIST, "post": described.FOLDER_CREATE}

    def get(self, request: Request) -> Response:
        rows = list(visible(staff_of(request), Folder).select_related("created_by"))
        paths = paths_of(rows)
        return Response({"folders": [folder_json(row, paths) for row in rows]})

    @transaction.atomic
    def post(self, request: Request) -> Response:
        user = staff_of(request)
        reader = Reader(request.data)
        parent = parent_of(user, reader)
        if parent is None:
            require(user, CHANGE_FOLDER)
        name, flags = reader.text("name"), flags_of(reader)
        reader.finish()
        made = actions.create_folder(
            user, name=name, parent=parent, now=clock.now(), is_public=flags.get("is_public")
        )
        if flags.get("stop_inheriting"):
            actions.set_inheriting(user, made, stops=True)
        return Response(shown(user, made), status=201)


class FolderDetail(APIView):
    """One folder. Only an empty one can be deleted; who administers it may move and share it."""

    required_permission = VIEW_FOLDER
    operations = {
        "get": described.FOLDER_ONE,
        "patch": described.FOLDER_CHANGE,
        "put": described.FOLDER_REPLACE,
    }

    def get(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        return Response(shown(user, fetch(user, Folder, pk=pk)))

    def patch(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    def put(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    @transaction.atomic
    def changed(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        folder = fetch(user, Folder, edit=True, pk=pk)
        reader = Reader(request.data)
        name = reader.text("name", folder.name)
        parent = parent_of(user, reader) if "parent" in reader.values else folder.parent
        flags = flags_of(reader)
        reader.finish()
        moves = (parent.pk if parent else None) != folder.parent_id
        if moves or any(getattr(folder, flag) != value for flag, value in flags.items()):
            require_level(user, folder, Level.ADMIN)
        actions.change_folder(user, folder, name=name, parent=parent)
        set_flags(user, folder, flags)
        return Response(shown(user, Folder.objects.get(pk=pk)))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        actions.delete_folder(user, fetch(user, Folder, edit=True, pk=pk))
        return Response(status=204)


def shown(user: User, folder: Folder) -> dict[str, Any]:
    return folder_json(folder, paths_of(visible(user, Folder)))


def flags_of(
    reader: Reader, names: tuple[str, ...] = ("is_public", "stop_inheriting")
) -> dict[str, bool]:
    """Read those of the flags that are said. Raises FieldError."""
    found = {name: reader.flag(name) for name in names if reader.values.get(name) is not None}
    reader.known.extend(names)
    return found


def set_flags(user: User, row: Any, flags: dict[str, bool]) -> None:
    if "is_public" in flags:
        actions.set_public(user, row, is_public=flags["is_public"])
    if "stop_inheriting" in flags:
        actions.set_inheriting(user, row, stops=flags["stop_inheriting"])
    if "is_protected" in flags:
        actions.set_protected(user, row, is_protected=flags["is_protected"])


def parent_of(user: User, reader: Reader, name: str = "parent") -> Folder | None:
    """Return the folder that a field names by its id. Raises FieldError."""
    if reader.take(name) is None:
        return None
    wanted = reader.integer(name, 0, low=1, high=MAX_ID)
    found = visible(user, Folder).filter(pk=wanted).first()
    if found is None:
        raise FieldError(name, "There is no folder with this id.")
    return found
