"""Permission of the API: staff only, and within a token's scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission

from portal.accounts.access import is_staff_member
from portal.accounts.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class StaffPermission(BasePermission):
    """Let active staff in. A view names more by `required_permission` ("app.codename") and says
    `reads_by_post = True` when its POST changes nothing (insights).
    """

    message = "Your roles or this token's scopes do not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not is_staff_member(request.user):
            return False
        if (
            isinstance(request.auth, ApiToken)
            and needed_scope(request, view) not in request.auth.scopes
        ):
            return False
        needed = getattr(view, "required_permission", "")
        return not needed or request.user.has_perm(needed)


def needed_scope(request: Request, view: APIView) -> str:
    reads = request.method in SAFE_METHODS or getattr(view, "reads_by_post", False)
    return getattr(view, "required_scope", "read" if reads else "write")
