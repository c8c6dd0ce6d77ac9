"""The API of data sets: which events may be read together. Grants on them are `data_set` grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights import actions
from analytics.insights.data_set_drafts import check_runs, data_set_json, parse_draft
from analytics.insights.described import data_sets as described
from analytics.insights.drafts import read_version
from analytics.insights.models import ADMINISTER_DATA, VIEW_DATA, DataSet
from portal.accounts.access import fetch, require, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock


class DataSetList(APIView):
    """Data sets that are shared with the caller, all for who administers them."""

    required_permission = VIEW_DATA
    operations = {"get": described.LISTED, "post": described.CREATED}

    @extend_schema(operation_id="v1_data_sets_list")  # else it is named as that of one
    def get(self, request: Request) -> Response:
        """List them: the caller reads the events of all of these together."""
        rows = visible(staff_of(request), DataSet).select_related("created_by")
        return Response({"data_sets": [data_set_json(row) for row in rows]})

    def post(self, request: Request) -> Response:
        """Make a data set. Nobody reads by it before it is shared."""
        user, now = staff_of(request), clock.now()
        require(user, ADMINISTER_DATA)
        draft = parse_draft(request.data)
        check_runs(draft, now)
        return Response(data_set_json(actions.create_data_set(user, draft, now)), status=201)


class DataSetDetail(APIView):
    """One data set. A change reaches everybody who reads by it at once."""

    required_permission = VIEW_DATA
    operations = {"get": described.SHOWN, "put": described.PUT, "patch": described.PATCHED}

    def get(self, request: Request, pk: int) -> Response:
        """Return it."""
        return Response(data_set_json(fetch(staff_of(request), DataSet, pk=pk)))

    def put(self, request: Request, pk: int) -> Response:
        """Replace it."""
        return self._write(request, pk, is_whole=True)

    def patch(self, request: Request, pk: int) -> Response:
        """Change some of it; what is left out stays."""
        return self._write(request, pk, is_whole=False)

    def _write(self, request: Request, pk: int, *, is_whole: bool) -> Response:
        user, now = staff_of(request), clock.now()
        row = fetch(user, DataSet, edit=True, pk=pk)
        version = read_version(request.data)
        draft = parse_draft(without_version(request.data), None if is_whole else row)
        check_runs(draft, now)
        return Response(data_set_json(actions.change_data_set(user, row, draft, now, version)))

    def delete(self, request: Request, pk: int) -> Response:
        """Remove it: who reads by it alone reads nothing."""
        user = staff_of(request)
        row = fetch(user, DataSet, edit=True, pk=pk)
        actions.delete_data_set(user, row, read_version(request.query_params))
        return Response(status=204)


def without_version(body: Any) -> Any:
    return {k: v for k, v in body.items() if k != "version"} if isinstance(body, Mapping) else body
