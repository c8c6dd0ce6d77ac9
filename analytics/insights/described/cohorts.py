"""What the operations of cohorts take and give."""

from __future__ import annotations

from typing import Any

from analytics.insights.described.insights import META
from portal.lib.openapi import (
    MAYBE_NUMBER,
    MAYBE_TEXT,
    MAYBE_TIME,
    MAYBE_WHOLE,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    listed,
    record,
)

DEFINITION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "description": (
        'a rule: {"and": [...]}, {"or": [...]}, {"not": {...}},'
        ' {"property": "plan", "op": "=", "value": "pro"},'
        ' {"did": "buy", "at_least": 3, "last_days": 30},'
        ' {"did": "visit", "then": "buy", "within": {"value": 7, "unit": "day"}},'
        ' {"first_did": "visit", "from": "2026-01-01", "to": "2026-02-01"},'
        ' {"stopped": "visit", "for_days": 30}, {"cohort": 5, "op": "not_in"};'
        ' or a list: {"kind": "static", "user_ids": ["ada"]}'
    ),
}
WRITTEN = {"name": TEXT, "description": TEXT, "definition": DEFINITION}
USER = record(id=WHOLE, name=TEXT)
COHORT = record(
    id=WHOLE, **WRITTEN, listed=MAYBE_WHOLE, version=WHOLE, created_by=MAYBE_TEXT, created_at=TIME,
    updated_at=TIME, size=MAYBE_WHOLE, size_at=MAYBE_TIME, used_by=listed(USER),
)  # fmt: skip
LISTED = Operation(answer=record(cohorts=listed(COHORT)))
CREATED = Operation(body=record(("name", "definition"), **WRITTEN), answer=COHORT, status=201)
SHOWN = Operation(answer=COHORT)
PUT = Operation(
    body=record(("name", "definition", "version"), **WRITTEN, version=WHOLE), answer=COHORT
)
PATCHED = Operation(body=record(("version",), **WRITTEN, version=WHOLE), answer=COHORT)
SIZE = Operation(
    body=record(("definition",), definition=DEFINITION),
    answer=record(size=WHOLE, everybody=WHOLE, share=MAYBE_NUMBER, meta=META),
)
PERSON = record(
    person=TEXT,
    user_id=TEXT,
    anonymous={"type": "boolean"},
    entered_at=MAYBE_TIME,
    properties=OBJECT,
)
MEMBERS = Operation(
    query={"limit": "100; at most 1000", "cursor": "`next` of the page before"},
    answer=record(people=listed(PERSON), next=MAYBE_TEXT, total=WHOLE),
)
SIZES = Operation(
    query={"limit": "the newest so many; 1000, at most 10000"},
    answer=record(sizes=listed(record(at=TIME, size=WHOLE, version=WHOLE))),
)
