"""What the operations of scrape targets take and give."""

from __future__ import annotations

from typing import Any

from portal.lib.openapi import (
    FLAG,
    MAYBE_NUMBER,
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

RULES = {**listed(OBJECT), "description": "relabelling rules as Prometheus has them"}
WRITTEN: dict[str, Any] = {
    "name": {**TEXT, "description": "the label job"},
    "discovery": choice("none", "file", "http", "own"),
    "url": {**TEXT, "description": "of the page; with discovery http: of the list"},
    "files": {**TEXT, "description": "with discovery file: a pattern such as nodes/*.yml"},
    "scheme": choice("http", "https"),
    "path": {**TEXT, "description": "of the pages that a list names"},
    "interval": {**NUMBER, "description": "seconds; a duration such as 1m30s is read, too"},
    "timeout": {**NUMBER, "description": "seconds, at most the interval"},
    "labels": {**OBJECT, "description": "for all its series"},
    "ca": {**TEXT, "description": "certificates in PEM that vouch for the server"},
    "verify_tls": FLAG,
    "honor_labels": FLAG,
    "honor_timestamps": FLAG,
    "relabel": RULES,
    "metric_relabel": RULES,
    "sample_limit": WHOLE,
    "is_on": FLAG,
}
BEARER = {
    **TEXT,
    "writeOnly": True,
    "description": "kept encrypted, never shown; empty: none; left out: as it is",
}
ENDPOINT = record(
    url=TEXT, labels=OBJECT, state=choice("new", "up", "down"), last_error=TEXT,
    last_scrape_at=MAYBE_TIME, duration_s=MAYBE_NUMBER, samples=MAYBE_WHOLE,
    samples_kept=MAYBE_WHOLE,
)  # fmt: skip
SEEN: dict[str, Any] = {
    "id": WHOLE, **WRITTEN, "has_bearer": FLAG,
    "state": choice("off", "new", "up", "down", "partly"), "last_error": TEXT,
    "last_scrape_at": MAYBE_TIME, "duration_s": MAYBE_NUMBER, "samples": MAYBE_WHOLE,
    "endpoint_count": WHOLE, "up_count": WHOLE, "refreshed_at": MAYBE_TIME, "created_by": TEXT,
    "created_at": TIME, "page_url": TEXT,
}  # fmt: skip
ONE = record(**SEEN, endpoints=listed(ENDPOINT))
LISTED = Operation(answer=record(scrape_targets=listed(record(**SEEN))))
CREATED = Operation(body=record(("name",), **WRITTEN, bearer=BEARER), answer=ONE, status=201)
SHOWN = Operation(answer=ONE)
PUT = Operation(body=record(("name",), **WRITTEN, bearer=BEARER), answer=ONE)
PATCHED = Operation(body=record((), **WRITTEN, bearer=BEARER), answer=ONE)
