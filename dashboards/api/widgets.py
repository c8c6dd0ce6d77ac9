"""Add a widget to a dashboard by the API."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.definitions.reading import Reader
from dashboards import actions
from dashboards.adding import insight_in, widget_of
from dashboards.models import VIEW, Dashboard
from dashboards.shapes import widget_as_json
from portal.accounts.access import fetch
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.openapi import OBJECT, TEXT, WHOLE, Operation, record

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
        widget = actions.add_widget(user, dashboard, new, clock.now())
        version = Dashboard.objects.values_list("version", flat=True).get(pk=dashboard.pk)
        return Response(widget_as_json(widget) | {"version": version}, status=201)
