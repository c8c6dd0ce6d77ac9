"""The source `schema`: names of events and their properties, with types, counts, first and last.

Takes no parameters and no window. Columns: `event`, `property` (empty: the event itself), `type`,
`events`, `first_seen`, `last_seen`; `extra["events"]` is the contract's JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Any

from django.core.cache import cache

from analytics.insights.sources.events import rfc3339
from analytics.insights.sql import schema as sql
from portal.lib.field_error import FieldError
from portal.lib.row_rights import RowRights
from portal.store import nodes
from portal.store.frame import Column, Frame, Meta
from portal.store.sources import Question, sources

COLUMNS = (
    Column("event", "string", "Event"),
    Column("property", "string", "Property"),
    Column("type", "string", "Type"),
    Column("events", "number", "Events", "count"),
    Column("first_seen", "time", "First seen"),
    Column("last_seen", "time", "Last seen"),
)
REMEMBERED_S = 30 * 86_400
TRIES = 5
Key = tuple[str, str, str]  # event, property, type
COUNTED = (
    "Counted over all events ever stored: each event once, each property once an event where it is"
    " set (null is not set). A property sent with several types has one line for each."
)


@dataclass
class Seen:
    """How often something was seen, and when."""

    events: int
    first: datetime
    last: datetime

    def and_also(self, other: Seen) -> Seen:
        return Seen(
            self.events + other.events, min(self.first, other.first), max(self.last, other.last)
        )


Counted = list[tuple[Key, Seen]]


@dataclass(frozen=True)
class Part:
    name: str
    uuid: str
    rows: int
    rights: RowRights

    @property
    def cache_key(self) -> str:
        seen_by = "" if self.rights.is_all else f":{digest(self.rights.events)}"
        return f"schema:{self.uuid}:{self.name}{seen_by}"


@dataclass(frozen=True)
class SchemaSource:
    kind: str = "schema"
    label: str = "Schema"

    def run(self, question: Question) -> Frame:
        """Answer the whole catalogue, the most frequent event first."""
        if question.params:
            raise FieldError(next(iter(question.params)), "The schema takes no parameters.")
        reading = Reading(question)
        found = reading.everything()
        ordered = sorted(found.items(), key=lambda item: order(item[0], found))
        rows = [(*key, seen.events, seen.first, seen.last) for key, seen in ordered]
        values = tuple(list(cells) for cells in zip(*rows, strict=True)) or ((),) * len(COLUMNS)
        meta = replace(reduce(Meta.plus, reading.costs), counted=(COUNTED,))
        return Frame(COLUMNS, values, meta, {"events": as_json(ordered)})


@dataclass
class Reading:
    """One reading of the catalogue: what is remembered of old parts, what new ones hold."""

    question: Question
    costs: list[Meta] = field(default_factory=list)

    def everything(self) -> dict[Key, Seen]:
        """Add up all parts. Parts that merged away meanwhile are looked for again."""
        known: dict[str, Counted] = {}
        for _ in range(TRIES):
            parts = self.parts()
            known = cache.get_many([part.cache_key for part in parts])
            missing = [part for part in parts if part.cache_key not in known]
            known |= self.counted(missing)
            if all(part.cache_key in known for part in parts):
                break
        return added(known.values())

    def parts(self) -> list[Part]:
        result, cost = self.question.run(sql.parts(nodes.database(), nodes.cluster()))
        self.costs.append(cost)
        rights = self.question.rights
        return [Part(name, uuid, rows, rights) for name, uuid, rows in result.rows()]

    def counted(self, parts: Sequence[Part]) -> dict[str, Counted]:
        """Count parts and remember them; one that is gone by now is left out."""
        found: dict[str, Counted] = {}
        for some in portions(parts):
            result, cost = self.question.run(
                sql.catalogue([part.name for part in some], nodes.cluster())
            )
            self.costs.append(cost)
            keys = {part.name: part.cache_key for part in some}
            for part, name, prop, kind, events, first, last in result.rows():
                seen = Seen(events, first, last)
                found.setdefault(keys[part], []).append(((name, prop, kind), seen))
        if found.keys() < {part.cache_key for part in parts}:  # gone, or no row may be read
            found |= {part.cache_key: [] for part in self.parts() if part in parts} | found
        cache.set_many(found, timeout=REMEMBERED_S)
        return found


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def portions(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Group parts so that one statement reads a bounded number of rows."""
    some: list[Part] = []
    for part in parts:
        if some and sum(one.rows for one in some) + part.rows > sql.ROWS_AT_ONCE:
            yield some
            some = []
        some.append(part)
    if some:
        yield some


def added(counted: Iterable[Counted]) -> dict[Key, Seen]:
    found: dict[Key, Seen] = {}
    for one in counted:
        for key, seen in one:
            found[key] = found[key].and_also(seen) if key in found else seen
    return found


def order(key: Key, found: dict[Key, Seen]) -> tuple[Any, ...]:
    """Sort events by how frequent they are, then their properties by the same."""
    event, prop, kind = key
    total = found[event, "", ""].events if (event, "", "") in found else 0
    return (-total, event, bool(prop), -found[key].events, prop, kind)


def as_json(ordered: Sequence[tuple[Key, Seen]]) -> list[dict[str, Any]]:
    """Return events with their properties; a property lists its types, the most frequent first."""
    events: dict[str, dict[str, Any]] = {}
    for (name, prop, kind), seen in ordered:
        if not prop:
            events[name] = {"name": name, **facts(seen), "properties": []}
            continue
        listed = events[name]["properties"]
        entry = next((one for one in listed if one["name"] == prop), None)
        if entry is None:
            listed.append({"name": prop, "types": [kind], **facts(seen)})
        else:
            entry["types"].append(kind)
            entry["count"] += seen.events
            entry["first_seen"] = min(entry["first_seen"], rfc3339(seen.first))
            entry["last_seen"] = max(entry["last_seen"], rfc3339(seen.last))
    return list(events.values())


def facts(seen: Seen) -> dict[str, Any]:
    return {
        "count": seen.events,
        "first_seen": rfc3339(seen.first),
        "last_seen": rfc3339(seen.last),
    }


sources.add(SchemaSource())
