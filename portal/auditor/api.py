"""The API of the audit trail (CONTRACT 9), as JSON page by page, or as one CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.spreadsheet import safe
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.auditor import actions
from portal.auditor.filters import Filters, page_of
from portal.auditor.shapes import COLUMNS, all_as_json, chain_as_json, rows
from portal.lib import clock
from portal.lib.api import JSONRenderer
from portal.lib.field_error import FieldError
from portal.lib.openapi import (
    MAYBE_TEXT,
    MAYBE_TIME,
    MAYBE_WHOLE,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    listed,
    record,
)

READ = "audit.view_auditentry"
MOST = 1_000
MOST_IN_FILE = 100_000
MAYBE_OBJECT = {**OBJECT, "nullable": True}
ENTRY = record(
    id=WHOLE, at=TIME, actor=TEXT, actor_email=MAYBE_TEXT, action=TEXT, object_type=TEXT,
    object_id=TEXT, object_label=TEXT, before=MAYBE_OBJECT, after=MAYBE_OBJECT, address=MAYBE_TEXT,
    request_id=TEXT, position=MAYBE_WHOLE, hash=MAYBE_TEXT,
)  # fmt: skip
CHAIN = record(
    sealed_position=WHOLE, sealed_entry=MAYBE_WHOLE, sealed_at=MAYBE_TIME,
    signed_position=WHOLE, key_id=MAYBE_TEXT, verified_at=MAYBE_TIME, verified_position=WHOLE,
    findings=listed(TEXT), posted_position=WHOLE, posting_problem=TEXT,
)  # fmt: skip
LISTED = Operation(
    query={
        "actor": "part of a name, or an e-mail address",
        "action": "such as user.login, or user for all of its kind",
        "object": "part of its name, its kind, or kind:number, such as dashboards.dashboard:7",
        "from": "RFC 3339, a date, -7d, or all (the default)",
        "to": "RFC 3339 or a date; left out: now",
        "tz": "zone in which dates begin",
        "limit": "100; at most 1000",
        "cursor": "`next` of the page before",
        "format": "csv: all of it as one file, at most 100,000 entries; or Accept: text/csv",
    },
    answer=record(entries=listed(ENTRY), next=TEXT, chain=CHAIN),
)


class CSVRenderer(BaseRenderer):
    """Negotiates `Accept: text/csv` and `?format=csv`; the view writes the file."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return JSONRenderer().render(data)  # an error


class AuditList(APIView):
    """The audit trail: who did what to which object, when and from where."""

    required_permission = READ
    renderer_classes = [JSONRenderer, CSVRenderer]
    operations = {"get": LISTED}

    def get(self, request: Request) -> Response | HttpResponse:
        """List entries, newest first, with the state of the chain that seals them."""
        given = request.query_params.dict()
        filters = Filters.read(given, clock.now(), default="all")
        if format_of(request) == "csv":
            return csv_file(staff_of(request), filters)
        entries, following = page_of(filters.rows(), given.get("cursor", ""), limit_of(given))
        answer = {"entries": all_as_json(entries), "next": following, "chain": chain_as_json()}
        return Response(answer)


def format_of(request: Request) -> str:
    """Return json or csv, by `format` or else by Accept. Raises FieldError."""
    wanted: str = request.query_params.get("format") or request.accepted_renderer.format
    if wanted not in {"json", "csv"}:
        raise FieldError("format", "This must be json or csv.")
    return wanted


def limit_of(given: dict[str, Any]) -> int:
    text = str(given.get("limit") or "100")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= MOST):
        raise FieldError("limit", f"This must be 1 to {MOST}.")
    return int(text)


def csv_file(actor: User, filters: Filters) -> HttpResponse:
    """Answer entries as a file, and note that somebody took it."""
    entries = list(filters.rows()[:MOST_IN_FILE])
    actions.record_export(actor, filters.given, format="csv", rows=len(entries))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([safe(cell) for cell in row] for row in rows(entries))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"audit-{filters.chosen.end:%Y%m%d-%H%M%S}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
