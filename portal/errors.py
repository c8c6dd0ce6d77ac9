"""What people and programs are told when something is refused, missing or broken."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.accounts.access import MissingPermission
from portal.accounts.models import User
from portal.accounts.roles import roles_with
from portal.lib.api import error_response

# Under these, programs ask: every answer is JSON.
FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")
ADMINS_NAMED = 3


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 400, "bad_request", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what is missing, and who can grant it."""
    reason = str(exception) if isinstance(exception, PermissionDenied) else ""
    permission = exception.permission if isinstance(exception, MissingPermission) else ""
    context = {
        "reason": reason,
        "permission": permission,
        "roles": roles_with(permission),
        "admins": admins(),
    }
    message = reason or "Your roles do not allow this."
    return answer(request, 403, "permission_denied", message, context)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", "There is nothing here that you may know of.")


def broken(request: HttpRequest) -> HttpResponse:
    message = "The portal made a mistake; it is in the log."
    if request.path.startswith(FOR_PROGRAMS):
        return error_response(500, "error", message)
    # Without the request's context: it would ask the database, which may be what is broken.
    return HttpResponse(render_to_string("500.html"), status=500)


def too_many(request: HttpRequest) -> HttpResponse:
    """Allauth finds this by its name in portal.urls: handler429."""
    return answer(request, 429, "throttled", "Too many tries; wait a few minutes.")


def answer(
    request: HttpRequest,
    status: int,
    code: str,
    message: str,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    if request.path.startswith(FOR_PROGRAMS):
        return error_response(status, code, message)
    return render(request, f"{status}.html", context or {}, status=status)


def admins() -> list[User]:
    """Return a few people who can grant rights, whoever logged in last first."""
    active = User.objects.filter(is_active=True, groups__name="admin")
    return list(active.order_by("-last_login", "id")[:ADMINS_NAMED])
