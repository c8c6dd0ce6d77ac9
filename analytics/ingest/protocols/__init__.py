"""Languages in which clients send events and samples: one file each, found by `discover`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from analytics.ingest.events import Rejection
from analytics.ingest.known_series import Generation
from analytics.ingest.measured import Measured, Untaken
from portal.lib.api import error_body
from portal.lib.registry import Registry

Headers = Mapping[str, str]  # names in small letters


class BadRequest(ValueError):
    """A body that cannot be taken at all."""

    def __init__(self, message: str, *, field: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status


@dataclass(frozen=True)
class Request:
    """What a client asks, without its body. `path` is as it was sent: %2F is no slash."""

    method: str
    path: str
    headers: Headers
    at_ms: int = 0  # when it came, in milliseconds since 1970

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True)
class Decoded:
    """A body in the portal's own event shape (CONTRACT 4)."""

    events: list[Any]
    service: str = ""
    environment: str = ""
    sent_at: int | None = None  # microseconds since 1970, when the client says so


@dataclass(frozen=True)
class Receipt:
    """What became of a body: of its events, or of its samples."""

    accepted: int
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[Rejection] = field(default_factory=list)
    untaken: Untaken = field(default_factory=Untaken)  # samples


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Problem:
    """Why a request is refused as a whole."""

    status: int
    code: str
    message: str
    field: str = ""


class IntakeProtocol(Protocol):
    """One client language. A route that ends in `*` stands for all paths that begin so.

    `expand` undoes the body's packing and raises bodies.TooLarge, bodies.Undecodable, BadRequest;
    `decode` raises BadRequest; `answer` words the receipt, `refuse` why there is none.
    """

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def routes(self) -> tuple[str, ...]: ...

    @property
    def methods(self) -> tuple[str, ...]: ...

    def authenticate(self, headers: Headers, query: str) -> str: ...

    def expand(self, packed: bytes, request: Request) -> bytes: ...

    def decode(self, body: bytes, request: Request, series: Generation) -> Decoded | Measured: ...

    def answer(self, receipt: Receipt, request: Request) -> Answer: ...

    def refuse(self, problem: Problem, request: Request) -> Answer: ...


def serves(protocol: IntakeProtocol, method: str, path: str) -> bool:
    if method not in protocol.methods and method != "OPTIONS":
        return False
    return path in protocol.routes or any(
        route.endswith("*") and path.startswith(route[:-1]) for route in protocol.routes
    )


def bearer_key(headers: Headers) -> str:
    """Return the ingest key that the request carries as the contract says; empty: none."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return headers.get("x-portal-key", "").strip()


def any_key(headers: Headers) -> str:
    """Return the key, which clients of Prometheus's world may also give as Basic's password."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return bearer_key(headers)
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return text.partition(":")[2]


def plain_refusal(problem: Problem) -> Answer:
    """Word a refusal in the contract's shape."""
    body = error_body(problem.code, problem.message, problem.field)
    return Answer(problem.status, orjson.dumps(body))


protocols: Registry[IntakeProtocol] = Registry("intake protocol")
