"""Variables of a dashboard: what they offer now, what drafts of them would, and a new name for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.insights.models import RUN_SQL
from dashboards.api.answers import look_at
from dashboards.document import check_storable
from dashboards.live import wanted_in
from dashboards.models import VIEW, Dashboard
from dashboards.variables.definitions import Variable, parse_variables, stored
from dashboards.variables.renaming import renamed
from portal.accounts.access import fetch, require
from portal.accounts.models import User
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.openapi import FLAG, OBJECT, TEXT, TIME, WHOLE, Operation, listed, record
from portal.lib.reading import Reader

STATE = record(
    (), name=TEXT, label=TEXT, kind=TEXT, multi=FLAG, include_all=FLAG, hidden=FLAG,
    needs=listed(TEXT), options=listed(record(value=TEXT, text=TEXT)), more=WHOLE,
    value={"description": "a text, or a list of texts where several may be chosen"}, text=TEXT,
    problem={"type": "string", "description": "why there are no options"},
)  # fmt: skip
STATES = record(variables=listed(STATE))
LISTED = Operation(
    query={
        "var-x": "what is chosen of the variable x; repeated for several, $__all for all",
        "from": "-7d, all, or RFC 3339", "to": "RFC 3339; default now", "tz": "IANA zone",
    },
    answer=record(
        as_of=TIME, **{"from": TIME}, to=TIME, time_zone=TEXT, variables=listed(STATE)
    ),
)  # fmt: skip
PREVIEWED = Operation(
    body=record(
        ("variables",), variables=listed(OBJECT), values=OBJECT, **{"from": TEXT}, to=TEXT, tz=TEXT
    ),
    answer=STATES,
)
RENAMED = Operation(
    body=record(("document", "from", "to"), document=OBJECT, **{"from": TEXT}, to=TEXT),
    answer=record(document=OBJECT),
)


class VariableList(APIView):
    """What each variable of a dashboard offers, and what is chosen of it, as of which moment."""

    required_permission = VIEW
    operations = {"get": LISTED}

    @extend_schema(operation_id="dashboards_variables_list")
    def get(self, request: Request, uid: str) -> Response:
        dashboard = fetch(staff_of(request), Dashboard, uid=uid)
        look = look_at(request, dashboard, wanted_in(request.query_params))
        now = clock.now()
        shown = look.range_at(now)
        body = {
            "as_of": look.moment(now),
            "from": shown.start,
            "to": shown.end,
            "time_zone": shown.zone,
            "variables": [one.as_json() for one in look.states(now).values()],
        }
        return Response(body)


class VariablePreview(APIView):
    """What variables would offer that are not saved: in the editor, while somebody writes them."""

    required_permission = VIEW
    reads_by_post = True
    operations = {"post": PREVIEWED}

    def post(self, request: Request, uid: str) -> Response:
        user = staff_of(request)
        dashboard = fetch(user, Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        variables = parse_variables(reader.take("variables"))
        wanted = {name: reader.take(name) for name in ("from", "to", "tz")}
        wanted["variables"] = reader.take("values")
        reader.finish()
        require_questions(user, dashboard, variables)
        look = replace(look_at(request, dashboard, wanted), definitions=variables)
        found = look.states(clock.now()).values()
        return Response({"variables": [one.as_json() for one in found]})


class VariableRename(APIView):
    """Give a variable another name in a document, with every use of it. Nothing is saved."""

    required_permission = VIEW
    reads_by_post = True
    operations = {"post": RENAMED}

    def post(self, request: Request, uid: str) -> Response:
        fetch(staff_of(request), Dashboard, edit=True, uid=uid)
        reader = Reader(request.data)
        document, old, new = reader.take("document"), reader.text("from"), reader.text("to")
        reader.finish()
        if not isinstance(document, Mapping):
            raise FieldError("document", "This must be a dashboard's document.")
        check_storable(document, "document")
        return Response({"document": renamed(document, old, new)})


def require_questions(user: User, dashboard: Dashboard, variables: Sequence[Variable]) -> None:
    """Let nobody ask new SQL who may not run SQL. Raises MissingPermission."""
    known = {one.query for one in stored(dashboard.variables) if one.source == "sql"}
    if any(one.source == "sql" and one.query not in known for one in variables):
        require(user, RUN_SQL)
