"""Guard pages: staff only, with a permission where one is named."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from portal.accounts.access import arequire, is_staff_member, require
from portal.accounts.requests import StaffRequest

P = ParamSpec("P")
R = TypeVar("R")
Page = Callable[Concatenate[StaffRequest, P], R]
Guarded = Callable[Concatenate[HttpRequest, P], R]


def staff_page(permission: str = "") -> Callable[[Page[P, R]], Guarded[P, R]]:
    """Let only staff in, and of them only holders of `app.codename` where one is named.

    Works on sync and async views; behind it `request.user` is a loaded User. Anonymous visitors
    go to the login page and come back; staff without the permission get the 403 page.
    """

    def guard(page: Page[P, R]) -> Guarded[P, R]:
        guarded = _async_page(page, permission) if _is_async(page) else _page(page, permission)
        return cast("Guarded[P, R]", wraps(page)(guarded))

    return guard


def _page(page: Callable[..., Any], permission: str) -> Callable[..., Any]:
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_staff_member(request.user):
            return to_login(request)
        if permission:
            require(cast("StaffRequest", request).user, permission)
        answer: HttpResponseBase = page(request, *args, **kwargs)
        return answer

    return guarded


def _async_page(page: Callable[..., Any], permission: str) -> Callable[..., Any]:
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Loaded here once: the lazy request.user would query from inside the event loop.
        request.user = await request.auser()
        if not is_staff_member(request.user):
            return to_login(request)
        if permission:
            await arequire(cast("StaffRequest", request).user, permission)
        answer: HttpResponseBase = await page(request, *args, **kwargs)
        return answer

    return guarded


def to_login(request: HttpRequest) -> HttpResponse:
    """Send to the login page and back; a fragment asked for by htmx moves the whole page."""
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(request.get_full_path(), reverse("account_login"))
    shown = urlsplit(request.headers.get("HX-Current-URL", "/"))
    path = urlunsplit(("", "", shown.path or "/", shown.query, ""))
    target = redirect_to_login(path, reverse("account_login")).url
    return HttpResponse(status=401, headers={"HX-Redirect": target})


def _is_async(page: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(page)
