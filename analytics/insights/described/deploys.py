"""What the operations of deploys take and give."""

from __future__ import annotations

from typing import Any

from portal.lib.openapi import MAYBE_TEXT, TEXT, TIME, WHOLE, Operation, listed, record

WRITTEN: dict[str, Any] = {
    "service": TEXT,
    "version": MAYBE_TEXT,
    "deploymentId": {**MAYBE_TEXT, "description": "the same one again changes nothing"},
    "environment": MAYBE_TEXT,
    "url": {**MAYBE_TEXT, "description": "where the deploy, or its changes, can be read"},
    "at": {**TIME, "description": "left out: now"},
}
DEPLOY = record(id=WHOLE, **WRITTEN, created_by=MAYBE_TEXT, created_at=TIME)
LISTED = Operation(
    query={
        "from": "RFC 3339, a date, -7d, or all (the default)",
        "to": "RFC 3339 or a date",
        "service": "those of this service",
    },
    answer=record(deploys=listed(DEPLOY)),
)
NOTED = Operation(body=record(("service",), **WRITTEN), answer=DEPLOY, status=201)
