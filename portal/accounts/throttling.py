"""How often one token, or one logged-in person, may call the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from portal.accounts.models import ApiToken
from portal.lib.counting import WINDOW_S, calls_of, second

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class CallerThrottle(BaseThrottle):
    """Allow PORTAL_API_PER_MINUTE calls in each minute. Without Valkey nobody counts."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        most = settings.API_PER_MINUTE
        return not most or calls_of(caller(request)) <= most

    def wait(self) -> float:
        """Return the seconds until the next minute of the count begins."""
        return WINDOW_S - second() % WINDOW_S


def caller(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token:{request.auth.pk}"
    return f"user:{request.user.pk}"
