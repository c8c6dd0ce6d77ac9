"""The API of insights: JSON in, an answer with `meta` out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.conf import settings
from django.http import Http404
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights import actions
from analytics.insights.beginning import since_data
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.window import parse_asked
from analytics.insights.described import insights as described
from analytics.insights.people import Peopled, page, parse_people
from analytics.insights.sources.asking import translated
from portal.accounts.access import is_staff_member
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.row_rights import RowRights
from portal.store.client import CANCELLED, EngineUnavailable, QueryFailed
from portal.store.frame import Frame
from portal.store.sources import Question, ask, sources

TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED = 159, 241
ROWS = ("events", "sql")  # all time may begin anywhere where nothing is cut into intervals
MAX_BODY = 500_000  # its values go to the engine in a URL, which has a megabyte


class EngineAway(APIException):
    status_code = 503
    default_code = "engine_unavailable"


class Gone(APIException):
    """Nobody hears this: the client has closed the connection."""

    status_code = 499
    default_code = "client_closed_request"


class TooExpensive(APIException):
    status_code = 422
    default_code = "too_expensive"


def asked(kind: str, question: Question, *, refresh: bool) -> Frame:
    """Ask a source, with the engine's failures in the API's words."""
    with engine_errors():
        if kind not in ROWS:
            question = since_data(question)
        return ask(kind, question, refresh=refresh)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Say the engine's failures in the API's words."""
    try:
        yield
    except EngineUnavailable as error:
        raise EngineAway(str(error)) from error
    except QueryFailed as error:
        if error.code == TIMEOUT_EXCEEDED:
            raise TooExpensive("This took too long: choose a shorter range.") from error
        if error.code == MEMORY_LIMIT_EXCEEDED:
            message = "This needs too much memory: choose a shorter range or fewer values."
            raise TooExpensive(message) from error
        if error.code == CANCELLED:
            raise Gone from error
        raise translated(error) from error


def asked_body(request: Request) -> Any:
    """Return the JSON of a question. Raises FieldError for one longer than the engine would read."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size > MAX_BODY:
        raise FieldError("body", f"A question has {MAX_BODY:,} bytes at most, not {size:,}.")
    return request.data


def rights_of(request: Request) -> RowRights:
    return row_rights(request.user)


class InsightView(APIView):
    """Answers a question by POST that changes nothing."""

    kind: str
    required_permission = "insights.explore"
    reads_by_post = True

    def post(self, request: Request) -> Response:
        now = clock.now()
        body = parse_asked(asked_body(request), now, settings.PORTAL_TIME_ZONE)
        question = Question(body.params, body.window, now, rights_of(request))
        frame = asked(self.kind, question, refresh=body.refresh)
        return Response(answer(frame))


class TrendView(InsightView):
    """Count events per interval: in total, by persons, or over a property's values."""

    kind = "trend"
    operations = {"post": described.TREND}


class WhyView(InsightView):
    """Explain a change: which values of which properties contributed how much."""

    kind = "why"
    operations = {"post": described.WHY}


class SqlView(InsightView):
    """Run one SELECT over the data sets that you may see; every run is in the audit log."""

    kind = "sql"
    required_permission = "insights.run_sql"
    operations = {"post": described.SQL}

    def post(self, request: Request) -> Response:
        given = request.data if isinstance(request.data, dict) else {}
        if not is_staff_member(request.user):
            raise NotAuthenticated
        with actions.audited_sql(
            request.user, str(given.get("query", "")), given.get("parameters")
        ):
            return super().post(request)


class FunnelView(InsightView):
    """Count the persons who take steps one after the other inside a window."""

    kind = "funnel"
    operations = {"post": described.FUNNEL}


class CorrelatesView(InsightView):
    """Compare what converters of a funnel did with what those who dropped did."""

    kind = "correlates"
    operations = {"post": described.CORRELATES}


class RetentionView(InsightView):
    """Count who came back, of those who began in each period."""

    kind = "retention"
    operations = {"post": described.RETENTION}


class LifecycleView(InsightView):
    """Count who is new, returning, resurrecting or dormant, per interval."""

    kind = "lifecycle"
    operations = {"post": described.LIFECYCLE}


class StickinessView(InsightView):
    """Count persons by the number of intervals in which they did an event."""

    kind = "stickiness"
    operations = {"post": described.STICKINESS}


class PathsView(InsightView):
    """Follow what people did one after the other within a session."""

    kind = "paths"
    operations = {"post": described.PATHS}


class SessionsView(InsightView):
    """Count sessions: how many, how long, how full, with what they begin and end."""

    kind = "sessions"
    operations = {"post": described.SESSIONS}


class PeopleView(APIView):
    """List the persons behind a number of an insight: its body plus which number is meant.

    trend: `series_index`, `t`, `breakdown_value`; funnel: `step`, `outcome` (reached, dropped),
    `value`; retention: `start`, `period`; lifecycle: `t`, `status`; stickiness: `buckets`;
    paths: `step`, `name`, `next_name` ("$end": nothing more); sessions: `t`, `breakdown_value`,
    `entry`, `exit`, `bounced`. Each list stands in the audit log.
    """

    required_permission = "insights.explore"
    reads_by_post = True
    operations = {"post": described.PEOPLE}

    def post(self, request: Request, kind: str) -> Response:
        source: object = sources.get(kind) if kind in sources else None
        if not isinstance(source, Peopled):
            raise Http404
        now = clock.now()
        body = parse_asked(asked_body(request), now, settings.PORTAL_TIME_ZONE)
        wanted = parse_people(body.params, source.cell)
        question = Question(wanted.params, body.window, now, rights_of(request))
        with engine_errors():
            question = since_data(question)
            members = source.members(question, wanted.cell)
            found = page(question, members, wanted.limit, wanted.after)
        if wanted.after is None:
            actions.record_people_listed(staff_of(request), kind, body, members.person.size)
        return Response(found | {"total": members.person.size})


class EventList(APIView):
    """List events, newest first, from the beginning of time unless a range is given."""

    required_permission = "insights.explore"
    operations = {"get": described.EVENTS}

    def get(self, request: Request) -> Response:
        now = clock.now()
        given = event_query(request.query_params.dict())
        body = parse_asked(given, now, settings.PORTAL_TIME_ZONE)
        question = Question(body.params, body.window, now, rights_of(request))
        return Response(answer(asked("events", question, refresh=body.refresh)))


class SchemaView(APIView):
    """List the event names and properties seen, with types, counts, first and last seen."""

    required_permission = "insights.explore"
    operations = {"get": described.CATALOGUE}

    def get(self, request: Request) -> Response:
        question = Question({}, None, clock.now(), rights_of(request))
        return Response(answer(asked("schema", question, refresh=False)))


def event_query(given: dict[str, str]) -> dict[str, Any]:
    """Turn query parameters into the JSON that the source takes. Raises FieldError."""
    body: dict[str, Any] = {name: value for name, value in given.items() if value != ""}
    body.setdefault("from", "all")
    if "where" in body:
        try:
            body["where"] = orjson.loads(body["where"])
        except orjson.JSONDecodeError as error:
            raise FieldError("where", f"This is a JSON list of filters: {error}.") from error
    if str(body.get("limit", "")).isdecimal():
        body["limit"] = int(body["limit"])
    if "refresh" in body:
        body["refresh"] = body["refresh"] == "true"
    return body


def answer(frame: Frame) -> dict[str, Any]:
    """Return a frame's contract JSON with its meta."""
    return {**frame.extra, "meta": frame.meta.as_json()}
