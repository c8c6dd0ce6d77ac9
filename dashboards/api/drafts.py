"""One's own unsaved draft of a dashboard, and who else has the editor open."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards import actions
from dashboards.document import check_storable
from dashboards.models import VIEW, Dashboard, Draft
from portal.accounts.access import fetch
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import FLAG, OBJECT, TIME, WHOLE, Operation, listed, record
from portal.lib.reading import Reader

ANSWER = record(
    (), draft=record((), document=OBJECT, base_version=WHOLE, updated_at=TIME),
    version=WHOLE, editors=listed(OBJECT),
)  # fmt: skip


class DraftDetail(APIView):
    """One's own draft. An editor sends it here as it changes, and says every 15 s that it is open;
    the answer says who else edits, and the dashboard's present version.

    PUT without `document` only says that the editor is open; with `open` false it is closed. DELETE
    discards the draft.
    """

    required_permission = VIEW
    operations = {
        "get": Operation(answer=ANSWER),
        "put": Operation(
            body=record((), document=OBJECT, base_version=WHOLE, open=FLAG), answer=ANSWER
        ),
    }

    def get(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        return Response(state(user, fetch(user, Dashboard, uid=uid)))

    def put(self, request: Request, uid: str) -> Response:
        user, now = staff_of(request), clock.now()
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        document, is_open = reader.take("document"), reader.take("open")
        base = reader.integer("base_version", dashboard.version, low=1, high=2**31 - 1)
        reader.finish()
        if document is not None:
            if not isinstance(document, dict):
                raise FieldError("document", "This must be an object.")
            check_storable(document, "document")
            actions.keep_draft(user, dashboard, document, base, now)
        if is_open is False:
            actions.stop_editing(user, dashboard)
        else:
            actions.start_editing(user, dashboard, now)
        return Response(state(user, dashboard))

    def delete(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        actions.discard_draft(user, fetch(user, Dashboard, edit=True, uid=uid))
        return Response(status=204)


def state(user: User, dashboard: Dashboard) -> dict[str, Any]:
    kept = Draft.objects.filter(dashboard=dashboard, user=user).first()
    draft = {
        "document": kept.document, "base_version": kept.base_version, "updated_at": kept.updated_at,
    } if kept else None  # fmt: skip
    return {
        "draft": draft,
        "version": dashboard.version,
        "editors": actions.editors_of(dashboard, clock.now(), but=user),
    }
