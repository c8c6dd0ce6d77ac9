"""Who may what: the only way from a user to an object.

The rule, the same as a queryset (`visible`, `at_level`), as a predicate (`may`) and in words
(`portal.accounts.reasons`): a role first has to let one see such things at all. Then one may see
what is open to all, what one made, and what a grant gives: to oneself, to one of one's teams or
roles; on the object, or on a folder that it stands in, as far as nothing stops inheriting. An edit
or admin grant lifts what the role alone allows, for this object. See docs/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard, TypeVar

from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404

from portal.accounts.models import FolderPath, Grant, Level, User
from portal.accounts.roles import query_limit
from portal.accounts.shareables import FOLDER, Shareable, kind_of
from portal.lib.asker import current

M = TypeVar("M", bound=Model)


class Shared(Protocol):
    """A queryset that knows which of its rows a member of staff may see and change; of models
    without grants.
    """

    def visible_to(self, user: User) -> QuerySet[Model]: ...

    def editable_by(self, user: User) -> QuerySet[Model]: ...


class NotVisible(Http404):
    """The user may not know of the object, or there is none; `wanted` names it for the trail."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted


class TooLow(PermissionDenied):
    """The user may see the object `wanted`, but not do this with it."""

    def __init__(self, message: str, wanted: str) -> None:
        super().__init__(message)
        self.wanted = wanted


class MissingPermission(PermissionDenied):
    """A role of the user would have to carry `permission` ("app.codename")."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"Your roles do not include the permission {permission}.")
        self.permission = permission


def is_staff_member(user: User | AnonymousUser) -> TypeGuard[User]:
    """Tell whether this is an active, logged-in member of staff."""
    # Not isinstance: request.user is a lazy wrapper, and the comparison would not narrow it.
    return user.is_authenticated and user.is_active


def require(user: User, permission: str) -> None:
    """Raise MissingPermission (403) unless a role of the user carries `app.codename`."""
    if not user.has_perm(permission):
        raise MissingPermission(permission)
    grant_time(user)


def grant_time(user: User) -> None:
    """Let the queries of this request run as long as the user's roles allow."""
    asker = current()
    if asker is not None:
        asker.time_limit = query_limit(user.get_all_permissions())


async def arequire(user: User, permission: str) -> None:
    """Raise MissingPermission (403) as `require` does, from async code."""
    if not await user.ahas_perm(permission):
        raise MissingPermission(permission)


def visible(user: User, model: type[M]) -> QuerySet[M]:
    """Return the rows of a model that the user may know of."""
    if kind_of(model) is not None:
        return at_level(user, model, Level.VIEW)
    rows: QuerySet[M] = model._default_manager.visible_to(user)  # type: ignore[attr-defined]  # Shared
    return rows


def editable(user: User, model: type[M]) -> QuerySet[M]:
    """Return the rows of a model that the user may change."""
    if kind_of(model) is not None:
        return at_level(user, model, Level.EDIT)
    rows: QuerySet[M] = model._default_manager.editable_by(user)  # type: ignore[attr-defined]  # Shared
    return rows


def at_level(user: User, model: type[M], level: Level) -> QuerySet[M]:
    """Return the rows of a shareable model on which the user has at least this level."""
    entry = kind_of(model)
    if entry is None:
        raise LookupError(f"{model.__name__} has no levels")
    rows = model._default_manager.all()
    if user.has_perm(entry.administer):
        return rows
    if not user.has_perm(entry.see):
        return rows.none()
    return rows.filter(rule(user, entry, level))


def rule(user: User, entry: Shareable, level: Level) -> Q:
    """Say which rows somebody whose role lets them see such things has at this level."""
    grants = Grant.objects.filter(
        Q(user=user) | Q(group__in=Group.objects.filter(user=user)), level__gte=level
    )
    found = Q(Exists(grants.filter(object_type=entry.kind, object_id=OuterRef("pk"))))
    if entry.is_makers and (level == Level.VIEW or user.has_perm(entry.change)):
        found |= Q(created_by=user)
    if level == Level.VIEW:
        found |= entry.is_open
    if level == Level.EDIT and user.has_perm(entry.change):
        found |= entry.change_is_open
    if entry.folder_field:
        found |= entry.inherits & Q(Exists(reaching_folders(entry, grants, level)))
    return found


def reaching_folders(
    entry: Shareable, grants: QuerySet[Grant], level: Level
) -> QuerySet[FolderPath]:
    """Return the folders whose rights reach an object and that give this level."""
    granted = Q(Exists(grants.filter(object_type=FOLDER, object_id=OuterRef("ancestor_id"))))
    if level == Level.VIEW:
        granted |= Q(ancestor__is_public=True)
    paths = FolderPath.objects.filter(descendant=OuterRef(entry.folder_field), inherits=True)
    return paths.filter(granted)


def may(user: User, row: Model, level: Level) -> bool:
    """Tell whether somebody has at least this level on a shareable object."""
    return at_level(user, type(row), level).filter(pk=row.pk).exists()


def level_of(user: User, row: Model) -> Level | None:
    """Return the highest level that somebody has on a shareable object; None: not even to see."""
    return next((level for level in reversed(Level) if may(user, row, level)), None)


def fetch(
    user: User, model: type[M], *, edit: bool = False, level: Level | None = None, **lookup: Any
) -> M:
    """Return one row. Raises Http404 when the user may not know of it, PermissionDenied when it may
    be seen, but not changed, or not at `level`.
    """
    row = visible(user, model).filter(**lookup).first()
    if row is None:
        raise NotVisible(named(model, lookup))
    if edit and not editable(user, model).filter(pk=row.pk).exists():
        raise TooLow(WORDS[Level.EDIT], named(model, {"pk": row.pk}))
    if level is not None:
        require_level(user, row, level)
    return row


def named(model: type[Model], lookup: Mapping[str, object]) -> str:
    """Name an object as the trail does: `dashboards.dashboard uid=sales`."""
    keys = (f"{name}={value}" for name, value in lookup.items())
    return f"{model._meta.label_lower} {' '.join(keys)}"[:300]


WORDS = {
    Level.VIEW: "You may not see this.",
    Level.EDIT: "You may see this, but not change it.",
    Level.ADMIN: "Only its owner and others who administer it may share or move this.",
}


def require_level(user: User, row: Model, level: Level) -> None:
    """Raise PermissionDenied (403) unless somebody has at least this level on an object."""
    if not may(user, row, level):
        raise TooLow(WORDS[level], named(type(row), {"pk": row.pk}))
