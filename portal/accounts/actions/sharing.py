"""Who may see and change one object: grants, what it inherits, and where it stands."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model

from portal.accounts.actions.folders import change_folder, check_may_place
from portal.accounts.folders import write_paths
from portal.accounts.models import Folder, Grant, Level, User
from portal.accounts.roles import ROLES
from portal.accounts.shareables import entry_of
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish


@transaction.atomic
def share(actor: User, row: Model, subject: User | Group, level: Level) -> Grant:
    """Let a person, team or role do more, or less, with an object; each has one grant on it.

    Raises FieldError for an account that is switched off and for a group that is neither team nor
    role.
    """
    check_subject(subject)
    locked(row)
    entry = entry_of(row)
    one = {"user": subject} if isinstance(subject, User) else {"group": subject}
    grant = Grant.objects.filter(object_type=entry.kind, object_id=row.pk, **one).first()
    before = {**described(grant)} if grant else None
    if grant is None:
        grant = Grant(object_type=entry.kind, object_id=row.pk, created_by=actor, **one)
    if before is None or grant.level != level:
        grant.level = level
        grant.save()
        trail.record(actor, f"{entry.kind}.share", row, Change(before, described(grant)))
        publish.rights_changed()
    return grant


@transaction.atomic
def unshare(actor: User, row: Model, grant: Grant) -> None:
    """Take a grant on an object back; twice changes nothing."""
    removed, _ = Grant.objects.filter(pk=grant.pk).delete()
    if removed:
        kind = entry_of(row).kind
        trail.record(actor, f"{kind}.unshare", row, Change(before=described(grant)))
        publish.rights_changed()


@transaction.atomic
def set_inheriting(actor: User, row: Model, *, stops: bool) -> None:
    """Let an object stop taking the rights of the folders around it, or take them again.

    Raises FieldError for a kind that stands in no folder.
    """
    check_stands(row, "stop_inheriting")
    change_rights(actor, row, "stop_inheriting", stops)


@transaction.atomic
def set_public(actor: User, row: Model, *, is_public: bool) -> None:
    """Let all staff whose role shows such things see an object, or only those it is shared with.

    Raises FieldError for a kind that knows no such thing.
    """
    entry = entry_of(row)
    if not entry.may_be_public:
        raise FieldError("is_public", f"A {entry.label.lower()} is public by its folder only.")
    change_rights(actor, row, "is_public", is_public)


def check_stands(row: Model, field: str) -> None:
    entry = entry_of(row)
    if not entry.has_folder:
        raise FieldError(field, f"A {entry.label.lower()} stands in no folder.")


@transaction.atomic
def set_protected(actor: User, row: Model, *, is_protected: bool) -> None:
    """Let only its owner and those it is shared with change an object that all may change otherwise.

    Raises FieldError for a kind that knows no such thing.
    """
    entry = entry_of(row)
    if not entry.may_be_protected:
        raise FieldError("is_protected", f"A {entry.label.lower()} is changed by grants only.")
    change_rights(actor, row, "is_protected", is_protected)


def change_rights(actor: User, row: Model, name: str, value: bool) -> None:
    found = locked(row)
    before = getattr(found, name)
    if before == value:
        return
    setattr(found, name, value)
    found.save()
    if isinstance(found, Folder) and name == "stop_inheriting":
        write_paths()
    change = Change(before={name: before}, after={name: value})
    trail.record(actor, f"{entry_of(row).kind}.rights", found, change)
    publish.rights_changed()


@transaction.atomic
def move(actor: User, row: Any, folder: Folder | None) -> None:
    """Put an object into a folder, or at the top; who may move it is for the caller to check.

    Raises FieldError for a folder that the actor may only see, or that cannot take a folder, and for
    a kind that stands in none.
    """
    check_stands(row, "folder")
    if isinstance(row, Folder):
        change_folder(actor, row, name=row.name, parent=folder)
        return
    entry, found = entry_of(row), locked(row)
    before = found.folder_id
    if before == (folder.pk if folder else None):
        return
    check_may_place(actor, folder, entry.change)
    found.folder = folder
    found.save(update_fields=["folder"])
    change = Change(before={"folder": before}, after={"folder": found.folder_id})
    trail.record(actor, f"{entry.kind}.move", found, change)
    publish.rights_changed()


def locked(row: Model) -> Any:
    """Return the object as it stands in the database, with its row locked."""
    if isinstance(row, Folder):  # all of them, as whoever moves one does
        return next(one for one in Folder.objects.select_for_update() if one.pk == row.pk)
    return type(row)._default_manager.select_for_update().get(pk=row.pk)


def check_subject(subject: User | Group) -> None:
    if isinstance(subject, User):
        if not subject.is_active:
            raise FieldError("user", f"The account of {subject} is switched off.")
    elif subject.name not in ROLES and not hasattr(subject, "team"):
        raise FieldError("team", "There is no such team.")


def described(grant: Grant) -> dict[str, Any]:
    """Return what the trail says of a grant."""
    return {"to": subject_label(grant), "level": Level(grant.level).label}


def subject_label(grant: Grant) -> str:
    """Return "team Payments", "role editor", or a person's address."""
    if grant.group is None:
        return grant.user.email if grant.user else ""
    return f"{'role' if grant.group.name in ROLES else 'team'} {grant.group.name}"
