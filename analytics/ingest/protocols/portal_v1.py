"""The portal's own protocol: POST /api/v1/events, CONTRACT 4."""

from __future__ import annotations

from typing import Any

import orjson

from analytics.ingest import bodies
from analytics.ingest.events import MAX_EVENTS, MAX_TEXT, Unusable, instant, json_type
from analytics.ingest.known_series import Generation
from analytics.ingest.protocols import (
    Answer,
    BadRequest,
    Decoded,
    Headers,
    Problem,
    Receipt,
    Request,
    bearer_key,
    plain_refusal,
    protocols,
)


class PortalV1:
    kind = "portal_v1"
    label = "Portal events, version 1"
    routes = ("/api/v1/events",)
    methods = ("POST",)

    def authenticate(self, headers: Headers, query: str) -> str:
        return bearer_key(headers)

    def expand(self, packed: bytes, request: Request) -> bytes:
        return bodies.expanded(packed, request.headers.get("content-encoding", ""))

    def decode(self, body: bytes, request: Request, series: Generation) -> Decoded:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
        if type(document) is not dict:
            raise BadRequest(f"The body is an object with `events`, not {json_type(document)}.")
        events = document.get("events")
        if type(events) is not list:
            raise BadRequest("`events` is missing or no array.", field="events")
        if len(events) > MAX_EVENTS:
            message = f"A batch has {MAX_EVENTS} events at most, this one has {len(events)}."
            raise BadRequest(message, field="events", status=413)
        return Decoded(
            events=events,
            service=batch_text(document, "service"),
            environment=batch_text(document, "environment"),
            sent_at=sent_at(document),
        )

    def answer(self, receipt: Receipt, request: Request) -> Answer:
        body: dict[str, Any] = {"accepted": receipt.accepted}
        if receipt.duplicates:
            body["duplicates"] = receipt.duplicates
        body["rejected"] = [one.as_json() for one in receipt.rejected]
        if receipt.warnings:
            body["warnings"] = [one.as_json() for one in receipt.warnings]
        return Answer(200, orjson.dumps(body))

    def refuse(self, problem: Problem, request: Request) -> Answer:
        return plain_refusal(problem)


def batch_text(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if value is None:
        return ""
    if type(value) is not str or len(value) > MAX_TEXT or "\0" in value:
        message = f"{field} is a string of at most {MAX_TEXT} characters, without NUL."
        raise BadRequest(message, field=field)
    return value


def sent_at(document: dict[str, Any]) -> int | None:
    given = document.get("timestamp")
    if given is None:
        return None
    try:
        return instant(given)
    except Unusable as error:
        raise BadRequest(error.message, field="timestamp") from error


protocols.add(PortalV1())
