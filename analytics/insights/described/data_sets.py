"""What the operations of data sets take and give."""

from __future__ import annotations

from typing import Any

from portal.lib.openapi import FLAG, TEXT, TIME, WHOLE, Operation, listed, record

WRITTEN: dict[str, Any] = {
    "name": TEXT,
    "description": TEXT,
    "sources": {**listed(WHOLE), "description": "ids of sources; none: events of all"},
    "filters": {
        **listed({"type": "object"}),
        "description": "as in `where` of an insight, on properties of events; all of them hold",
    },
}
VERSION = {**WHOLE, "description": "the version that the change was made on: a stale one gets 409"}
DATA_SET = record(
    id=WHOLE, **WRITTEN, is_built_in=FLAG, is_all_data=FLAG, version=WHOLE, created_by=TEXT,
    created_at=TIME, updated_at=TIME, page_url=TEXT,
)  # fmt: skip
LISTED = Operation(answer=record(data_sets=listed(DATA_SET)))
CREATED = Operation(body=record(("name",), **WRITTEN), answer=DATA_SET, status=201)
SHOWN = Operation(answer=DATA_SET)
PUT = Operation(body=record(("name",), **WRITTEN, version=VERSION), answer=DATA_SET)
PATCHED = Operation(body=record((), **WRITTEN, version=VERSION), answer=DATA_SET)
