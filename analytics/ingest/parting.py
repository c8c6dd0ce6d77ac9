"""The engine's side of a split: some ids' events go to a new person, in every answer at once.

    before      no event has the new number
    begin       an override says that the new number is the old person: answers stay
    rewrite     the engine gives the ids' events the new number, part by part: answers stay
    complete    the override goes out of force: from here on every answer sees two persons

What is known of the two is sorted out before the end, while queries still see one person: a value
may move from one number to the other then, as long as the newest one is among them.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa

from analytics.ingest.events import IDENTIFIED
from analytics.ingest.identities import Id
from analytics.ingest.inserting import insert
from analytics.ingest.models import Merge
from analytics.ingest.properties import typed
from portal.store import client, nodes
from portal.store.cluster import altered, system
from portal.store.query import Query

log = logging.getLogger(__name__)
MINE = (
    "person IN {persons:Array(UInt64)} AND (user_id IN {users:Array(String)}"
    " OR (user_id = '' AND anonymous_id IN {others:Array(String)}))"
)
IS_REWRITING = (
    "SELECT count() FROM {mutations}"
    " WHERE database = currentDatabase() AND NOT is_done AND position(command, {{mark:String}}) > 0"
)
TOLD = (
    "SELECT ts, properties FROM events"
    f" WHERE name = '{IDENTIFIED}' AND person IN {{persons:Array(UInt64)}}"
)
# By key: the values that came from the ids that leave. Other keys and times are left alone.
FORGET = (
    " WHERE person IN {persons:Array(UInt64)} AND has({keys:Array(String)}, toString(key))"
    " AND toUnixTimestamp64Micro(ts) BETWEEN"
    " transform(toString(key), {keys:Array(String)}, {since:Array(Int64)}, toInt64(0))"
    " AND transform(toString(key), {keys:Array(String)}, {until:Array(Int64)}, toInt64(0))"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(1, 1, 1, tzinfo=UTC)
Value = tuple[datetime, str, str, float, bool]  # when, type, string, number, boolean


@dataclass(frozen=True)
class Parting:
    """Which ids leave a person, and the number that they get."""

    ids: Sequence[Id]
    number: int
    merge: Merge  # the override that keeps the two together until the end

    @property
    def persons(self) -> list[int]:
        """Return the numbers under which the person's events may be stored by now."""
        late = Merge.objects.filter(
            target=self.merge.target, stage__in=(Merge.Stage.OVERRIDDEN, Merge.Stage.REKEYING)
        )
        return [self.merge.target, *late.values_list("loser", flat=True)]

    @property
    def params(self) -> dict[str, Any]:
        return {
            "persons": self.persons,
            "users": [one.value for one in self.ids if one.is_user],
            "others": [one.value for one in self.ids if not one.is_user],
        }


def is_rewriting(parting: Parting) -> bool:
    """Tell whether the engine is still at it."""
    sql = IS_REWRITING.format(mutations=system("mutations", nodes.cluster()))
    return bool(client.run(Query(sql, {"mark": mark(parting)})).value())


def mark(parting: Parting) -> str:
    return f"person = {parting.number} "


def rewrite(parting: Parting, *, waits: bool) -> None:
    """Give the ids' events the new number; the engine does it part by part."""
    client.command(
        f"ALTER TABLE {altered('events', nodes.cluster())} UPDATE {mark(parting)} WHERE {MINE}",
        settings_={"mutations_sync": 1 if waits else 0},
        **parting.params,
    )
    log.info("Rewriting the events of a split person.", extra={"ids": len(parting.ids)})


def rewrite_rest(parting: Parting) -> None:
    """Rewrite what arrived since; nothing arrives meanwhile, because the writer waits for this."""
    while client.run(Query(f"SELECT count() FROM events WHERE {MINE}", parting.params)).value():
        rewrite(parting, waits=True)


def part_properties(parting: Parting) -> None:
    """Give each side what its own events told of it. Doing it again changes nothing."""
    leaving, staying = latest_told([parting.number]), latest_told(parting.persons)
    put(parting.number, leaving)
    since = {key: staying[key][0] if key in staying else NEVER for key in leaving}
    mixed = [key for key, value in leaving.items() if value[0] >= since[key]]
    if mixed:
        client.command(
            f"DELETE FROM {altered('person_properties', nodes.cluster())}{FORGET}",
            persons=parting.persons,
            keys=mixed,
            since=[microseconds(since[key]) for key in mixed],
            until=[microseconds(leaving[key][0]) for key in mixed],
        )
        put(parting.merge.target, {key: staying[key] for key in mixed if key in staying})


def latest_told(persons: Collection[int]) -> dict[str, Value]:
    """Return the latest value of each property that stored events told of these numbers."""
    found: dict[str, Value] = {}
    told = client.run(Query(TOLD, {"persons": list(persons)}))
    for ts, packed in told.rows():
        for key, value in orjson.loads(packed).items():
            new: Value = (ts, *typed(value))
            if key not in found or new[:2] >= found[key][:2]:
                found[key] = new
    return found


def put(person: int, known: Mapping[str, Value]) -> None:
    """Add values of person properties."""
    if known:
        cells = list(zip(*known.values(), strict=True))
        columns = dict(zip(("ts", "type", "string", "number", "boolean"), cells, strict=True))
        rows = pa.RecordBatch.from_pydict(
            {"person": [person] * len(known), "key": list(known), **columns}
        )
        # A token of its own each time: what is put again may have been forgotten meanwhile.
        insert("person_properties", rows, token=f"parting-{secrets.token_hex(16)}")


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
