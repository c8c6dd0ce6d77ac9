"""The API of business metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.collect.business import actions, described, drafts, keeping, states
from analytics.collect.business.models import CHANGE, EXPLORE, BusinessMetric
from analytics.collect.business.shaping import Figure
from analytics.insights.api.insights import engine_errors
from analytics.insights.drafts import read_version
from portal.accounts.access import fetch, require, visible
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.lib import clock

Json = dict[str, Any]
SHOWN_IN_A_LIST = 20


class BusinessMetricList(APIView):
    """Business metrics: figures of insights or SQL, collected into series."""

    required_permission = EXPLORE
    operations = {"get": described.LIST, "post": described.CREATE}

    @extend_schema(operation_id="v1_metrics_business_list")  # else it is named as that of one
    def get(self, request: Request) -> Response:
        """List them by name, each with up to 20 of its newest values."""
        user = staff_of(request)
        rows = visible(user, BusinessMetric).select_related("author", "insight")
        return Response({"metrics": [as_json(row, user, most=SHOWN_IN_A_LIST) for row in rows]})

    def post(self, request: Request) -> Response:
        """Make one, after trying what it asks; its first slot is collected at once."""
        user = staff_of(request)
        require(user, CHANGE)
        draft = drafts.read(request.data)
        with engine_errors():
            row = actions.create_metric(user, draft, clock.now())
        return Response(as_json(row, user), status=201)


class BusinessMetricDetail(APIView):
    """One business metric. A change carries the `version` that it was made on: a stale one gets 409
    with both sides; without one, the last change wins.
    """

    required_permission = EXPLORE
    operations = {"get": described.ONE, "put": described.REPLACE, "patch": described.CHANGE}

    def get(self, request: Request, pk: int) -> Response:
        """Return it with all its newest values."""
        user = staff_of(request)
        return Response(as_json(fetch(user, BusinessMetric, pk=pk), user))

    def put(self, request: Request, pk: int) -> Response:
        """Replace it."""
        return self._write(request, pk, is_whole=True)

    def patch(self, request: Request, pk: int) -> Response:
        """Change some of it; what is left out stays."""
        return self._write(request, pk, is_whole=False)

    def _write(self, request: Request, pk: int, *, is_whole: bool) -> Response:
        user = staff_of(request)
        row = fetch(user, BusinessMetric, edit=True, pk=pk)
        version = read_version(request.data)
        draft = drafts.read(request.data, None if is_whole else drafts.drawn_of(row))
        with engine_errors():
            row = actions.change_metric(user, row, draft, clock.now(), version=version)
        return Response(as_json(row, user))

    def delete(self, request: Request, pk: int) -> Response:
        """Remove it; what its series hold stays."""
        user = staff_of(request)
        row = fetch(user, BusinessMetric, edit=True, pk=pk)
        version = read_version(request.query_params)
        actions.delete_metric(user, row, clock.now(), version=version)
        return Response(status=204)


class BusinessMetricPreview(APIView):
    """What a metric would collect now; nothing is kept. Running SQL stands in the audit log."""

    required_permission = CHANGE
    operations = {"post": described.PREVIEW}

    def post(self, request: Request) -> Response:
        draft = drafts.read(request.data)
        with engine_errors():
            found = actions.preview(staff_of(request), draft, clock.now())
        return Response({"series": len(found), "values": values_of(found)})


def as_json(row: BusinessMetric, user: User, *, most: int | None = None) -> Json:
    figures = keeping.read(row.figures)
    is_shown = row.insight_id is None or actions.insight_shown(user, row) is not None
    return {
        "id": row.pk,
        "name": row.name,
        "metric": row.metric,
        "description": row.description,
        "type": row.type,
        "insight": row.insight_id if is_shown else None,
        "sql": row.query or None,
        "range": row.range_s,
        "interval": row.interval_s,
        "is_on": row.is_on,
        "reads_all": row.reads_all,
        "author": row.author.email if row.author else None,
        "version": row.version,
        "state": states.state_of(row, clock.now()),
        "error": row.error or None,
        "failed_at": row.failed_at,
        "collected_at": row.collected_at,
        "next_at": row.due_at if row.is_on else None,
        "took_ms": row.took_ms,
        "series": len(figures),
        "values": values_of(figures[:most]),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "page_url": row.get_absolute_url(),
    }


def values_of(figures: Iterable[Figure]) -> list[Json]:
    return [{"labels": dict(one.key), "value": one.value} for one in figures]
