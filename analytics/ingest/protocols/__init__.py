"""Languages in which clients send events: one file each, found by `discover`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from analytics.ingest.events import Rejection
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
class Decoded:
    """A body in the portal's own event shape (CONTRACT 4)."""

    events: list[Any]
    service: str = ""
    environment: str = ""
    sent_at: int | None = None  # microseconds since 1970, when the client says so


@dataclass(frozen=True)
class Receipt:
    """What became of a body."""

    accepted: int
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    content_type: str = "application/json"


class IntakeProtocol(Protocol):
    """One client language. `decode` raises BadRequest; `answer` words the receipt."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def routes(self) -> tuple[str, ...]: ...

    def authenticate(self, headers: Headers, query: str) -> str: ...

    def decode(self, body: bytes) -> Decoded: ...

    def answer(self, receipt: Receipt) -> Answer: ...


protocols: Registry[IntakeProtocol] = Registry("intake protocol")
