"""The API of other Prometheus servers that questions can be asked of."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.promql import actions
from analytics.promql.drafts import parse_draft, server_json
from analytics.promql.models import ASK, CHANGE, PrometheusServer
from portal.accounts.access import fetch, require, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.openapi import FLAG, TEXT, TIME, WHOLE, Operation, choice, listed, record

KEPT = {"description": "kept encrypted, never shown; left out: stays; empty: removed"}
WRITTEN = {
    "name": TEXT,
    "url": TEXT | {"description": "what stands before /api/v1"},
    "authentication": choice("none", "bearer", "basic"),
    "user_name": TEXT,
    "secret": TEXT | KEPT,
    "tenant": TEXT | KEPT | {"title": "X-Scope-OrgID"},
}
SERVER = record(
    id=WHOLE, name=TEXT, url=TEXT, authentication=TEXT, user_name=TEXT, has_secret=FLAG,
    has_tenant=FLAG, created_by=TEXT, created_at=TIME, updated_at=TIME,
)  # fmt: skip
CHANGED = Operation(body=record((), **WRITTEN), answer=SERVER)


class ServerList(APIView):
    """Prometheus servers that widgets and questions can ask beside the portal's own samples."""

    required_permission = ASK
    operations = {
        "get": Operation(answer=record(servers=listed(SERVER))),
        "post": Operation(body=record(("name", "url"), **WRITTEN), answer=SERVER, status=201),
    }

    @extend_schema(operation_id="v1_prometheus_servers_list")  # else it is named as that of one
    def get(self, request: Request) -> Response:
        """List them; where they stand is shown to admins only."""
        user = staff_of(request)
        rows, whole = visible(user, PrometheusServer), user.has_perm(CHANGE)
        return Response({"servers": [server_json(row, whole=whole) for row in rows]})

    def post(self, request: Request) -> Response:
        """Add a server. Its address has to be public, or named in PORTAL_INTERNAL_HOSTS."""
        user = staff_of(request)
        require(user, CHANGE)
        made = actions.add_server(user, parse_draft(request.data), clock.now())
        return Response(server_json(made, whole=True), status=201)


class ServerDetail(APIView):
    """One server; admins only."""

    required_permission = CHANGE
    operations = {"get": Operation(answer=SERVER), "patch": CHANGED}

    def get(self, request: Request, pk: int) -> Response:
        """Return it, without its secrets."""
        return Response(server_json(self._server(request, pk), whole=True))

    def patch(self, request: Request, pk: int) -> Response:
        """Change some of it; what is left out stays."""
        server = self._server(request, pk)
        draft = parse_draft(request.data, server)
        changed = actions.change_server(staff_of(request), server, draft, clock.now())
        return Response(server_json(changed, whole=True))

    def delete(self, request: Request, pk: int) -> Response:
        """Remove it: widgets that ask it say so."""
        actions.remove_server(staff_of(request), self._server(request, pk))
        return Response(status=204)

    def _server(self, request: Request, pk: int) -> PrometheusServer:
        return fetch(staff_of(request), PrometheusServer, edit=True, pk=pk)


class ServerTest(APIView):
    """Ask a server a first question; admins only."""

    required_permission = CHANGE
    operations = {"post": Operation(answer=record(is_ok=FLAG, message=TEXT))}

    def post(self, request: Request, pk: int) -> Response:
        """Say whether it answers, how fast, and if not, why."""
        server = fetch(staff_of(request), PrometheusServer, edit=True, pk=pk)
        found = actions.test_server(staff_of(request), server)
        return Response({"is_ok": found.is_ok, "message": found.message})
