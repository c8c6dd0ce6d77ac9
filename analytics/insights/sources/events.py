"""The source `events`: single events, newest first.

Asked with `name`, `user_id`, `where`, `limit` and `cursor`. Columns: `timestamp`, `name`,
`user_id`, `platform`, `properties` (JSON); `extra` holds the contract's `events` and `next`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import orjson

from analytics.insights.cohorts import resolved
from analytics.insights.counted import phrase
from analytics.insights.definitions.events import EventList, Place, parse_event_list
from analytics.insights.sources.asking import translated
from analytics.insights.sql import events as sql
from analytics.insights.sql.params import microseconds
from portal.lib.field_error import FieldError
from portal.store.client import QueryFailed
from portal.store.frame import Column, Frame, Meta
from portal.store.sources import Question, sources

COLUMNS = (
    Column("timestamp", "time", "Time"),
    Column("name", "string", "Event"),
    Column("user_id", "string", "User"),
    Column("platform", "string", "Platform"),
    Column("properties", "json", "Properties"),
)
Row = dict[str, Any]


@dataclass(frozen=True)
class EventSource:
    kind: str = "events"
    label: str = "Event list"

    def run(self, question: Question) -> Frame:
        """Answer a page of events. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A list of events needs a time range.")
        asked = resolved(parse_event_list(question.params, question.window.tzinfo), question.as_of)
        try:
            rows, spent = newest(asked, question)
        except QueryFailed as error:
            raise translated(error) from error
        shown = rows[: asked.limit]
        following = place_of(shown[-1]).packed() if len(rows) > asked.limit else None
        values = tuple([row[name] for row in shown] for name in ("ts", *names()[1:]))
        meta = replace(spent, counted=tuple(sentences(asked)))
        extra = {"events": [as_json(row) for row in shown], "next": following}
        return Frame(COLUMNS, values, meta, extra)


def names() -> list[str]:
    return [column.name for column in COLUMNS]


def newest(asked: EventList, question: Question) -> tuple[list[Row], Meta]:
    """Read further back until the page is full; one event more tells that there is a next."""
    rows: list[Row] = []
    costs: list[Meta] = []
    window = question.window
    for span in sql.spans(window, asked.after) if window else ():
        missing = asked.limit + 1 - len(rows)
        result, cost = question.run(sql.listing(asked, span, question.person, limit=missing))
        costs.append(cost)
        rows += [
            {**dict(zip(result.names, row, strict=True)), "properties": orjson.loads(row[-2])}
            for row in result.rows()
        ]
        if len(rows) > asked.limit:
            break
    return rows, reduce(Meta.plus, costs) if costs else Meta(question.as_of)


def place_of(row: Row) -> Place:
    return Place(microseconds(row["ts"]), row["source"], row["id"])


def as_json(row: Row) -> Row:
    """Return an event in the shape in which it was sent, with what the portal knows of it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "userId": row["user_id"] or None,
        "anonymousId": row["anonymous_id"] or None,
        "sessionId": row["session_id"] or None,
        "timestamp": rfc3339(row["ts"]),
        "receivedAt": rfc3339(row["received_at"]),
        "platform": row["platform"] or None,
        "version": row["version"] or None,
        "service": row["service"] or None,
        "environment": row["environment"] or None,
        "properties": row["properties"],
        # A string: 64 bits do not fit the numbers of JavaScript.
        "person": str(row["person"]) if row["person"] else None,
        "flags": list(row["flags"]),
    }


def rfc3339(at: Any) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")


def sentences(asked: EventList) -> list[str]:
    """Explain what the list shows."""
    found = ["Events as they were sent, newest first by their own time."]
    if asked.where:
        conditions = " and ".join(phrase(one) for one in asked.where)
        found.append(f"Only events where {conditions}.")
    return found


sources.add(EventSource())
