"""The API's page for people: every operation of the OpenAPI schema, in the portal's own look."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib.api import JSONRenderer
from portal.lib.openapi import ERROR, OBJECT, TEXT, TIME, WHOLE, listed, record

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLE = 'curl {base}/api/v1/schema \\\n  -H "Authorization: Bearer $TOKEN"'
DEEPEST = 6  # a schema may refer to itself

EVENT = record(
    ("name",),
    id=TEXT, name=TEXT, userId=TEXT, anonymousId=TEXT, sessionId=TEXT, timestamp=TIME,
    platform=TEXT, version=TEXT, properties=OBJECT,
)  # fmt: skip
BATCH = record(("events",), events=listed(EVENT), service=TEXT, environment=TEXT, timestamp=TIME)
OUTCOME = record(
    accepted=WHOLE, duplicates=WHOLE, rejected=listed(record(index=WHOLE, field=TEXT, message=TEXT))
)
REFUSED = {
    "400": "The body is not what it should be; the answer says why.",
    "401": "The ingest key is missing, unknown or revoked.",
    "413": "The body is too large.",
    "429": "Over the quota; Retry-After says how long.",
    "507": "The disk cannot take it; nothing of it was kept.",
}
ERRORS = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
BYTES = {"type": "string", "format": "binary"}
KEY = (
    "With an ingest key: as the bearer, in X-Portal-Key, or as the password of HTTP's Basic scheme."
)
INTAKE = {
    "operationId": "v1_events_create",
    "description": "Send events, with an ingest key.\n\nAnswers once the accepted ones are on disk; "
    "one bad event never rejects its neighbors. At most 10,000 events, 5 MiB compressed (gzip, "
    "deflate, br or zstd) and 50 MiB expanded. An id counts once, whenever it arrives.",
    "tags": ["events"],
    "requestBody": {"content": {"application/json": {"schema": BATCH}}, "required": True},
    "security": [{"ingest key": []}],
    "responses": {
        "200": {
            "description": "Accepted, duplicate and rejected events.",
            "content": {"application/json": {"schema": OUTCOME}},
        },
        **{
            status: {"description": meaning, "content": ERRORS}
            for status, meaning in (REFUSED | {"400": "The body is not JSON, or no batch."}).items()
        },
    },
}


JOB = {"name": "job", "in": "path", "required": True, "schema": TEXT}


def intake(name: str, description: str, done: tuple[str, str], **body: Json) -> Json:
    """Describe an intake of metrics: what it takes by media type, and its status when all is well."""
    found: Json = {
        "operationId": name,
        "description": f"{description} {KEY}",
        "tags": ["metrics"],
        "security": [{"ingest key": []}],
        "responses": {
            status: {"description": meaning} for status, meaning in (done, *REFUSED.items())
        },
    }
    if name.startswith("push_"):
        found["parameters"] = [JOB]
    if body:
        content = {kind: {"schema": schema} for kind, schema in body.items()}
        found["requestBody"] = {"content": content, "required": True}
    return found


PROTOBUF = {"application/x-protobuf": BYTES}
PAGE = {"text/plain": TEXT, "application/vnd.google.protobuf": BYTES}
GROUP = (
    "The labels of the group follow the job in the path: /metrics/job/backup/host/db1; a value in"
    " base64 where its name ends in @base64. At most 4 MiB."
)
# The ways in answer before Django's views are reached.
INTAKES: dict[str, Json] = {
    "/api/v1/events": {"post": INTAKE},
    "/prometheus/api/v1/write": {
        "post": intake(
            "prometheus_write",
            "Send samples by Prometheus's remote write, 1.0 or 2.0, packed with snappy.\n\nAnswers"
            " once they are on disk; each (series, time) counts once.",
            ("204", "All of it was taken."),
            **PROTOBUF,
        )
    },
    "/v1/metrics": {
        "post": intake(
            "otlp_metrics",
            "Send OpenTelemetry's metrics over HTTP.\n\nAs protobuf or JSON; also at"
            " /prometheus/api/v1/otlp/v1/metrics. The answer says how many points were not taken.",
            ("200", "What could be taken was."),
            **PROTOBUF,
            **{"application/json": OBJECT},
        )
    },
    "/metrics/job/{job}": {
        "put": intake(
            "push_replace",
            f"Push a job's metrics instead of its whole group.\n\n{GROUP}",
            ("200", "It is on disk."),
            **PAGE,
        ),
        "post": intake(
            "push_add",
            f"Push a job's metrics instead of those of the same names.\n\n{GROUP}",
            ("200", "It is on disk."),
            **PAGE,
        ),
        "delete": intake(
            "push_delete",
            f"End a job's group: its series become stale.\n\n{GROUP}",
            ("202", "It ends."),
        ),
    },
}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    body: str
    answers: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path}".replace("/", "-").strip("-{}")


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema, as JSON."""

    renderer_classes = [JSONRenderer]  # errors included, in the shape of all others


