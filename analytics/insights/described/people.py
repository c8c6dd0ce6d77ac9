"""What the operations of people take and give."""

from __future__ import annotations

from typing import Any

from analytics.ingest.models import PersonChange
from analytics.insights.described.insights import META
from portal.lib.openapi import (
    ANY,
    FLAG,
    MAYBE_TEXT,
    MAYBE_TIME,
    MAYBE_WHOLE,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    choice,
    listed,
    record,
)

KIND = choice("user", "anonymous")
ID = record(("id",), id=TEXT, kind=KIND)
PERSON_FIELDS: dict[str, Any] = {
    "person": TEXT, "user_id": TEXT, "anonymous": FLAG, "properties": OBJECT,
    "first_seen": TIME, "last_seen": TIME, "events": WHOLE,
}  # fmt: skip
PEOPLE = Operation(
    query={
        "search": "part of an id, or of a text that is known of the person today",
        "where": "JSON list of filters on person properties, or {cohort: id}",
        "cohort": "id of a cohort",
        "from": "seen since: RFC 3339, a date, -7d, or all (the default)",
        "to": "seen before: RFC 3339 or a date; left out: now",
        "limit": "100; at most 1000",
        "cursor": "`next` of the page before",
    },
    answer=record(people=listed(record(**PERSON_FIELDS)), next=MAYBE_TEXT, meta=META),
)
PERSON = Operation(
    query={
        "kind": "user or anonymous: which id this is, where both exist",
        "event": "only events of this name in the timeline",
        "where": "JSON list of filters on the timeline",
        "from": "of the timeline: RFC 3339, a date, -7d, or all (the default)",
        "to": "of the timeline; left out: now",
        "limit": "100; at most 1000",
        "cursor": "`next` of the page before",
    },
    answer=record(
        **PERSON_FIELDS,
        since=OBJECT,
        sessions=WHOLE,
        ids=listed(
            record(
                id=TEXT, kind=KIND, joined_at=MAYBE_TIME, how=TEXT, events=WHOLE, first_seen=MAYBE_TIME,
                last_seen=MAYBE_TIME,
            )
        ),
        cohorts=listed(record(id=WHOLE, name=TEXT)),
        timeline=listed(OBJECT),
        next=MAYBE_TEXT,
        meta=META,
    ),
)  # fmt: skip
BOTH = record(before=WHOLE, after=WHOLE)
EFFECT = record(
    kind=choice("merge", "split"), stays=ID, moves=listed(ID), events=WHOLE, first=MAYBE_TIME, last=MAYBE_TIME,
    days=WHOLE, days_changed=WHOLE, unique_users=BOTH,
    by_day=listed(record(day=TEXT, before=WHOLE, after=WHOLE)),
    properties=listed(record(name=TEXT, stays=ANY, moves=ANY, together=ANY)),
)  # fmt: skip
CHANGED = record(
    id=WHOLE, kind=choice("merge", "split"), state=choice(*PersonChange.State.values), stays=ID,
    moves=listed(ID), reason=TEXT, effect=OBJECT, requested_by=MAYBE_TEXT, requested_at=TIME, done_at=MAYBE_TIME,
    refusal=TEXT, undoes=MAYBE_WHOLE, undone_by=MAYBE_WHOLE,
)  # fmt: skip
ASKED = record(change=CHANGED, preview=EFFECT, meta=META)
WHY = {
    "reason": {"type": "string", "description": "why; needed unless this is a preview"},
    "preview": {"type": "boolean", "description": "true: only say what would change"},
}
ANY_ID = {"description": "a user id or an anonymous id as text, or {id, kind}"}
MERGE = Operation(
    body=record(("into", "from"), **{"into": ANY_ID, "from": ANY_ID}, **WHY),
    answer=ASKED,
    status=202,
)
SPLIT = Operation(body=record(("ids",), ids=listed(ANY_ID), **WHY), answer=ASKED, status=202)
UNDO = Operation(body=record((), **WHY), answer=ASKED, status=202)
CHANGE = Operation(answer=CHANGED)
CHANGES = Operation(answer=record(changes=listed(CHANGED)))
