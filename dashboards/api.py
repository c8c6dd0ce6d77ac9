"""The read side of /api/v1/dashboards."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.definitions.reading import Reader
from dashboards import actions
from dashboards.adding import insight_in, widget_of
from dashboards.evaluate import evaluate_all
from dashboards.live import look_of, wanted_in
from dashboards.models import VIEW, Dashboard
from dashboards.shapes import as_json, widget_as_json
from portal.accounts.access import fetch, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.api import FieldError
from portal.lib.openapi import OBJECT, TEXT, WHOLE, Operation, record
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest

ADD_WIDGET = Operation(
    body=record(
        (), insight={"type": "integer", "description": "a saved insight's id; else kind and definition"},
        kind=TEXT, definition=OBJECT, view=OBJECT,
        title={"type": "string", "description": "left out: the saved insight's name"},
        drawn_as={"type": "string", "description": "line, area, bar, stat, table, funnel, ..."},
    ),
    answer=record(
        id=TEXT, type=TEXT, title=TEXT, source=TEXT, query=TEXT, size=TEXT,
        position=record(x=WHOLE, y=WHOLE, w=WHOLE, h=WHOLE), config=OBJECT, version=WHOLE,
    ),
    status=201,
)  # fmt: skip


class DashboardList(APIView):
    """Every dashboard that the caller may see, with its widgets."""

    required_permission = VIEW

    @extend_schema(operation_id="dashboards_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        rows = visible(staff_of(request), Dashboard).select_related("created_by")
        return Response({"dashboards": [as_json(row) for row in rows.prefetch_related("widgets")]})


class DashboardDetail(APIView):
    """One dashboard with its widgets."""

    required_permission = VIEW

    @extend_schema(operation_id="dashboards_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: str) -> Response:
        return Response(as_json(fetch(staff_of(request), Dashboard, uid=uid)))


class WidgetList(APIView):
    """Add a widget that draws an insight: a saved one, or a definition.

    It takes the first free place of the grid and moves the dashboard's version. A saved insight is
    copied: changing it later does not change the dashboard.
    """

    required_permission = VIEW
    operations = {"post": ADD_WIDGET}

    def post(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        title, drawn_as = reader.text("title", ""), reader.text("drawn_as", "")
        asked = {name: reader.take(name) for name in ("insight", "kind", "definition", "view")}
        reader.finish()
        name, kind, kept = insight_in(asked, user, clock.now())
        new = widget_of(title or name, kind, kept, drawn_as)
        widget = actions.add_widget(user, dashboard, new)
        version = Dashboard.objects.values_list("version", flat=True).get(pk=dashboard.pk)
        return Response(widget_as_json(widget) | {"version": version}, status=201)


class DashboardData(APIView):
    """All widgets' data, as of one moment."""

    required_permission = VIEW

    @extend_schema(
        operation_id="dashboards_data",
        parameters=[
            OpenApiParameter("from", str, description="-7d, all, or RFC 3339"),
            OpenApiParameter("to", str, description="RFC 3339; default now"),
            OpenApiParameter("tz", str, description="IANA zone"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, uid: str) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        now = clock.now()
        look = self._look(request, dashboard)
        try:
            chosen = look.range_at(now)
        except BadRange as problem:
            raise FieldError("from", str(problem)) from problem
        answers = evaluate_all(list(dashboard.widgets.all()), look, now)
        body: dict[str, Any] = {
            "uid": dashboard.uid,
            "as_of": now,
            "from": chosen.start,
            "to": chosen.end,
            "time_zone": chosen.zone,
            "data": {key: {"data": answer, "lastUpdated": now} for key, answer in answers.items()},
        }
        return Response(body)

    def _look(self, request: Request, dashboard: Dashboard) -> Any:
        try:
            wanted = wanted_in(request.query_params.dict())
            return look_of(dashboard, staff_of(request), wanted)
        except BadRequest as problem:
            raise FieldError("from", str(problem)) from problem
