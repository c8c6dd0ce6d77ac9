"""How the OpenAPI page describes dashboards."""

from __future__ import annotations

from dashboards.document import SOURCES, TYPES, WIDTHS
from portal.lib.openapi import FLAG, MAYBE_TEXT, OBJECT, TEXT, TIME, WHOLE, choice, listed, record

POSITION = record(x=WHOLE, y=WHOLE, w=WHOLE, h=WHOLE, tab=TEXT)
WIDGET = record(
    (), id=TEXT, type=choice(*TYPES), title=TEXT, description=TEXT, source=choice(*SOURCES),
    query={"type": "string", "description": "PromQL, SQL, a dataset's name, Markdown, or an insight as JSON"},
    refresh_interval={"type": "integer", "description": "milliseconds"},
    size=choice(*WIDTHS), position=POSITION,
    config={**OBJECT, "description": "`kind` says how it is drawn; the rest are the kind's options"},
)  # fmt: skip
FIELDS = {
    "name": TEXT, "description": TEXT, "tags": listed(TEXT),
    "time": record((), **{"from": TEXT}, to=TEXT, zone=TEXT, refresh=WHOLE),
    "variables": listed(OBJECT), "tabs": listed(record(id=TEXT, title=TEXT)),
    "annotations": listed(OBJECT), "links": listed(record(title=TEXT, url=TEXT)),
    "widgets": listed(WIDGET), "folder": MAYBE_TEXT, "is_public": FLAG,
}  # fmt: skip
DOCUMENT = record(
    ("name",), **FIELDS, uid=TEXT, version={**WHOLE, "description": "the one that was read"}, note=TEXT
)  # fmt: skip
SAVED = record(
    (), **FIELDS, id=WHOLE, uid=TEXT, version=WHOLE, created_by=TEXT, created_at=TIME, updated_at=TIME
)  # fmt: skip
VERSION = record(
    number=WHOLE, created_by=TEXT, name=TEXT, created_at=TIME, note=TEXT, changes=listed(TEXT)
)
