"""OpenTelemetry's metrics over HTTP, as protobuf or JSON: POST /v1/metrics."""

from __future__ import annotations

import re
from typing import Any

import orjson
from google.protobuf.message import DecodeError

from analytics.ingest import bodies, otlp_json, otlp_points
from analytics.ingest.known_series import Generation
from analytics.ingest.measured import Gathering, Measured, TooManyLabels, shown
from analytics.ingest.otlp_points import TooManyParts
from analytics.ingest.protocols import (
    Answer,
    BadRequest,
    Headers,
    Problem,
    Receipt,
    Request,
    any_key,
    protocols,
)
from analytics.ingest.wire import define

MAX_EXPANDED_BYTES = 10 << 20
PROTOBUF, JSON = "application/x-protobuf", "application/json"
MEDIA_TYPE = re.compile(r"\s*application/(?:x-protobuf|protobuf|json)\s*(?:;.*)?", re.IGNORECASE)
# What gRPC calls the answers of HTTP; anything else is "unknown".
CODES = {400: 3, 401: 16, 403: 7, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14, 507: 14}
UNKNOWN = 2
answers = define(
    "portal.otlp.answers",
    {
        "Done": {"partial_success": (1, "Partial")},
        "Partial": {"rejected": (1, "int64"), "message": (2, "string")},
        "Status": {"code": (1, "int32"), "message": (2, "string")},
    },
)


class OtlpMetrics:
    kind = "otlp_metrics"
    label = "OpenTelemetry metrics (OTLP over HTTP)"
    routes = (
        "/v1/metrics",
        "/prometheus/api/v1/otlp/v1/metrics",
    )  # the second as Prometheus has it
    methods = ("POST",)

    def authenticate(self, headers: Headers, query: str) -> str:
        return any_key(headers)

    def expand(self, packed: bytes, request: Request) -> bytes:
        body = bodies.expanded(packed, request.headers.get("content-encoding", ""))
        if len(body) > MAX_EXPANDED_BYTES:
            raise bodies.TooLarge(f"The body expands to more than {MAX_EXPANDED_BYTES >> 20} MiB.")
        return body

    def decode(self, body: bytes, request: Request, series: Generation) -> Measured:
        if not MEDIA_TYPE.fullmatch(request.content_type):
            message = (
                f"Content-Type {shown(request.content_type)!r} is not taken here;"
                f" use {PROTOBUF} or {JSON}."
            )
            raise BadRequest(message, status=415)
        gathering = Gathering(series)
        try:
            sent = otlp_json.as_protobuf(body) if is_json(request) else body
            otlp_points.read(sent, gathering, request.at_ms)
        except otlp_json.NotOtlp as error:
            raise BadRequest(str(error)) from error
        except DecodeError as error:
            raise BadRequest("The body is no ExportMetricsServiceRequest.") from error
        except (TooManyParts, TooManyLabels) as error:
            raise BadRequest(str(error), status=413) from error
        return gathering.measured()

    def answer(self, receipt: Receipt, request: Request) -> Answer:
        """Say how many points were not taken, and why; an empty message: all were."""
        untaken = receipt.untaken
        if is_json(request):
            told: dict[str, Any] = {}
            if untaken.count:
                partial = {"rejectedDataPoints": str(untaken.count)}
                told["partialSuccess"] = partial | {"errorMessage": untaken.sentence()}
            return Answer(200, orjson.dumps(told), JSON)
        done = answers["Done"]()
        if untaken.count:
            done.partial_success.rejected = untaken.count
            done.partial_success.message = untaken.sentence()
        return Answer(200, done.SerializeToString(), PROTOBUF)

    def refuse(self, problem: Problem, request: Request) -> Answer:
        code = CODES.get(problem.status, UNKNOWN)
        if is_json(request):
            told = {"code": code, "message": problem.message}
            return Answer(problem.status, orjson.dumps(told), JSON)
        status = answers["Status"](code=code, message=problem.message)
        return Answer(problem.status, status.SerializeToString(), PROTOBUF)


def is_json(request: Request) -> bool:
    return "json" in request.content_type.lower()


protocols.add(OtlpMetrics())
