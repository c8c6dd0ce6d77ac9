"""What the operations of privacy take and give."""

from __future__ import annotations

from analytics.ingest.models import PersonRequest, PrivacySettings
from portal.lib.openapi import OBJECT, TEXT, TIME, WHOLE, Operation, choice, listed, record

KIND = {"kind": "user or anonymous: which id this is, where both exist"}
STORE = record(kind=TEXT, label=TEXT, before=WHOLE, after=WHOLE, stays=TEXT)
REQUEST = record(
    id=WHOLE, kind=choice(*PersonRequest.Kind.values), state=choice(*PersonRequest.State.values),
    references=listed(TEXT), requested_by=TEXT, requested_at=TIME, done_at=TIME,
    after_erasure=choice(*PrivacySettings.AfterErasure.values), stores=listed(STORE), trouble=TEXT,
    certificate=OBJECT, expires_at=TIME, size_bytes=WHOLE, file=TEXT, url=TEXT,
)  # fmt: skip
EXPORT = Operation(query=KIND, body=record(), answer=REQUEST, status=202)
FILE = Operation(query=KIND)
ERASE = Operation(
    query=KIND,
    body=record(
        ("confirm",),
        confirm={"type": "string", "description": "the id once more"},
        after=choice(*PrivacySettings.AfterErasure.values),
    ),
    answer=REQUEST,
    status=202,
)
ERASED = Operation(query=KIND, answer=REQUEST)
ONE = Operation(answer=REQUEST)
ALL = Operation(answer=record(requests=listed(REQUEST)))
