"""The API of privacy: ask for an export or an erasure, see how far it is, take what came of it."""

from __future__ import annotations

from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.ingest.identities import Id
from analytics.ingest.models import ERASE_PERSONS, PersonRequest
from analytics.privacy import actions, described, exporting
from analytics.privacy.finding import KINDS, UnknownPerson, find
from analytics.privacy.shapes import request_json
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError

MOST = 500


class Privacy(APIView):
    required_permission = ERASE_PERSONS

    def kind(self, request: Request) -> str:
        kind = request.query_params.get("kind", "")
        if kind not in ("", *KINDS):
            raise FieldError("kind", f"This must be one of: {', '.join(KINDS)}.")
        return str(kind)

    def known(self, request: Request, person_id: str) -> Id:
        """Return the id of somebody of whom something is held. Raises Http404."""
        try:
            return find(person_id, self.kind(request))
        except UnknownPerson as error:
            raise Http404 from error

    def asked(self, request: Request, person_id: str, kind: str) -> PersonRequest:
        """Return the newest request about an id, whose person may be gone. Raises Http404."""
        given = self.kind(request)
        ids = [Id(person_id, is_user=one == "user") for one in KINDS if given in ("", one)]
        found = [row for one in ids for row in actions.about(one) if row.kind == kind]
        if not found:
            raise Http404
        return max(found, key=lambda row: row.pk)


class ExportPerson(Privacy):
    """Hand out all that is held of a person: JSON files in a zip."""

    operations = {"post": described.EXPORT, "get": described.FILE}

    def post(self, request: Request, person_id: str) -> Response:
        """Ask for the archive; the answer's `url` says when it is ready."""
        one = self.known(request, person_id)
        row = actions.request_export(staff_of(request), one, clock.now())
        return Response(request_json(row), status=202)

    def get(self, request: Request, person_id: str) -> HttpResponseBase:
        """Return the newest archive of the person that is ready, a zip."""
        return archive(request, self.asked(request, person_id, PersonRequest.Kind.EXPORT))


class ErasePerson(Privacy):
    """Erase a person from every store, with a certificate."""

    operations = {"post": described.ERASE, "get": described.ERASED}

    def post(self, request: Request, person_id: str) -> Response:
        """Ask for it; the answer's `url` says how far it is, and has the certificate at the end."""
        given = request.data if isinstance(request.data, dict) else {}
        row = actions.request_erasure(
            staff_of(request),
            self.known(request, person_id),
            clock.now(),
            confirmed=str(given.get("confirm", "")),
            after=str(given.get("after") or ""),
        )
        return Response(request_json(row), status=202)

    def get(self, request: Request, person_id: str) -> Response:
        """Return the newest erasure of the person, with its certificate once it is done."""
        return Response(request_json(self.asked(request, person_id, PersonRequest.Kind.ERASE)))


class Requests(Privacy):
    """Exports and erasures that were asked for, newest first."""

    operations = {"get": described.ALL}

    @extend_schema(operation_id="v1_privacy_requests_list")
    def get(self, request: Request) -> Response:
        rows = PersonRequest.objects.select_related("requested_by")[:MOST]
        return Response({"requests": [request_json(row) for row in rows]})


class OneRequest(Privacy):
    """An export or erasure, and how far it has come."""

    operations = {"get": described.ONE}

    def get(self, request: Request, request_id: int) -> Response:
        return Response(request_json(row_of(request_id)))


class RequestFile(Privacy):
    """The archive of an export, a zip, until it expires."""

    def get(self, request: Request, request_id: int) -> HttpResponseBase:
        return archive(request, row_of(request_id))


def row_of(request_id: int) -> PersonRequest:
    row = PersonRequest.objects.select_related("requested_by").filter(pk=request_id).first()
    if row is None:
        raise Http404
    return row


def archive(request: Request, row: PersonRequest) -> HttpResponseBase:
    file = exporting.path_of(row)
    if file is None:
        raise Http404
    actions.record_download(staff_of(request), row)
    return FileResponse(
        file.open("rb"), as_attachment=True, filename=f"person-{row.pk}.zip",
        content_type="application/zip",
    )  # fmt: skip
