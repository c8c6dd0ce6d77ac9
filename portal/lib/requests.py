"""What every request carries: an id for logs and audit, and a nonce for scripts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

WELL_FORMED_ID = re.compile(r"^[0-9A-Za-z_-]{8,64}$")


@dataclass(frozen=True)
class Origin:
    """Where the current work comes from; the audit trail writes it down."""

    request_id: str = ""
    address: str = ""
    program: str = ""  # the API token that asks, by its name; or a public link


NOWHERE = Origin()
current_origin: ContextVar[Origin] = ContextVar("current_origin", default=NOWHERE)


class RequestMiddleware:
    """Give each request an `id`, remember its origin, and echo the id to the client.

    Works for sync and async views alike, so that async intake needs no thread.
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
        begin(request)
        return end(self.get_response(request))

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        begin(request)
        return end(await self.get_response(request))


def begin(request: HttpRequest) -> None:
    given = request.headers.get("X-Request-Id", "")
    request_id = given if WELL_FORMED_ID.match(given) else secrets.token_hex(8)
    current_origin.set(Origin(request_id, well_formed(request.META.get("REMOTE_ADDR") or "")))


def came_by(program: str) -> None:
    """Note that a program asks, not its owner in person."""
    current_origin.set(replace(current_origin.get(), program=program))


def well_formed(address: str) -> str:
    """Return an IP address that PostgreSQL takes; a socket's name or a zone index is dropped."""
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return ""


def end(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Request-Id"] = current_origin.get().request_id
    return response
