"""Events in the engine, the ids by which repeats of them are known, and what they told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analytics.ingest.events import ALIAS, key_of
from portal.audit.personal import Subject, Turn, holders
from portal.store import client, nodes
from portal.store.cluster import altered
from portal.store.query import Query

PAGE = 5_000
IDS_AT_ONCE = 5_000
IN_BACKGROUND = {"mutations_sync": 0, "max_query_size": 1 << 22}
MINE = (
    "person IN {numbers:Array(UInt64)} OR user_id IN {users:Array(String)}"
    " OR (user_id = '' AND anonymous_id IN {others:Array(String)})"
)
# An alias that another person sent of one of these ids; kept apart, or of a shared device.
ALIASES = f"name = '{ALIAS}' AND strings['alias'] IN {{ids:Array(String)}}"
# Another person's events from a device of this one: the device's id is this person's.
DEVICES = (
    "anonymous_id IN {others:Array(String)} AND user_id != ''"
    " AND user_id NOT IN {users:Array(String)} AND person NOT IN {numbers:Array(UInt64)}"
)
# One after the other: with `or` between them, the engine could not look up aliases by their name.
DELETED = (MINE, f"{ALIASES} AND NOT ({MINE})")
HELD = (*DELETED, DEVICES)
EXPORTED = f"""
SELECT day, id, name, ts, received_at, client_timestamp, flags, source, user_id, anonymous_id,
    session_id, platform, version, service, environment, properties
FROM events WHERE (WHICH) AND (ts, id) > ({{ts:DateTime64(6, 'UTC')}}, {{id:String}})
ORDER BY ts, id LIMIT {PAGE}
"""


def params(subject: Subject) -> dict[str, Any]:
    return {
        "numbers": list(subject.numbers),
        "users": list(subject.user_ids),
        "others": list(subject.anonymous_ids),
        "ids": list(subject.ids),
    }


def count(table: str, condition: str, subject: Subject) -> int:
    query = Query(f"SELECT count() FROM {table} WHERE {condition}", params(subject))
    return int(client.run(query).value())


def change(table: str, what: str, subject: Subject) -> None:
    """Begin to change stored rows; the engine rewrites its parts one by one."""
    client.command(
        f"ALTER TABLE {altered(table, nodes.cluster())} {what}",
        settings_=IN_BACKGROUND,
        **params(subject),
    )


@dataclass(frozen=True)
class Events:
    kind: str = "events"
    label: str = "Events"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("events",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return sum(count("events", condition, subject) for condition in HELD)

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for condition in HELD:
            yield from self._rows(condition, subject)

    def _rows(self, condition: str, subject: Subject) -> Iterator[Mapping[str, Any]]:
        after: tuple[Any, str] = ("1900-01-01 00:00:00", "")
        while True:
            given = params(subject) | {"ts": after[0], "id": after[1]}
            result = client.run(Query(EXPORTED.replace("WHICH", condition), given))
            found = [dict(zip(result.names, row, strict=True)) for row in result.rows()]
            for row in found:
                yield row | {"properties": orjson.loads(row["properties"])}
            if len(found) < PAGE:
                return
            after = (found[-1]["ts"], found[-1]["id"])

    def erase(self, subject: Subject) -> None:
        for condition in DELETED:
            if count("events", condition, subject):
                change("events", f"DELETE WHERE {condition}", subject)
        if count("events", DEVICES, subject):
            change("events", f"UPDATE anonymous_id = '' WHERE {DEVICES}", subject)


@dataclass(frozen=True)
class EventIds:
    """The hashes by which an event that comes again is known; found through the stored events."""

    kind: str = "event_ids"
    label: str = "Hashes of event ids"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("event_ids",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return sum(self._count(some) for some in self._known(subject))

    def _count(self, keys: Sequence[int]) -> int:
        query = Query(
            "SELECT count() FROM event_ids WHERE id IN {keys:Array(UInt128)}", {"keys": list(keys)}
        )
        return int(client.run(query).value())

    def _known(self, subject: Subject) -> Iterator[list[int]]:
        found = [
            row
            for condition in DELETED
            for row in client.run(
                Query(f"SELECT source, id FROM events WHERE {condition}", params(subject))
            ).rows()
        ]
        keys = [int.from_bytes(key_of(source, text), "little") for source, text in found]
        for first in range(0, len(keys), IDS_AT_ONCE):
            yield keys[first : first + IDS_AT_ONCE]

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for some in self._known(subject):
            yield from ({"hash": f"{key:032x}"} for key in some)

    def erase(self, subject: Subject) -> None:
        for some in self._known(subject):
            client.command(
                f"ALTER TABLE {altered('event_ids', nodes.cluster())}"
                " DELETE WHERE id IN {keys:Array(UInt128)}",
                settings_=IN_BACKGROUND,
                keys=some,
            )


@dataclass(frozen=True)
class Properties:
    kind: str = "person_properties"
    label: str = "Properties known of the person"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("person_properties",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return count("person_properties", "person IN {numbers:Array(UInt64)}", subject)

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        sql = (
            "SELECT key, type, string, number, boolean, ts FROM person_properties"
            " WHERE person IN {numbers:Array(UInt64)} ORDER BY key, ts"
        )
        for key, kind, string, number, boolean, ts in client.run(
            Query(sql, params(subject))
        ).rows():
            values = {"string": string, "number": number, "boolean": bool(boolean), "json": string}
            yield {"property": key, "type": kind, "value": values.get(kind), "told_at": ts}

    def erase(self, subject: Subject) -> None:
        if self.count(subject):
            change("person_properties", "DELETE WHERE person IN {numbers:Array(UInt64)}", subject)


holders.add(EventIds())  # before the events, through which they are found
holders.add(Events())
holders.add(Properties())
