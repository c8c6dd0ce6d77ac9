"""Describe plain API views (JSON in, JSON out) for the OpenAPI schema and its page.

    class TrendView(APIView):
        '''Count events per interval.'''

        operations = {"post": Operation(body=record(series=listed(SERIES)), answer=...)}

A view that says nothing is described as taking and giving any object, without a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

Json = dict[str, Any]

ANY: Json = {}
OBJECT: Json = {"type": "object", "additionalProperties": True}
TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
WHOLE: Json = {"type": "integer"}
FLAG: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
MAYBE_TEXT: Json = {**TEXT, "nullable": True}
MAYBE_NUMBER: Json = {**NUMBER, "nullable": True}
MAYBE_WHOLE: Json = {**WHOLE, "nullable": True}
MAYBE_TIME: Json = {**TIME, "nullable": True}

ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": TEXT, "message": TEXT, "field": TEXT},
        }
    },
}
REFUSALS = {
    400: "Something cannot be used; `field` says what.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "A right or a scope is missing; the message says which.",
    429: "Too many calls; `Retry-After` says when to come back.",
    503: "A part of the portal does not answer; `Retry-After` says when to try again.",
}
OF_BODIES = {
    413: "The body is too large.",
    415: "The body is not JSON by its Content-Type.",
}
NOT_FOUND = "There is nothing here that the caller may know of."
CONFLICT = "Somebody else changed it meanwhile, or it is in use; the message says which."
NO_METHOD = "With this in its place the path is another one, which has no such method."
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


def record(required: tuple[str, ...] = (), /, **fields: Json) -> Json:
    """Describe an object with these fields."""
    return {
        "type": "object",
        "properties": fields,
        **({"required": list(required)} if required else {}),
    }


def listed(item: Json) -> Json:
    return {"type": "array", "items": item}


def choice(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


@dataclass(frozen=True)
class Operation:
    """What one method takes and gives, as JSON Schema. `query` is name -> meaning."""

    body: Json | None = None
    answer: Json | None = field(default_factory=lambda: OBJECT)
    query: dict[str, str] = field(default_factory=dict)
    status: int = 200
    also: tuple[int, ...] = ()  # further good statuses, with the same answer


class PlainSchema(AutoSchema):
    """DRF's view of an operation, from `operations` and the docstrings of the view."""

    def get_request_serializer(self) -> Any:
        return {"application/json": self._operation().body or OBJECT}

    def get_response_serializers(self) -> Any:
        operation = self._operation()
        component: Any = ResolvedComponent  # untyped
        error = component("Error", component.SCHEMA, schema=ERROR, object="Error")
        self.registry.register_on_missing(error)
        return {
            **{
                status: OpenApiResponse(operation.answer, description="The answer.")
                for status in (operation.status, *operation.also)
            },
            **{
                status: OpenApiResponse(error.ref, description=meaning)
                for status, meaning in sorted(self._refusals(operation).items())
            },
        }

    def _refusals(self, operation: Operation) -> dict[int, str]:
        found = dict(REFUSALS)
        if "{" in self.path or operation.body is not None:
            found[404] = NOT_FOUND
        if self.method in CHANGING and "{" in self.path:
            found[405] = NO_METHOD
        if self.method in CHANGING:
            found |= OF_BODIES
            found[409] = CONFLICT
        return found

    def get_override_parameters(self) -> list[Any]:
        return [
            OpenApiParameter(name, str, OpenApiParameter.QUERY, description=meaning)
            for name, meaning in self._operation().query.items()
        ]

    def get_operation_id(self) -> str:
        """Tell a list from one of its entries, which DRF would both call `retrieve`."""
        found: str = super().get_operation_id()
        is_list = self.method == "GET" and type(self.view).__name__.endswith("List")
        return f"{found.removesuffix('_retrieve')}_list" if is_list else found

    def get_tags(self) -> list[str]:
        """Return the part of the API: `insights` of /api/v1/insights/trend."""
        parts = [part for part in self.path.split("/") if part and "{" not in part]
        return [parts[2] if len(parts) > 2 else parts[-1]]

    def _operation(self) -> Operation:
        declared: dict[str, Operation] = getattr(self.view, "operations", {})
        usual = Operation(answer=None, status=204) if self.method == "DELETE" else Operation()
        return declared.get(self.method.lower(), usual)
