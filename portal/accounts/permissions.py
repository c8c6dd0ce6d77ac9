"""Permission of the API: staff only, and within a token's scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission

from portal.accounts.access import is_staff_member, require
from portal.accounts.models import ApiToken, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from rest_framework.request import Request
    from rest_framework.views import APIView


class MissingScope(PermissionDenied):
    """The token was not made for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token's scopes do not include {scope}.")
        self.scope = scope


class StaffPermission(BasePermission):
    """Let active staff in. A view names more by `required_permission` ("app.codename") and says
    `reads_by_post = True` when its POST changes nothing (insights).

    What is missing stands in the 403's message; nobody at all gets 401.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not is_staff_member(request.user):
            return False
        if isinstance(request.auth, ApiToken):
            require_scope(request.auth, needed_scope(request, view))
        permission = getattr(view, "required_permission", "")
        if permission:
            require(request.user, permission)
        return True


def staff_of(request: Request) -> User:
    """Return who asks, behind StaffPermission. Raises NotAuthenticated where that was left out."""
    user: User | AnonymousUser = request.user
    if not is_staff_member(user):
        raise NotAuthenticated
    return user


def needed_scope(request: Request, view: APIView) -> str:
    reads = request.method in SAFE_METHODS or getattr(view, "reads_by_post", False)
    return getattr(view, "required_scope", "read" if reads else "write")


def require_scope(token: ApiToken, scope: str) -> None:
    """Raise PermissionDenied (403) unless the token was made for this."""
    if scope not in token.scopes:
        raise MissingScope(scope)
