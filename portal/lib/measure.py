"""Measure every HTTP request: how many, how long, by route, never by path."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from portal.lib import instruments

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PLATFORMS = frozenset({"web", "ios", "android", "desktop", "tv", "watch", "car", "api"})
KEY_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_X_PORTAL_KEY")


class MeasureMiddleware:
    """Stand first, so that the whole of the portal's own time is in the duration."""

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
        began = time.perf_counter()
        response: HttpResponseBase = self.get_response(request)
        note(request, response.status_code, time.perf_counter() - began)
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response: HttpResponseBase = await self.get_response(request)
        note(request, response.status_code, time.perf_counter() - began)
        return response


def note(request: HttpRequest, status_code: int, seconds: float) -> None:
    """Count one answered request."""
    method = request.method if request.method in METHODS else "other"
    count((method or "", route_of(request), str(status_code), platform_of(request)), seconds)


def count(labels: tuple[str, str, str, str], seconds: float) -> None:
    """Count a request by method, route, status code and platform; for what Django does not see."""
    instruments.http_requests.labels(*labels).inc()
    instruments.http_duration.labels(*labels).observe(seconds)


def route_of(request: HttpRequest) -> str:
    """Return the URL pattern that matched, such as `/dashboards/<str:uid>/`."""
    match = request.resolver_match
    if match is not None:
        return "/" + match.route.lstrip("^").removeprefix("/")
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


def platform_of(request: HttpRequest) -> str:
    """Return what the client calls itself, or else tell programs (api) from browsers (web)."""
    told = request.headers.get("X-Platform", "").lower()
    if told in PLATFORMS:
        return told
    return "api" if any(name in request.META for name in KEY_HEADERS) else "web"
