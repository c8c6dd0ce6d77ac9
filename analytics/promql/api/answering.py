"""What all of Prometheus's API shares: who may ask, how a form is read, how errors are said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, QueryDict
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics.promql import errors
from analytics.promql.answers import STATUS, Answer, ErrorType, failure, success
from analytics.promql.api.described import PrometheusSchema
from analytics.promql.parameters import BadParameter, Form
from portal.accounts import refusals
from portal.accounts.authentication import BasicTokenAuthentication, TokenAuthentication
from portal.lib import clock
from portal.lib.api import bounded
from portal.store import client

FORM = "application/x-www-form-urlencoded"
TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED = 159, 241
RETRY_AFTER_S = "5"
AWAY = "A part of the portal does not answer; it restarts by itself. Try again in a moment."
TOO_MUCH_MEMORY = "query processing would need too much memory; ask for fewer series or less time"


class ApiError(Exception):
    """What goes wrong in this API, as Prometheus says it."""

    def __init__(self, error_type: ErrorType, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class FormParser(BaseParser):
    """Read a form; a body of another type is no parameter, as in Prometheus."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> QueryDict:
        kind = (media_type or "").partition(";")[0].strip().lower()
        return QueryDict(bounded(stream) if kind == FORM else b"")


class PrometheusView(APIView):
    """One operation of Prometheus's API. Nothing here changes anything, by POST neither."""

    authentication_classes = [
        TokenAuthentication, BasicTokenAuthentication, SessionAuthentication
    ]  # fmt: skip
    parser_classes = [FormParser]
    required_permission = "insights.explore"
    reads_by_post = True
    schema = PrometheusSchema()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer in JSON whatever is accepted, as Prometheus does."""
        return super().perform_content_negotiation(request, force=True)

    def answer(self, form: Form, **path: str) -> Answer:
        """Raise ApiError, BadParameter, errors.QueryFailed, client.QueryFailed."""
        raise NotImplementedError

    def get(self, request: Request, **path: str) -> HttpResponse:
        return respond(200, success(self.answer(form_of(request), **path)))

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], HttpResponse | None]:
        return said


class FormView(PrometheusView):
    """An operation that also takes its parameters by POST, where an address would be too long."""

    def post(self, request: Request, **path: str) -> HttpResponse:
        return self.get(request, **path)


def form_of(request: Request) -> Form:
    """Return the parameters. Raises ApiError."""
    try:
        sent, given = request.data, request.query_params
    except (SuspiciousOperation, UnicodeError, ValueError) as error:
        raise ApiError("bad_data", f"error parsing form values: {error}") from error
    parts = [part for part in (sent, given) if isinstance(part, QueryDict)]  # no body: a dict
    names = dict.fromkeys(name for part in parts for name in part)
    return Form({name: [one for part in parts for one in part.getlist(name)] for name in names})


def respond(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")


def said(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what is expected to go wrong in Prometheus's envelope; the rest is a logged 500."""
    refusals.note(context["request"], error, clock.now())
    if isinstance(error, exceptions.APIException | PermissionDenied | Http404):
        return refused(error)
    found = translated(error)
    if found is None:
        return None
    answer = respond(STATUS[found.error_type], failure(found.error_type, str(found)))
    if found.error_type == "unavailable":
        answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


# The first that fits counts.
MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorType], ...] = (
    (BadParameter, "bad_data"),
    (errors.TimedOut, "timeout"),
    (errors.Cancelled, "canceled"),
    (errors.QueryFailed, "execution"),
)


def translated(error: Exception) -> ApiError | None:
    """Say an error in Prometheus's words; None where it is a mistake of ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, errors.BadQuery | errors.BadRange):
        return ApiError("bad_data", f'invalid parameter "query": {error}')
    if isinstance(error, client.QueryFailed):
        return of_engine(error)
    if isinstance(error, client.EngineUnavailable | OperationalError | InterfaceError):
        return ApiError("unavailable", AWAY)
    meaning = next((word for kind, word in MEANINGS if isinstance(error, kind)), None)
    return ApiError(meaning, str(error)) if meaning else None


def of_engine(error: client.QueryFailed) -> ApiError:
    if error.code == TIMEOUT_EXCEEDED:
        return ApiError("timeout", "query timed out in query execution")
    if error.code == MEMORY_LIMIT_EXCEEDED:
        return ApiError("execution", TOO_MUCH_MEMORY)
    if error.code == client.CANCELLED:
        return ApiError("canceled", "query was canceled in query execution")
    return ApiError("execution", str(error).splitlines()[0][:300])


# What Prometheus's list of error types has no word for is named by what it means.
WORDS = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "bad_data", 429: "throttled"}


def refused(error: Exception) -> HttpResponse:
    """Answer a refusal that has nothing to do with PromQL."""
    if isinstance(error, PermissionDenied):
        return respond(403, failure("forbidden", str(error) or "Your roles do not allow this."))
    if isinstance(error, Http404):
        return respond(404, failure("not_found", "There is nothing here that you may know of."))
    status = error.status_code if isinstance(error, exceptions.APIException) else 500
    answer = respond(status, failure(WORDS.get(status, "bad_data"), str(error)))
    for name, value in (
        ("WWW-Authenticate", getattr(error, "auth_header", None)),
        ("Retry-After", getattr(error, "wait", None)),
    ):
        if value:
            answer.headers[name] = str(value)
    return answer
