"""The API of annotations."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights import actions
from analytics.insights.annotation_drafts import as_json, parse_draft
from analytics.insights.definitions.window import parse_window
from analytics.insights.described import annotations as described
from analytics.insights.models import ANNOTATE, EXPLORE, Annotation, AnnotationQuerySet
from portal.accounts.access import fetch, require, visible
from portal.accounts.permissions import staff_of
from portal.lib import clock


def zone() -> ZoneInfo:
    return ZoneInfo(settings.PORTAL_TIME_ZONE)


class AnnotationList(APIView):
    """Annotations: what happened at a time, as lines on charts over time."""

    required_permission = EXPLORE
    operations = {"get": described.LISTED, "post": described.CREATED}

    @extend_schema(operation_id="v1_annotations_list")  # else it is named as that of one
    def get(self, request: Request) -> Response:
        """List them by time; all unless a range or an event is given."""
        rows: AnnotationQuerySet = visible(staff_of(request), Annotation)  # type: ignore[assignment]  # its own
        rows = rows.select_related("created_by")
        given = request.query_params.dict()
        if given.get("from") or given.get("to"):
            window = parse_window({"from": "all"} | given, clock.now(), settings.PORTAL_TIME_ZONE)
            rows = rows.touching(window)
        if given.get("event"):
            rows = rows.about([given["event"]])
        return Response({"annotations": [as_json(row) for row in rows]})

    def post(self, request: Request) -> Response:
        """Make an annotation."""
        user = staff_of(request)
        require(user, ANNOTATE)
        row = actions.create_annotation(user, parse_draft(request.data, zone()), clock.now())
        return Response(as_json(row), status=201)


class AnnotationDetail(APIView):
    """One annotation; the last change wins."""

    required_permission = EXPLORE
    operations = {"get": described.SHOWN, "put": described.PUT, "patch": described.PATCHED}

    def get(self, request: Request, annotation_id: int) -> Response:
        """Return it."""
        return Response(as_json(fetch(staff_of(request), Annotation, pk=annotation_id)))

    def put(self, request: Request, annotation_id: int) -> Response:
        """Replace it."""
        return self._write(request, annotation_id, is_whole=True)

    def patch(self, request: Request, annotation_id: int) -> Response:
        """Change some of it; what is left out stays."""
        return self._write(request, annotation_id, is_whole=False)

    def _write(self, request: Request, annotation_id: int, *, is_whole: bool) -> Response:
        user = staff_of(request)
        row = fetch(user, Annotation, edit=True, pk=annotation_id)
        draft = parse_draft(request.data, zone(), None if is_whole else row)
        return Response(as_json(actions.update_annotation(user, row, draft, clock.now())))

    def delete(self, request: Request, annotation_id: int) -> Response:
        """Remove it."""
        user = staff_of(request)
        actions.delete_annotation(user, fetch(user, Annotation, edit=True, pk=annotation_id))
        return Response(status=204)
