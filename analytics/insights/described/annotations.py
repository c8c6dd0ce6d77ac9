"""What the operations of annotations take and give."""

from __future__ import annotations

from typing import Any

from portal.lib.openapi import MAYBE_TEXT, TEXT, TIME, WHOLE, Operation, listed, record

WRITTEN: dict[str, Any] = {
    "text": TEXT,
    "at": TIME,
    "end": {"type": "string", "format": "date-time", "nullable": True},
    "event": {"type": "string", "nullable": True, "description": "null: on all charts"},
}
ANNOTATION = record(id=WHOLE, **WRITTEN, created_by=MAYBE_TEXT, created_at=TIME, updated_at=TIME)
LISTED = Operation(
    query={
        "from": "RFC 3339, a date, -7d, or all (the default)",
        "to": "RFC 3339 or a date",
        "event": "those of this event, besides those for all",
    },
    answer=record(annotations=listed(ANNOTATION)),
)
CREATED = Operation(body=record(("text", "at"), **WRITTEN), answer=ANNOTATION, status=201)
SHOWN = Operation(answer=ANNOTATION)
PUT = Operation(body=record(("text", "at"), **WRITTEN), answer=ANNOTATION)
PATCHED = Operation(body=record((), **WRITTEN), answer=ANNOTATION)
