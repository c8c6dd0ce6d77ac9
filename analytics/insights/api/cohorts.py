"""The API of cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights import actions, nesting
from analytics.insights.api.insights import answer, asked, engine_errors
from analytics.insights.cohort_drafts import parse_draft, save_of
from analytics.insights.cohort_shapes import as_json, used_by, whole
from analytics.insights.data_rights import require_all, row_rights
from analytics.insights.definitions.reading import Reader
from analytics.insights.described import cohorts as described
from analytics.insights.drafts import read_version
from analytics.insights.models import CHANGE_COHORT, EXPLORE, Cohort, CohortSize
from analytics.insights.people import parse_people
from analytics.insights.sources.cohort import members_page, wanted
from portal.accounts.access import fetch, require, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.store.sources import Question

Json = dict[str, Any]
DEFAULT_SIZES, MAX_SIZES = 1_000, 10_000


class CohortInUse(APIException):
    status_code = 409
    default_code = "in_use"


class CohortList(APIView):
    """Cohorts: persons that belong together, by rules or by a list."""

    required_permission = EXPLORE
    operations = {"get": described.LISTED, "post": described.CREATED}

    @extend_schema(operation_id="v1_cohorts_list")  # else it is named as that of one cohort
    def get(self, request: Request) -> Response:
        """List all, by name, with the size that was noted last; lists without their ids."""
        rows = visible(staff_of(request), Cohort).select_related("created_by").defer("user_ids")
        found = nesting.outlined()
        used = nesting.users(found)
        notes = CohortSize.newest() if row_rights(staff_of(request)).is_all else {}
        cohorts = [
            as_json(row, row.definition, notes.get(row.pk)) | {"used_by": used_by(row, used, found)}
            for row in rows
        ]
        return Response({"cohorts": cohorts})

    def post(self, request: Request) -> Response:
        """Make a cohort."""
        user, now = staff_of(request), clock.now()
        require(user, CHANGE_COHORT)
        draft = parse_draft(request.data)
        save = save_of(draft, now)
        row = actions.create_cohort(user, draft, save)
        return Response(whole(row, reads_all=row_rights(user).is_all), status=201)


class CohortDetail(APIView):
    """One cohort. A change carries the `version` that it was made on: a stale one gets 409 with both
    sides; without one, the last change wins.
    """

    required_permission = EXPLORE
    operations = {
        "get": described.SHOWN, "put": described.PUT, "patch": described.PATCHED
    }  # fmt: skip

    def get(self, request: Request, cohort_id: int) -> Response:
        """Return the cohort, counted as of now."""
        user, now = staff_of(request), clock.now()
        row = fetch(user, Cohort, pk=cohort_id)
        frame = asked("cohort", question_of(request, row, now), refresh=False)
        size = {"size": frame.extra["size"], "size_at": frame.meta.as_of}
        return Response(whole(row, reads_all=False) | size)

    def put(self, request: Request, cohort_id: int) -> Response:
        """Replace it."""
        return self._write(request, cohort_id, is_whole=True)

    def patch(self, request: Request, cohort_id: int) -> Response:
        """Change some of it; what is left out stays."""
        return self._write(request, cohort_id, is_whole=False)

    def _write(self, request: Request, cohort_id: int, *, is_whole: bool) -> Response:
        user, now = staff_of(request), clock.now()
        row = fetch(user, Cohort, edit=True, pk=cohort_id)
        version = read_version(request.data)
        draft = parse_draft(request.data, None if is_whole else row)
        save = save_of(draft, now)
        changed = actions.update_cohort(user, row, draft, save, version=version)
        return Response(whole(changed, reads_all=row_rights(user).is_all))

    def delete(self, request: Request, cohort_id: int) -> Response:
        """Remove it and the history of its size."""
        user = staff_of(request)
        row = fetch(user, Cohort, edit=True, pk=cohort_id)
        try:
            actions.delete_cohort(user, row, version=read_version(request.query_params))
        except actions.InUse as problem:
            raise CohortInUse(str(problem)) from problem
        return Response(status=204)


class CohortSizeView(APIView):
    """Count who would be in a cohort that is not saved."""

    required_permission = EXPLORE
    reads_by_post = True
    operations = {"post": described.SIZE}

    def post(self, request: Request) -> Response:
        reader = Reader(request.data)
        params = {"definition": reader.take("definition")}
        reader.finish()
        question = Question(params, None, clock.now(), row_rights(staff_of(request)))
        return Response(answer(asked("cohort", question, refresh=False)))


class CohortMembers(APIView):
    """The persons in a cohort, who was first seen last first; `entered_at` is when that was.
    Each list stands in the audit log.
    """

    required_permission = EXPLORE
    operations = {"get": described.MEMBERS}

    def get(self, request: Request, cohort_id: int) -> Response:
        row = fetch(staff_of(request), Cohort, pk=cohort_id)
        page = parse_people(whole_numbers(request.query_params.dict()), ())
        if page.params:
            Reader(page.params).finish()
        question = question_of(request, row, clock.now())
        with engine_errors():
            found = members_page(question, wanted(question), page.limit, page.after)
        total = asked("cohort", question, refresh=False).extra["size"]
        if page.after is None:
            actions.record_members_listed(staff_of(request), row, total)
        return Response(found | {"total": total})


class CohortSizes(APIView):
    """How large a cohort was: once a day, and at each save."""

    required_permission = EXPLORE
    operations = {"get": described.SIZES}

    def get(self, request: Request, cohort_id: int) -> Response:
        row = fetch(staff_of(request), Cohort, pk=cohort_id)
        reader = Reader(whole_numbers(request.query_params.dict()))
        most = reader.integer("limit", DEFAULT_SIZES, low=1, high=MAX_SIZES)
        reader.finish()
        require_all(row_rights(staff_of(request)))
        notes = [{"at": n.at, "size": n.size, "version": n.version} for n in row.notes(most)]
        return Response({"sizes": notes})


def question_of(request: Request, row: Cohort, now: datetime) -> Question:
    params = {"cohort": row.pk, "version": row.version}
    return Question(params, None, now, row_rights(staff_of(request)))


def whole_numbers(given: Mapping[str, str]) -> Json:
    """Read what stands in the address: digits of `limit` are a number."""
    limit = given.get("limit", "")
    return dict(given) | ({"limit": int(limit)} if limit.isdecimal() and len(limit) < 9 else {})
