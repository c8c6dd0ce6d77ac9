"""What the operations of saved insights take and give, for the OpenAPI schema."""

from __future__ import annotations

from analytics.insights.described.insights import META
from portal.lib.openapi import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_TIME,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    listed,
    record,
)

FOLDER_OF = {"description": 'an id, a path such as "Growth/Weekly" (made where missing), or null'}
NULLABLE_ID = {"type": "integer", "nullable": True}
INSIGHT = record(
    id=WHOLE, name=TEXT, description=TEXT, kind=TEXT, definition=OBJECT, view=OBJECT, folder=MAYBE_TEXT,
    folder_id=NULLABLE_ID, is_shared=FLAG, version=WHOLE, created_by=MAYBE_TEXT, created_at=TIME,
    updated_at=TIME, check={**record(at=MAYBE_TIME, state=TEXT, note=TEXT), "nullable": True}, page_url=TEXT,
)  # fmt: skip
WRITTEN = {
    "name": TEXT,
    "description": TEXT,
    "kind": {"type": "string", "description": "trend, funnel, retention, ..."},
    "definition": {
        "type": "object",
        "description": "the body of POST /api/v1/insights/<kind>, range included",
    },
    "view": {"type": "object", "description": "how the page shows it"},
    "folder": FOLDER_OF,
    "is_shared": {
        "type": "boolean",
        "description": "with who sees its folder; at the top with all. false: only by grants",
    },
}
VERSION = {"type": "integer", "description": "the version that was changed; a stale one gets 409"}
CREATE = Operation(
    body=record(("name", "kind", "definition"), **WRITTEN), answer=INSIGHT, status=201
)
CHANGE = Operation(body=record(**WRITTEN, version=VERSION), answer=INSIGHT)
REPLACE = Operation(
    body=record(("name", "kind", "definition"), **WRITTEN, version=VERSION), answer=INSIGHT
)
LIST = Operation(
    query={
        "q": "words in the name or the description",
        "kind": "of this kind only",
        "folder": "in this folder only: its id, or none",
        "limit": "200; at most 1000",
        "cursor": "`next` of the page before",
    },
    answer=record(insights=listed(INSIGHT), next=MAYBE_TEXT),
)
ONE = Operation(answer=INSIGHT)
OVERRIDES = {
    "from": "instead of the saved one: RFC 3339, a date, or -7d and the like",
    "to": "instead of the saved one",
    "time_zone": "instead of the saved one",
    "refresh": "true: skip the cache",
}
ANSWER = {
    "type": "object",
    "additionalProperties": True,
    "properties": {"insight": record(id=WHOLE, name=TEXT, kind=TEXT, version=WHOLE), "meta": META},
}
RESULT = Operation(query=OVERRIDES, answer=ANSWER)
RESULT_BY_POST = Operation(
    body={"type": "object", "properties": {name: {"type": "string"} for name in OVERRIDES}},
    answer=ANSWER,
)
