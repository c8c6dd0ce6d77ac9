"""What people and programs are told when something is refused, missing or broken."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.core.exceptions import DisallowedHost, PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from rest_framework.response import Response

from portal.accounts import refusals
from portal.accounts.access import MissingPermission
from portal.accounts.models import User
from portal.accounts.roles import roles_with
from portal.lib import clock
from portal.lib.api import error_body, error_response, exception_handler
from portal.store.client import EngineUnavailable

# Under these, programs ask: every answer is JSON.
FOR_PROGRAMS = ("/api/", "/prometheus/", "/healthz", "/readyz", "/metrics")
ADMINS_NAMED = 3
# PostgreSQL or the engine does not answer: it restarts by itself, nobody made a mistake.
AWAY = (OperationalError, InterfaceError, EngineUnavailable)
AWAY_MESSAGE = "A part of the portal does not answer; it restarts by itself. Try again in a moment."
UNKNOWN_HOST = (
    "The portal does not know itself by this address. Use the one that it printed at the start, or"
    " set PORTAL_BASE_URL to the address that people use."
)
RETRY_AFTER = {"Retry-After": "5"}

log = logging.getLogger(__name__)


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what goes wrong in the API; what nobody expects stays a logged 500."""
    if isinstance(error, AWAY):
        log.error("A dependency of the API is away.", exc_info=error)
        return Response(error_body("unavailable", AWAY_MESSAGE), status=503, headers=RETRY_AFTER)
    refusals.note(context["request"], error, clock.now())
    return exception_handler(error, context)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        return answer(request, 400, "unknown_host", UNKNOWN_HOST, {"reason": UNKNOWN_HOST})
    return answer(request, 400, "bad_request", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what is missing, and who can grant it."""
    refusals.note(request, exception, clock.now())
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
    refusals.note(request, exception, clock.now())
    return answer(request, 404, "not_found", "There is nothing here that you may know of.")


def broken(request: HttpRequest) -> HttpResponse:
    is_away = isinstance(sys.exception(), AWAY)
    status = 503 if is_away else 500
    message = AWAY_MESSAGE if is_away else "The portal made a mistake; it is in the log."
    headers = RETRY_AFTER if is_away else {}
    if request.path.startswith(FOR_PROGRAMS):
        code = "unavailable" if is_away else "error"
        return JsonResponse(error_body(code, message), status=status, headers=headers)
    # Without the request's context: it would ask the database, which may be what is broken.
    return HttpResponse(render_to_string(f"{status}.html"), status=status, headers=headers)


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
