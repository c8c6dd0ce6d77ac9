"""What the operations of business metrics take and give."""

from __future__ import annotations

from portal.lib.openapi import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_TIME,
    MAYBE_WHOLE,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    choice,
    listed,
    record,
)

TIMES = {
    "description": 'seconds, or a text such as "5m"',
    "oneOf": [{"type": "integer"}, {"type": "string"}],
}
VALUE = record(labels=OBJECT, value=NUMBER)
WRITTEN = {
    "name": TEXT,
    "description": TEXT,
    "type": choice("gauge", "counter"),
    "insight": MAYBE_WHOLE,
    "sql": MAYBE_TEXT,
    "range": TIMES,
    "interval": TIMES,
    "is_on": FLAG,
    "reads_all": FLAG,
}
METRIC = record(
    id=WHOLE, **WRITTEN, metric=TEXT, author=MAYBE_TEXT, version=WHOLE, state=TEXT,
    error=MAYBE_TEXT, failed_at=MAYBE_TIME, collected_at=MAYBE_TIME, next_at=MAYBE_TIME,
    took_ms=MAYBE_WHOLE, series=WHOLE, values=listed(VALUE), created_at=TIME, updated_at=TIME,
    page_url=TEXT,
)  # fmt: skip
LIST = Operation(answer=record(metrics=listed(METRIC)))
CREATE = Operation(body=record(("name",), **WRITTEN), answer=METRIC, status=201)
ONE = Operation(answer=METRIC)
REPLACE = Operation(body=record(("name",), **WRITTEN, version=WHOLE), answer=METRIC)
CHANGE = Operation(body=record(**WRITTEN, version=WHOLE), answer=METRIC)
PREVIEW = Operation(
    body=record(("name",), **WRITTEN), answer=record(series=WHOLE, values=listed(VALUE))
)
