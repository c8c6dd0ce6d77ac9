"""Put saved insights in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from analytics.insights.drafts import LONGEST_NAME
from analytics.insights.models import Folder
from analytics.insights.shapes import DEEPEST, way_to
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError


def folder_at(actor: User, wanted: int | str | None, now: datetime) -> Folder | None:
    """Return the folder of an id or a path; what is missing of a path is made.

    Raises FieldError for an id that does not exist.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return folder_by_path(actor, wanted, now)
    found = visible(actor, Folder).filter(pk=wanted).first() if 0 < wanted < 2**63 else None
    if found is None:
        raise FieldError(
            "folder", "There is no folder with this id; GET /api/v1/folders lists them."
        )
    return found


def folder_by_path(actor: User, path: str, now: datetime) -> Folder | None:
    parent: Folder | None = None
    for part in path.split("/"):
        name = part.strip()
        known = Folder.objects.filter(name__iexact=name, parent=parent).first()
        parent = known or create_folder(actor, name=name, parent=parent, now=now)
    return parent


@transaction.atomic
def create_folder(actor: User, *, name: str, parent: Folder | None, now: datetime) -> Folder:
    """Make a folder. Raises FieldError for a name that is empty, taken there, or holds a slash."""
    name = folder_name(name, parent)
    folder = Folder(name=name, parent=parent, created_by=actor, created_at=now)
    store(folder)
    trail.record(actor, "folder.create", folder, Change(after=placed(folder)))
    return folder


@transaction.atomic
def change_folder(actor: User, folder: Folder, *, name: str, parent: Folder | None) -> Folder:
    """Rename or move a folder. Raises FieldError as `create_folder` does."""
    # All of them: two folders that move into each other at once would stand nowhere.
    everything = list(Folder.objects.select_for_update())
    found = next(one for one in everything if one.pk == folder.pk)
    before = placed(found)
    if parent is not None and found in way_to(parent):
        raise FieldError("parent", "A folder cannot stand inside itself.")
    if parent is not None and len(way_to(parent)) + height(found, everything) > DEEPEST:
        raise FieldError("parent", f"Folders are nested {DEEPEST} deep at most.")
    found.name, found.parent = folder_name(name, parent), parent
    if placed(found) != before:
        store(found)
        trail.record(actor, "folder.change", found, Change(before, placed(found)))
    return found


@transaction.atomic
def delete_folder(actor: User, folder: Folder) -> None:
    """Remove an empty folder. Raises FieldError while anything is inside, seen or unseen."""
    found = Folder.objects.select_for_update().get(pk=folder.pk)
    if found.folders.exists() or found.insights.exists():
        raise FieldError(
            "folder", "Something is still in this folder, maybe of somebody else: move it first."
        )
    trail.record(actor, "folder.delete", found, Change(before=placed(found)))
    found.delete()


def folder_name(name: str, parent: Folder | None) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "/" in name or "\0" in name:
        raise FieldError(
            "name", f"A folder needs a name of at most {LONGEST_NAME} characters, without /."
        )
    if parent is not None and len(way_to(parent)) >= DEEPEST:
        raise FieldError("parent", f"Folders are nested {DEEPEST} deep at most.")
    return name


def height(folder: Folder, everything: Sequence[Folder]) -> int:
    """Return how many folders stand inside one another, from this one on."""
    inside = [one for one in everything if one.parent_id == folder.pk]
    return 1 + max((height(one, everything) for one in inside), default=0)


def store(folder: Folder) -> None:
    try:
        with transaction.atomic():
            folder.save()
    except IntegrityError as taken:
        message = f"There is a folder named “{folder.name}” here already."
        raise FieldError("name", message) from taken


def placed(folder: Folder) -> dict[str, Any]:
    return {"name": folder.name, "parent": folder.parent_id}
