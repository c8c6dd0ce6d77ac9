"""From a decoded body to an entry for the spool. Pure but for the memory it is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
import pyarrow as pa

from analytics.ingest.columns import pack
from analytics.ingest.erased import ErasedIds
from analytics.ingest.events import Arrival, Reader, Rejection, shift_of
from analytics.ingest.keys import KeyHolder
from analytics.ingest.plain import plain_rows
from analytics.ingest.protocols import Decoded, Receipt
from analytics.ingest.recent import RecentIds, Seen
from analytics.ingest.scrub import Scrubber
from analytics.ingest.spool import Entry

MAX_SHOWN = 16_384  # of a rejected event, in the quarantine


@dataclass(frozen=True)
class Accepted:
    """What to keep, what to tell the client, and what to remember once it is kept."""

    entry: Entry
    receipt: Receipt
    seen: list[Seen]


@dataclass(frozen=True)
class Known:
    """What the door knows: ids seen lately, ids of erased persons, what is to be scrubbed."""

    recent: RecentIds
    erased: ErasedIds
    scrubber: Scrubber | None


def accept(
    decoded: Decoded,
    text: bytes,
    holder: KeyHolder,
    *,
    known: Known,
    now_us: int,
) -> Accepted:
    """Scrub and check every event, and pack those that are new."""
    recent, erased, scrubber = known.recent, known.erased, known.scrubber
    if scrubber is not None and scrubber.may_catch(text):
        scrubber.scrub(decoded.events)
    reader = read_all(decoded.events, arrival_of(decoded, text, holder, now_us))
    refused = erased.refuse(reader.rows)
    days = pa.array(reader.rows.day, pa.int32()).to_pylist()
    seen = list(zip(reader.rows.key, days, strict=True))
    keep = [key not in recent for key in seen]
    if len(set(seen)) < len(seen):
        drop_repeated(seen, keep)
    for place in refused:
        keep[place] = False
    accepted = keep.count(True)
    duplicates = len(seen) - accepted - len(refused)
    body, expanded = b"", 0
    if accepted:
        body, expanded = pack(reader.rows, reader.arrival, None if all(keep) else keep)
    entry = Entry(
        source=holder.source,
        received_at=now_us,
        events=accepted,
        body=body,
        expanded=expanded,
        rejections=shown(
            [one for one in reader.rejections if not erased.is_about(one.event)], scrubber
        ),
    )
    told = [*reader.rejections, *refused.values()]
    receipt = Receipt(accepted, duplicates, told, reader.warnings)
    return Accepted(entry, receipt, [key for at, key in enumerate(seen) if at not in refused])


def read_all(events: list[Any], arrival: Arrival) -> Reader:
    """Read a batch, all at once if it is a plain one."""
    reader = Reader(arrival)
    rows = plain_rows(events, arrival)
    if rows is not None:
        reader.rows = rows
        return reader
    for index, event in enumerate(events):
        reader.read(index, event)
    return reader


def arrival_of(decoded: Decoded, body: bytes, holder: KeyHolder, now_us: int) -> Arrival:
    return Arrival(
        source=holder.source,
        service=decoded.service or holder.service,
        environment=decoded.environment or holder.environment,
        at_us=now_us,
        digest=cache(lambda: blake2b(body, digest_size=16).digest()),
        shift_us=0 if decoded.sent_at is None else shift_of(decoded.sent_at, now_us),
        may_hold_nul=b"\\u0000" in body,
    )


def drop_repeated(seen: list[Seen], keep: list[bool]) -> None:
    """Keep only the first of events that are the same within the batch."""
    first: set[Seen] = set()
    for place, key in enumerate(seen):
        keep[place] = keep[place] and key not in first
        first.add(key)


def shown(rejections: list[Rejection], scrubber: Scrubber | None) -> bytes:
    """Pack what was rejected for the quarantine, scrubbed as a whole; a huge event is cut."""
    if not rejections:
        return b""
    packed = []
    for one in rejections:
        told = {**one.as_json(), "event": one.event}
        clean = told if scrubber is None else {"index": one.index, **scrubber.value(told, 0)}
        packed.append(
            {"field": "", "message": "", **clean, "event": event_text(clean.get("event"))}
        )
    return orjson.dumps(packed)


def event_text(event: object) -> str:
    try:
        text = orjson.dumps(event).decode()
    except TypeError:
        return "(nested too deeply to be shown)"
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
