"""Dashboards as files: export in the portal's own form or Grafana's, import of either."""

from __future__ import annotations

import json
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from rest_framework import parsers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards import actions
from dashboards.adding import require_may_make
from dashboards.api.described import DOCUMENT, SAVED
from dashboards.api.documents import shown_to
from dashboards.as_code.text import data_of
from dashboards.exporting import file_of
from dashboards.importing import read_data, read_text
from dashboards.models import VIEW, Dashboard
from portal.accounts.access import fetch, may, visible
from portal.accounts.models import Level, User
from portal.accounts.permissions import staff_of
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib import clock
from portal.lib.api import JSONParser, TooLarge, bounded
from portal.lib.field_error import FieldError
from portal.lib.openapi import OBJECT, TEXT, WHOLE, Operation, choice, listed, record

LINE = record(path=TEXT, fate=choice("lost", "changed"), why=TEXT, value=TEXT)
REPORT = record(format=choice("portal", "grafana"), lost=WHOLE, changed=WHOLE, lines=listed(LINE))
LARGEST_FILE = 10 << 20


class YamlParser(parsers.BaseParser):
    """YAML under any of the names that clients give it; plain text is taken for it, too."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        return data_of(bounded(stream))


class DashboardExport(APIView):
    """A dashboard as a file: `format` is portal (the usual) or grafana, `as` json (the usual) or yaml.

    With `report` the answer holds Grafana's JSON and, beside it, what Grafana has no word for.
    """

    required_permission = VIEW
    operations = {
        "get": Operation(
            answer=OBJECT,
            query={
                "format": "portal or grafana",
                "as": "yaml or json",
                "report": "1: with a report",
            },
        )
    }

    def get(self, request: Request, uid: str) -> Response | HttpResponse:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, uid=uid)
        query = request.query_params
        file = file_of(dashboard, query.get("format", "portal"), query.get("as", "json"))
        after = {"format": query.get("format", "portal"), "version": dashboard.version}
        trail.record(user, "dashboard.export", dashboard, Change(after=after))
        if query.get("report"):
            lines = [line.as_json() for line in file.lines]
            whole = json.loads(file.text) if file.form == "json" else file.text
            return Response({"dashboard": whole, "report": {"lost": len(lines), "lines": lines}})
        answer = HttpResponse(file.text, content_type=file.type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        return answer


class DashboardImport(APIView):
    """Make a dashboard of a file: the portal's JSON or YAML, or Grafana's JSON of schema 14 to 42.

    The body is the file, or a form whose `file` it is. `report` lists, by path, every property that
    could not be kept or was changed. With `dry_run` nothing is made: the answer is the document that
    would be. The dashboard keeps its uid where that is free; with `overwrite` one of that uid that the
    caller may edit gets a new version instead.
    """

    required_permission = VIEW
    parser_classes = [JSONParser, parsers.MultiPartParser, YamlParser]
    operations = {
        "post": Operation(
            body=DOCUMENT,
            answer=record(dashboard=SAVED, report=REPORT),
            status=201,
            also=(200,),
            query={"dry_run": "1: only read", "overwrite": "1: replace the one with this uid"},
        )
    }

    def post(self, request: Request) -> Response:
        user, now = staff_of(request), clock.now()
        require_may_make(user)
        read = (
            read_text(uploaded(request))
            if request.FILES or is_form(request)
            else read_data(request.data)
        )
        if is_set(request, "dry_run"):
            return Response(
                {"dashboard": {"uid": read.uid, **read.document}, "report": read.report()}
            )
        present = replaced(user, read.uid) if is_set(request, "overwrite") else None
        if present is not None:
            made, status = actions.import_over(user, present, read, now), 200
        else:
            made, status = actions.import_dashboard(user, read, now), 201
        made.refresh_from_db()
        return Response({"dashboard": shown_to(user, made), "report": read.report()}, status=status)


def is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "0") not in ("", "0", "false")


def is_form(request: Request) -> bool:
    return str(request.content_type).startswith("multipart/form-data")


def uploaded(request: Request) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise FieldError("file", "There is no file in this form.")
    if (file.size or 0) > LARGEST_FILE:
        raise TooLarge
    return bytes(file.read())


def replaced(user: User, uid: str) -> Dashboard | None:
    """Return the dashboard of this uid that the user sees. Raises PermissionDenied where it stays."""
    found = visible(user, Dashboard).filter(uid=uid).first() if uid else None
    if found is not None and not may(user, found, Level.EDIT):
        raise PermissionDenied("A dashboard with this uid is there that you may not change.")
    return found
