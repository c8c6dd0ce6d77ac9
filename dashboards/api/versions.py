"""The versions of a dashboard: what was saved, by whom, and what each changed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards import actions
from dashboards.api.described import SAVED, VERSION
from dashboards.api.documents import shown_to, version_in
from dashboards.differences import differences, sentences
from dashboards.models import VIEW, Dashboard, DashboardVersion
from dashboards.shapes import document_of
from portal.accounts.access import fetch
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import OBJECT, WHOLE, Operation, listed, record
from portal.lib.reading import Reader

AT_ONCE = 50


class VersionList(APIView):
    """The versions, newest first, each with what it changed in sentences; `before` pages on."""

    required_permission = VIEW
    operations = {
        "get": Operation(
            answer=record(versions=listed(VERSION), next=WHOLE),
            query={"before": "only versions with a smaller number"},
        )
    }

    def get(self, request: Request, uid: str) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        rows = dashboard.versions.select_related("created_by")
        if before := whole(request.query_params.get("before"), "before"):
            rows = rows.filter(number__lt=before)
        found = list(rows[: AT_ONCE + 1])
        shown: list[dict[str, Any]] = [
            version_json(row) | {"changes": sentences(old.document, row.document)}
            for row, old in pairwise(found)
        ]
        if 0 < len(found) <= AT_ONCE:
            shown.append(version_json(found[-1]) | {"changes": []})
        following = found[AT_ONCE - 1].number if len(found) > AT_ONCE else None
        return Response({"versions": shown or [present(dashboard)], "next": following})


class VersionDetail(APIView):
    """One version's document, and what differs from it today, or in the version `against`."""

    required_permission = VIEW
    operations = {
        "get": Operation(
            answer=record(document=OBJECT, differences=listed(OBJECT)),
            query={"against": "another version's number; left out: what stands there now"},
        )
    }

    def get(self, request: Request, uid: str, number: int) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        row = version_of(dashboard, number, "number")
        other = whole(request.query_params.get("against"), "against")
        against = (
            version_of(dashboard, other, "against").document if other else document_of(dashboard)
        )
        return Response(
            version_json(row)
            | {
                "document": row.document,
                "differences": [one.as_json() for one in differences(row.document, against)],
                "changes": sentences(row.document, against),
            }
        )


class VersionRestore(APIView):
    """Make an earlier version the newest one. `version`, where given, is the one that was read."""

    required_permission = VIEW
    operations = {"post": Operation(body=record(version=WHOLE), answer=SAVED)}

    def post(self, request: Request, uid: str, number: int) -> Response:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        version = None if reader.take("version") is None else version_in(reader)
        reader.finish()
        restored = actions.restore(user, dashboard, number, version, clock.now())
        return Response(shown_to(user, restored))


def version_of(dashboard: Dashboard, number: int, field: str) -> DashboardVersion:
    found = dashboard.versions.filter(number=number).first()
    if found is None:
        if number == dashboard.version:
            return DashboardVersion(
                dashboard=dashboard, number=number, document=document_of(dashboard),
                created_by=dashboard.created_by, created_at=dashboard.updated_at,
            )  # fmt: skip
        raise FieldError(field, f"There is no version {number} of this dashboard.")
    return found


def present(dashboard: Dashboard) -> dict[str, Any]:
    """Describe a dashboard that was never saved since versions are kept."""
    return version_json(version_of(dashboard, dashboard.version, "number")) | {"changes": []}


def version_json(row: DashboardVersion) -> dict[str, Any]:
    return {
        "number": row.number,
        "created_by": row.created_by.email if row.created_by else "system",
        "name": str(row.created_by or "The portal"),
        "created_at": row.created_at,
        "note": row.note,
    }


def whole(text: str | None, field: str) -> int:
    """Read a number of the address; 0 where there is none. Raises FieldError."""
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 9:
        raise FieldError(field, "This must be a version's number.")
    return int(text)
