"""The API of scrape targets."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.collect.scraping import actions, described
from analytics.collect.scraping.drafts import parse_draft
from analytics.collect.scraping.models import CHANGE, VIEW, ScrapeTarget
from analytics.collect.scraping.states import (
    endpoint_json,
    endpoints_of,
    standings,
    target_json,
)
from portal.accounts.access import fetch, require, visible
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.lib import clock


class ScrapeTargetList(APIView):
    """Pages of metrics that the portal fetches on a schedule."""

    required_permission = VIEW
    operations = {"get": described.LISTED, "post": described.CREATED}

    @extend_schema(operation_id="v1_scrape_targets_list")  # else it is named as that of one
    def get(self, request: Request) -> Response:
        """List them, each with its state and last error."""
        user = staff_of(request)
        rows = list(visible(user, ScrapeTarget).select_related("created_by"))
        known, whole = standings(rows), user.has_perm(CHANGE)
        shown = [target_json(row, known[row.pk], whole=whole) for row in rows]
        return Response({"scrape_targets": shown})

    def post(self, request: Request) -> Response:
        """Make a target: of a page (`url`), or of those that a list names (`discovery`)."""
        user = staff_of(request)
        require(user, CHANGE)
        row = actions.create_target(user, parse_draft(request.data), clock.now())
        return Response(with_endpoints(user, row), status=201)


class ScrapeTargetDetail(APIView):
    """One target, with its endpoints: what is fetched, and how the last time went."""

    required_permission = VIEW
    operations = {"get": described.SHOWN, "put": described.PUT, "patch": described.PATCHED}

    def get(self, request: Request, pk: int) -> Response:
        """Return it, with up to 500 endpoints, those that are down first.

        Who may not change it does not see the queries of addresses: they may hold a token.
        """
        user = staff_of(request)
        return Response(with_endpoints(user, fetch(user, ScrapeTarget, pk=pk)))

    def put(self, request: Request, pk: int) -> Response:
        """Replace it; its bearer stays unless one is given."""
        return self._write(request, pk, is_whole=True)

    def patch(self, request: Request, pk: int) -> Response:
        """Change some of it; what is left out stays."""
        return self._write(request, pk, is_whole=False)

    def _write(self, request: Request, pk: int, *, is_whole: bool) -> Response:
        user = staff_of(request)
        row = fetch(user, ScrapeTarget, edit=True, pk=pk)
        draft = parse_draft(request.data, None if is_whole else row)
        return Response(with_endpoints(user, actions.change_target(user, row, draft, clock.now())))

    def delete(self, request: Request, pk: int) -> Response:
        """Remove it: its series end; what was collected stays."""
        user = staff_of(request)
        row = fetch(user, ScrapeTarget, edit=True, pk=pk)
        actions.delete_target(user, row, clock.now())
        return Response(status=204)


def with_endpoints(user: User, row: ScrapeTarget) -> dict[str, object]:
    whole = user.has_perm(CHANGE)
    found = target_json(row, standings([row])[row.pk], whole=whole)
    return found | {"endpoints": [endpoint_json(one, whole=whole) for one in endpoints_of(row)]}