@require_safe
@staff_page()
def api_docs(request: StaffRequest) -> HttpResponse:
    context = {"groups": groups(), "example": EXAMPLE.format(base=settings.PUBLIC_URL)}
    return render(request, "api_docs.html", context)


def with_intake(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Add the ways in to the schema."""
    for path, operations in INTAKES.items():
        result["paths"].setdefault(path, {}).update(operations)
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    result["components"].setdefault("securitySchemes", {})["ingest key"] = {
        "type": "http",
        "scheme": "bearer",
    }
    return result


@lru_cache(maxsize=1)
def groups() -> dict[str, list[Operation]]:
    """Return the operations by the part of the API that they belong to."""
    generator: Any = SchemaGenerator  # untyped
    schema = generator().get_schema(request=None, public=True)
    found: dict[str, list[Operation]] = defaultdict(list)
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                group = methods[method]["tags"][0]
                found[group].append(operation(method, path, methods[method], schema))
    return dict(sorted(found.items()))


def operation(method: str, path: str, spec: dict[str, Any], schema: dict[str, Any]) -> Operation:
    summary, _, description = spec.get("description", "").strip().partition("\n")
    return Operation(
        method=method.upper(),
        path=path,
        summary=spec.get("summary", "") or summary,
        description=description.strip(),
        parameters=spec.get("parameters", []),
        body=body_of(spec, schema),
        answers=[
            (code, answer.get("description", ""))
            for code, answer in spec.get("responses", {}).items()
        ],
    )


def body_of(spec: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return an outline of the JSON that the operation takes, or nothing."""
    content = spec.get("requestBody", {}).get("content", {}).get("application/json", {})
    return json.dumps(outline(content["schema"], schema), indent=2) if "schema" in content else ""


def outline(spec: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """Write a schema as an example whose leaves say their type."""
    if "$ref" in spec:
        spec = schema["components"]["schemas"][spec["$ref"].rsplit("/", 1)[1]]
    spec = alternative(spec)
    if "$ref" in spec and depth < DEEPEST:
        return outline(spec, schema, depth + 1)
    if spec.get("properties") and depth < DEEPEST:
        return {
            name: outline(inner, schema, depth + 1) for name, inner in spec["properties"].items()
        }
    if spec.get("type") == "array" and depth < DEEPEST:
        return [outline(spec.get("items", {}), schema, depth + 1)]
    return leaf(spec)


def alternative(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the first of several schemas that a value may have."""
    for several in ("allOf", "oneOf", "anyOf"):
        if spec.get(several):
            first: dict[str, Any] = spec[several][0]
            return first
    return spec


def leaf(spec: dict[str, Any]) -> str:
    if "enum" in spec:
        return " | ".join(str(value) for value in spec["enum"])
    kind = spec.get("type", "any")
    return " | ".join(kind) if isinstance(kind, list) else str(spec.get("format", kind))
