"""What the widgets of a dashboard show, as of one moment; of one that is not saved, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.models import RUN_SQL
from dashboards.askable import check_kind
from dashboards.document import check_storable, place, widget
from dashboards.evaluate import Look, evaluate, evaluate_all
from dashboards.live import look_of, wanted_in
from dashboards.models import VIEW, Dashboard, Widget
from dashboards.shapes import values_of
from portal.accounts.access import fetch, require
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.api import FieldError
from portal.lib.openapi import OBJECT, TEXT, Operation, record
from portal.lib.reading import Reader
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest


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
    )
    def get(self, request: Request, uid: str) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        now = clock.now()
        look = look_at(request, dashboard, wanted_in(request.query_params))
        chosen = look.range_at(now)
        boxes = look.boxes(list(dashboard.widgets.all()), now)
        answers = evaluate_all(boxes, look, now)
        body: dict[str, Any] = {
            "uid": dashboard.uid,
            "as_of": look.moment(now),
            "from": chosen.start,
            "to": chosen.end,
            "time_zone": chosen.zone,
            "variables": [one.as_json() for one in look.states(now).values()],
            "data": {key: {"data": answer, "lastUpdated": now} for key, answer in answers.items()},
        }
        return Response(body)


class WidgetPreview(APIView):
    """What a widget would show that is not saved: in the editor, while somebody writes it."""

    required_permission = VIEW
    reads_by_post = True
    operations = {
        "post": Operation(
            body=record(
                ("widget",), widget=OBJECT, **{"from": TEXT}, to=TEXT, tz=TEXT, variables=OBJECT
            ),
            answer=record(data=OBJECT, lastUpdated=TEXT),
        )
    }

    def post(self, request: Request, uid: str) -> Response:
        user, now = staff_of(request), clock.now()
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        given = reader.take("widget")
        wanted = {name: reader.take(name) for name in ("from", "to", "tz", "variables")}
        reader.finish()
        check_storable(given, "widget")
        asked = widget(given)
        check_kind(asked, "widget")
        if asked["source"] == "sql":
            require(user, RUN_SQL)
        place([asked])
        row = Widget(dashboard=dashboard, **{**values_of(asked), "key": asked["id"] or "preview"})
        look = look_at(request, dashboard, wanted)
        return Response({"data": evaluate(row, look, now), "lastUpdated": now})


def look_at(request: Request, dashboard: Dashboard, wanted: Mapping[str, Any]) -> Look:
    """Return how a request wants to see a dashboard. Raises FieldError."""
    try:
        look = look_of(dashboard, staff_of(request), wanted)
        look.range_at(clock.now())
    except (BadRequest, BadRange) as problem:
        raise FieldError("from", str(problem)) from problem
    return look
