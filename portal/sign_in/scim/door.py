"""The door of SCIM: which provider asks, and how answers and refusals look."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.secrets import digest_of
from portal.sign_in import providers
from portal.sign_in.actions.provisioning import note_use
from portal.sign_in.models import IdentityProvider, ScimToken
from portal.sign_in.scim import messages
from portal.sign_in.scim.messages import BadRequest

TYPE = "application/scim+json"
LARGEST_BODY = 1 << 20
View = Callable[..., HttpResponse]


def scim_view(**methods: View) -> View:
    """Make a view of one function a method; each gets the provider that asks.

    Refusals have SCIM's own shape: 401 without a token, 405, 404, 409 for an address or name that is
    taken, 400 for whatever else cannot be carried out.
    """

    @csrf_exempt
    @wraps(next(iter(methods.values())))
    def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        handler = methods.get(str(request.method).lower())
        if handler is None:
            return refused(405, "This is not done here.")
        provider = asking(request)
        if provider is None:
            return refused(401, "Show the token that the page of the provider gave.")
        return answered(handler, request, provider, kwargs)

    return view


def answered(
    handler: View, request: HttpRequest, provider: IdentityProvider, kwargs: dict[str, Any]
) -> HttpResponse:
    try:
        return handler(request, provider, **kwargs)
    except BadRequest as error:
        return refused(error.status, error.message, error.kind)
    except FieldError as error:
        is_taken = error.field in {"userName", "displayName"}
        return refused(409 if is_taken else 400, error.message, "uniqueness" if is_taken else "")
    except Http404:
        return refused(404, "Nothing of yours has this id.")


def asking(request: HttpRequest) -> IdentityProvider | None:
    """Return the provider whose token a request shows, if it is offered still."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    token = ScimToken.objects.filter(digest=digest_of(text.strip())).first()
    if token is None:
        return None
    note_use(token, clock.now())
    return providers.named(token.provider)


def answer(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type=TYPE)


def refused(status: int, message: str, kind: str = "") -> HttpResponse:
    made = answer(messages.error(status, message, kind), status)
    if status == 401:
        made.headers["WWW-Authenticate"] = "Bearer"
    return made


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the object that a request carries. Raises BadRequest."""
    try:
        found = orjson.loads(request.body[:LARGEST_BODY])
    except orjson.JSONDecodeError as error:
        raise BadRequest("invalidSyntax", "The body is not JSON.") from error
    if not isinstance(found, dict) or b"\\u0000" in request.body:
        raise BadRequest("invalidSyntax", "The body is an object of texts without null characters.")
    return found


def page_of(request: HttpRequest) -> tuple[int, int]:
    """Return (start, count), start from 1. Raises BadRequest."""
    try:
        start = max(int(request.GET.get("startIndex", 1)), 1)
        count = min(max(int(request.GET.get("count", 100)), 0), 200)
    except ValueError as error:
        raise BadRequest("invalidValue", "startIndex and count are numbers.") from error
    return min(start, 10_000_000), count


def base_of(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
