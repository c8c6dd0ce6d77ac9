"""How the API reads and writes JSON, and the one shape of its errors."""

from __future__ import annotations

from typing import IO, Any

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions, parsers, renderers
from rest_framework.response import Response

from portal.lib.field_error import FieldError as FieldError
from portal.lib.stale import Stale

LARGEST_BODY = 10 << 20


class JSONRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


class JSONParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        try:
            return orjson.loads(bounded(stream))
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}.") from error


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"A body has {LARGEST_BODY >> 20} MiB at most."


def bounded(stream: IO[Any]) -> bytes:
    """Read a body to its end, unless that is too far. Raises TooLarge.

    Django's own limit holds for forms only; what a parser reads by itself it does not see.
    """
    body: bytes = stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise TooLarge
    return body


def _plain(value: Any) -> Any:
    """Turn what orjson does not know (Decimal, numpy numbers, lazy text) into JSON."""
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "as_json"):
        return value.as_json()
    return float(value) if hasattr(value, "as_tuple") else str(value)


def error_body(code: str, message: str, field: str = "") -> dict[str, Any]:
    """Return the shape of every error (CONTRACT 3)."""
    error = {"code": code, "message": message}
    return {"error": error | ({"field": field} if field else {})}


def error_response(status: int, code: str, message: str, field: str = "") -> JsonResponse:
    return JsonResponse(error_body(code, message, field), status=status)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer expected exceptions in the error shape; anything else stays a logged 500."""
    if isinstance(error, FieldError):
        return Response(error_body("invalid", error.message, error.field), status=400)
    if isinstance(error, Stale):
        both = {"current": error.current, "yours": error.yours, **error.more}
        return Response(error_body("conflict", str(error), "version") | both, status=409)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    if not isinstance(error, exceptions.APIException):
        return None
    field, message = _first_detail(error.detail)
    headers = {
        name: value
        for name, value in (
            ("WWW-Authenticate", getattr(error, "auth_header", None)),
            ("Retry-After", getattr(error, "wait", None)),
        )
        if value
    }
    body = error_body(error.default_code, message, field)
    return Response(body, status=error.status_code, headers={k: str(v) for k, v in headers.items()})


def _first_detail(detail: Any, path: str = "") -> tuple[str, str]:
    """Find the first message and its field path in DRF's nested details."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        own = "" if name == "non_field_errors" else str(name)
        return _first_detail(inner, ".".join(part for part in (path, own) if part))
    if isinstance(detail, list):
        return _first_detail(detail[0], path)
    return path, str(detail)
