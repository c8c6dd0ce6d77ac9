"""The API of deploys."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.actions.deploys import forget_deploy, note_deploy
from analytics.insights.definitions.window import parse_window
from analytics.insights.deploy_drafts import as_json, parse_draft
from analytics.insights.described import deploys as described
from analytics.insights.models import ANNOTATE, EXPLORE, Deploy, DeployQuerySet
from portal.accounts.access import fetch, require, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock

MOST = 1_000


class DeployList(APIView):
    """Deploys: which version went live when, as lines on charts over time."""

    required_permission = EXPLORE
    operations = {"get": described.LISTED, "post": described.NOTED}

    @extend_schema(operation_id="v1_deploys_list")
    def get(self, request: Request) -> Response:
        """List them, the newest first, 1,000 at most."""
        rows: DeployQuerySet = visible(staff_of(request), Deploy)  # type: ignore[assignment]  # its own
        rows = rows.select_related("created_by")
        given = request.query_params.dict()
        if given.get("from") or given.get("to"):
            window = parse_window({"from": "all"} | given, clock.now(), settings.PORTAL_TIME_ZONE)
            rows = rows.during(window)
        if given.get("service"):
            rows = rows.filter(service=given["service"].replace("\0", ""))
        return Response({"deploys": [as_json(row) for row in rows[:MOST]]})

    def post(self, request: Request) -> Response:
        """Note a deploy. With a `deploymentId` it can be told again and counts once (200 then)."""
        user = staff_of(request)
        require(user, ANNOTATE)
        now = clock.now()
        row, is_new = note_deploy(user, parse_draft(request.data, now), now)
        return Response(as_json(row), status=201 if is_new else 200)


class DeployDetail(APIView):
    """One deploy."""

    required_permission = EXPLORE

    def delete(self, request: Request, deploy_id: int) -> Response:
        """Take it back."""
        user = staff_of(request)
        forget_deploy(user, fetch(user, Deploy, edit=True, pk=deploy_id))
        return Response(status=204)
