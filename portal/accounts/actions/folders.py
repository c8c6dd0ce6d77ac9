"""Put things in order: make, rename, move and remove folders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from portal.accounts.access import may, require, visible
from portal.accounts.folders import DEEPEST, closure, height, way_to, write_paths
from portal.accounts.models import CHANGE_FOLDER, Folder, FolderPath, Grant, Level, User
from portal.accounts.shareables import FOLDER, shareables
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish

LONGEST_NAME = 120


def folder_at(
    actor: User, wanted: int | str | None, now: datetime, *, change: str = CHANGE_FOLDER
) -> Folder | None:
    """Return the folder of an id or a path, to put something into it; what is missing of a path is
    made. `change` is the permission to make such things.

    Raises FieldError for an id that does not exist, and for a folder that the actor may only see.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        found = folder_by_path(actor, wanted, now)
    else:
        found = visible(actor, Folder).filter(pk=wanted).first() if 0 < wanted < 2**63 else None
    if found is None:
        raise FieldError(
            "folder", "There is no folder with this id; GET /api/v1/folders lists them."
        )
    check_may_place(actor, found, change)
    return found


def folder_by_path(actor: User, path: str, now: datetime) -> Folder | None:
    parent: Folder | None = None
    for part in path.split("/"):
        name = part.strip()
        rows = visible(actor, Folder).filter(name__iexact=name, parent=parent)
        try:
            parent = rows.first() or create_folder(actor, name=name, parent=parent, now=now)
        except FieldError as problem:  # of a field that whoever gave the path did not fill in
            raise FieldError("folder", problem.message) from problem
    return parent


def check_may_place(actor: User, folder: Folder | None, change: str, field: str = "folder") -> None:
    """Raise FieldError unless somebody may put things into a folder: who may edit it, and where it
    is open to all staff, all whose role lets them make such things.
    """
    if folder is None or may(actor, folder, Level.EDIT):
        return
    if not (is_open(folder) and actor.has_perm(change)):
        message = f"You may see the folder “{folder}”, but not put anything into it."
        raise FieldError(field, message)


def is_open(folder: Folder) -> bool:
    """Tell whether all staff may see what is inside a folder."""
    return FolderPath.objects.filter(
        descendant=folder, inherits=True, ancestor__is_public=True
    ).exists()


@transaction.atomic
def create_folder(
    actor: User,
    *,
    name: str,
    parent: Folder | None,
    now: datetime,
    is_public: bool | None = None,
) -> Folder:
    """Make a folder. Left to itself, one at the top is open to all staff, and one inside another
    has the rights of that.

    Raises FieldError for a name that is empty, taken there, or holds a slash, and for a parent that
    the actor may only see; MissingPermission where nothing lets them make one.
    """
    if parent is not None:
        Folder.objects.select_for_update().get(pk=parent.pk)  # does not move meanwhile
        check_may_place(actor, parent, CHANGE_FOLDER, "parent")
    else:
        require(actor, CHANGE_FOLDER)
    name = folder_name(name, parent)
    is_public = parent is None if is_public is None else is_public
    folder = Folder(name=name, parent=parent, is_public=is_public, created_by=actor, created_at=now)
    store(folder)
    around = {one.pk: one for one in way_to(folder)}
    FolderPath.objects.bulk_create(
        FolderPath(ancestor_id=ancestor, descendant=folder, inherits=inherits)
        for ancestor, inherits in closure(folder, around)
    )
    trail.record(actor, "folder.create", folder, Change(after=placed(folder)))
    return folder


@transaction.atomic
def change_folder(actor: User, folder: Folder, *, name: str, parent: Folder | None) -> Folder:
    """Rename or move a folder; who may move it is for the caller to check.

    Raises FieldError as `create_folder` does.
    """
    # All of them: two folders that move into each other at once would stand nowhere.
    everything = list(Folder.objects.select_for_update())
    found = next(one for one in everything if one.pk == folder.pk)
    before = placed(found)
    if parent is not None and found in way_to(parent):
        raise FieldError("parent", "A folder cannot stand inside itself.")
    if parent is not None and len(way_to(parent)) + height(found, everything) > DEEPEST:
        raise FieldError("parent", f"Folders are nested {DEEPEST} deep at most.")
    moves = found.parent_id != (parent.pk if parent else None)
    if moves:
        check_may_place(actor, parent, CHANGE_FOLDER, "parent")
    found.name, found.parent = folder_name(name, parent), parent
    if placed(found) == before:
        return found
    store(found)
    if moves:
        write_paths()
        publish.rights_changed()
    trail.record(actor, "folder.change", found, Change(before, placed(found)))
    return found


@transaction.atomic
def delete_folder(actor: User, folder: Folder) -> None:
    """Remove an empty folder. Raises FieldError while anything is inside, seen or unseen."""
    found = Folder.objects.select_for_update().get(pk=folder.pk)
    if found.folders.exists() or holds_something(found):
        raise FieldError(
            "folder", "Something is still in this folder, maybe of somebody else: move it first."
        )
    trail.record(actor, "folder.delete", found, Change(before=placed(found)))
    forget(FOLDER, found.pk)
    found.delete()


def holds_something(folder: Folder) -> bool:
    return any(
        entry.model._default_manager.filter(folder=folder).exists()
        for entry in shareables
        if entry.kind != FOLDER and entry.has_folder
    )


def forget(kind: str, pk: int) -> None:
    """Remove the grants of an object that is being deleted; in the transaction that does."""
    Grant.objects.filter(object_type=kind, object_id=pk).delete()


def folder_name(name: str, parent: Folder | None) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "/" in name or "\0" in name:
        raise FieldError(
            "name", f"A folder needs a name of at most {LONGEST_NAME} characters, without /."
        )
    if parent is not None and len(way_to(parent)) >= DEEPEST:
        raise FieldError("parent", f"Folders are nested {DEEPEST} deep at most.")
    return name


def store(folder: Folder) -> None:
    try:
        with transaction.atomic():
            folder.save()
    except IntegrityError as taken:
        message = f"There is a folder named “{folder.name}” here already."
        raise FieldError("name", message) from taken


def placed(folder: Folder) -> dict[str, Any]:
    return {"name": folder.name, "parent": folder.parent_id}
