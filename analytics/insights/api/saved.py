"""The API of saved insights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights import actions
from analytics.insights.api.insights import answer, asked
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.reading import Reader
from analytics.insights.described import saved as described
from analytics.insights.drafts import read_change, read_new, read_version
from analytics.insights.keeping import OTHERWISE, keepable, question_of
from analytics.insights.models import EXPLORE, RUN_SQL, SAVE, SavedInsight
from analytics.insights.shapes import folder_paths, insight_json, shown_to
from portal.accounts.access import fetch, require, visible
from portal.accounts.models import Folder, User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question

DEFAULT_LIMIT, MAX_LIMIT = 200, 1_000
MAX_ID = 2**63 - 1


class InsightList(APIView):
    """List saved insights that the caller may see, by id, and save one."""

    required_permission = EXPLORE
    operations = {"get": described.LIST, "post": described.CREATE}

    def get(self, request: Request) -> Response:
        limit = number(request.query_params, "limit", DEFAULT_LIMIT, MAX_LIMIT)
        after = number(request.query_params, "cursor", 0, MAX_ID)
        rows = listed(staff_of(request), request.query_params).filter(pk__gt=after).order_by("pk")
        found = list(rows[: limit + 1])
        following = str(found[limit - 1].pk) if len(found) > limit else None
        paths = folder_paths(staff_of(request))
        reads_all = row_rights(staff_of(request)).is_all
        rows_shown = [insight_json(row, paths, reads_all=reads_all) for row in found[:limit]]
        return Response({"insights": rows_shown, "next": following})

    def post(self, request: Request) -> Response:
        user, now = staff_of(request), clock.now()
        require(user, SAVE)
        draft = read_new(request.data, now)
        require_kind(user, draft.kind)
        return Response(shown_to(user, actions.save_insight(user, draft, now)), status=201)


class InsightDetail(APIView):
    """One saved insight. A change carries the `version` that it was made on: a stale one gets 409
    with both sides; without one, the last change wins.
    """

    required_permission = EXPLORE
    operations = {
        "get": described.ONE,
        "put": described.REPLACE,
        "patch": described.CHANGE,
    }

    def get(self, request: Request, pk: int) -> Response:
        return Response(shown_to(staff_of(request), fetch(staff_of(request), SavedInsight, pk=pk)))

    def patch(self, request: Request, pk: int) -> Response:
        user, now = staff_of(request), clock.now()
        insight = fetch(user, SavedInsight, edit=True, pk=pk)
        draft = read_change(request.data, insight, now)
        require_kind(user, draft.kind)
        version = read_version(request.data)
        changed = actions.change_insight(user, insight, draft, version, now)
        return Response(shown_to(user, changed))

    def put(self, request: Request, pk: int) -> Response:
        user, now = staff_of(request), clock.now()
        insight = fetch(user, SavedInsight, edit=True, pk=pk)
        draft = read_new(request.data, now)
        require_kind(user, draft.kind)
        version = read_version(request.data)
        changed = actions.change_insight(user, insight, draft, version, now)
        return Response(shown_to(user, changed))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        insight = fetch(user, SavedInsight, edit=True, pk=pk)
        actions.delete_insight(user, insight, read_version(request.query_params))
        return Response(status=204)


class InsightResult(APIView):
    """Answer a saved insight as of now, over its own range or another."""

    required_permission = EXPLORE
    reads_by_post = True
    operations = {"get": described.RESULT, "post": described.RESULT_BY_POST}

    def get(self, request: Request, pk: int) -> Response:
        given: dict[str, Any] = {name: request.query_params.get(name) for name in OTHERWISE}
        given["refresh"] = given["refresh"] == "true"
        return self.result(request, pk, given)

    def post(self, request: Request, pk: int) -> Response:
        reader = Reader(request.data)
        given = {name: reader.take(name) for name in OTHERWISE}
        reader.finish()
        return self.result(request, pk, given)

    def result(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        user = staff_of(request)
        insight = fetch(user, SavedInsight, pk=pk)
        require_kind(user, insight.kind)
        keepable(insight.kind)
        question, refresh = question_of(insight.definition, clock.now(), row_rights(user), given)
        frame = answered(user, insight.kind, question, refresh=refresh)
        named = {name: getattr(insight, name) for name in ("id", "name", "kind", "version")}
        return Response(answer(frame) | {"insight": named})


def answered(user: User, kind: str, question: Question, *, refresh: bool) -> Frame:
    """Ask; what somebody wrote in SQL is on record before it runs."""
    if kind != "sql":
        return asked(kind, question, refresh=refresh)
    query, parameters = question.params.get("query", ""), question.params.get("parameters")
    with actions.audited_sql(user, str(query), parameters):
        return asked(kind, question, refresh=refresh)


def require_kind(user: User, kind: str) -> None:
    """Raise MissingPermission where a kind needs more than exploring does."""
    if kind == "sql":
        require(user, RUN_SQL)


def listed(user: User, given: QueryDict) -> QuerySet[SavedInsight]:
    """Return what the caller may see of what the query string asks for. Raises FieldError."""
    rows = visible(user, SavedInsight).select_related("created_by")
    for word in given.get("q", "").replace("\0", "").split()[:10]:
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    if given.get("kind"):
        rows = rows.filter(kind=given.get("kind", "").replace("\0", ""))
    if given.get("folder") == "none":
        return rows.filter(folder=None)
    if given.get("folder"):
        wanted = number(given, "folder", 0, MAX_ID)
        return rows.filter(folder__in=visible(user, Folder).filter(pk=wanted))
    return rows


def number(given: QueryDict, name: str, otherwise: int, most: int) -> int:
    """Read a whole number of the query string. Raises FieldError."""
    text = given.get(name, "")
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 19 or not 1 <= int(text) <= most:
        raise FieldError(name, f"This must be a whole number from 1 to {most}.")
    return int(text)
