"""The content security policy: scripts only by this request's nonce, and no eval."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

HEADER = "Content-Security-Policy"


def policy(nonce: str, framed_by: str = "'none'") -> str:
    """Return the header's value; `framed_by` are the places whose pages may frame this one.

    Widgets show pictures and pages of the hosts in PORTAL_SHOWN_HOSTS, and of no other.

    Modules that a nonced module imports carry its nonce on, so no host and no 'strict-dynamic' is
    needed. Plotly sets style attributes, hence 'unsafe-inline' for styles only.
    """
    shown = "".join(f" {origin}" for origin in settings.SHOWN_HOSTS)
    directives = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": f"'self' data: blob:{shown}",
        "frame-src": shown.strip() or "'none'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": framed_by,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class ContentSecurityPolicyMiddleware:
    """Give each request `csp_nonce` and each HTML answer the policy that names it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._answer_async(request) if self.is_async else self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        nonce = begin(request)
        return end(self.get_response(request), nonce)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        nonce = begin(request)
        return end(await self.get_response(request), nonce)


def begin(request: HttpRequest) -> str:
    nonce = secrets.token_urlsafe(16)
    request.csp_nonce = nonce  # type: ignore[attr-defined]  # Django's own way to extend a request
    return nonce


def end(response: HttpResponseBase, nonce: str) -> HttpResponseBase:
    if HEADER not in response:
        response[HEADER] = policy(nonce)
    return response
