"""End sessions that are too old or were left alone, and hold admins to a second factor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib import auth
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from portal.lib import clock
from portal.lib.api import error_response
from portal.sign_in.second_factor import must_set_up, note_need
from portal.sign_in.started import has_ended, is_due, policy, touch

# Pages that ask by themselves do not keep a session alive: nobody may be looking.
BY_ITSELF = "status-line"


class SessionRulesMiddleware:
    """Stands behind AuthenticationMiddleware. A request without a session costs nothing here, one
    of a session that was looked at within the last minute costs no query.
    """

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
        answer: HttpResponseBase = ruled(request) or self.get_response(request)
        return answer

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        refused = await sync_to_async(ruled)(request) if has_session(request) else None
        answer: HttpResponseBase = refused or await self.get_response(request)
        return answer


def has_session(request: HttpRequest) -> bool:
    return request.session.session_key is not None


def ruled(request: HttpRequest) -> HttpResponseBase | None:
    """Apply the rules to the session of a request; returns an answer when it may not go on."""
    if not has_session(request) or auth.SESSION_KEY not in request.session:
        return None
    now = clock.now()
    if is_due(request.session, now):
        rules = policy()
        if has_ended(request.session, rules, now):
            auth.logout(request)
            return None
        if not asks_by_itself(request):
            touch(request.session, rules, now)
            note_need(request, rules)
    if must_set_up(request):
        return to_set_up(request)
    return None


def asks_by_itself(request: HttpRequest) -> bool:
    return BY_ITSELF in request.headers.get("HX-Source", "")


def to_set_up(request: HttpRequest) -> HttpResponseBase | None:
    """Send to the page of second factors, except from where one sets one up or leaves."""
    if request.path.startswith(("/accounts/", "/static/")):
        return None
    if request.path.startswith("/api/"):
        message = "Set up a second factor in the portal first: your role needs one."
        return error_response(403, "second_factor_needed", message)
    return redirect(reverse("mfa_index"))
