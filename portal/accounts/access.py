"""Who may what: the only way from a user to an object.

Grants, teams and folders join here; callers keep asking `visible` and `fetch`.
"""

from __future__ import annotations

from typing import Protocol, TypeGuard, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from portal.accounts.models import User
from portal.accounts.roles import query_limit
from portal.lib.asker import current

M = TypeVar("M", bound=Model)


class Shared(Protocol):
    """A queryset that knows which of its rows a member of staff may see and change."""

    def visible_to(self, user: User) -> QuerySet[Model]: ...

    def editable_by(self, user: User) -> QuerySet[Model]: ...


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
    rows: QuerySet[M] = model._default_manager.visible_to(user)  # type: ignore[attr-defined]  # Shared
    return rows


def fetch(user: User, model: type[M], *, edit: bool = False, **lookup: object) -> M:
    """Return one row. Raises Http404 when the user may not know of it, PermissionDenied
    when it may be seen but not changed.
    """
    row = visible(user, model).filter(**lookup).first()
    if row is None:
        raise Http404
    if edit:
        editable: QuerySet[M] = model._default_manager.editable_by(user)  # type: ignore[attr-defined]  # Shared
        if not editable.filter(pk=row.pk).exists():
            raise PermissionDenied("You may see this, but not change it.")
    return row


def row_rights(user: User) -> str:
    """Name the set of measured rows the user may read; part of every cache key.

    All staff read all data sets until row filters exist.
    """
    return "all" if user.is_active else "none"
