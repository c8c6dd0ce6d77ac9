"""Read a batch in which nothing is unusual, column by column: three times as fast as one by one.

Whatever is unusual makes `plain_rows` give up, and `events.Reader` reads the batch event by event
and words what is wrong. Both make the same rows; tests/ingest/test_plain.py compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from types import NoneType
from typing import Any

import orjson
import pyarrow as pa

from analytics.ingest.columns import INSTANT
from analytics.ingest.events import (
    ALIAS,
    DAY_US,
    FUTURE_US,
    IDENTIFIED,
    KNOWN,
    MAX_DEPTH,
    MAX_PROPERTIES,
    MAX_PROPERTIES_BYTES,
    MAX_TEXT,
    OLDEST_US,
    TEXTS,
    Arrival,
    Rows,
    depth_of,
)

SPECIAL = {IDENTIFIED, ALIAS}
NOTHING: dict[str, Any] = {}


class Unusual(Exception):
    """Something in the batch needs a closer look."""


def plain_rows(events: list[Any], arrival: Arrival) -> Rows | None:
    """Return the rows of a batch without anything unusual in it, else None."""
    try:
        return _rows(events, arrival)
    except Unusual:
        return None


def _rows(events: list[Any], arrival: Arrival) -> Rows:
    is_plain = events and not arrival.may_hold_nul and not arrival.shift_us
    if not is_plain or set(map(type, events)) != {dict} or not set().union(*events) <= KNOWN:
        raise Unusual
    names = _texts(events, "name", is_needed=True)
    ids = _texts(events, "id", is_needed=True)
    if not all(map(str.strip, names)) or not SPECIAL.isdisjoint(names):
        raise Unusual
    count = len(events)
    instants = _instants(events, arrival)
    rows = Rows(
        key=_keys(ids, arrival),
        day=instants // DAY_US,
        is_dated=[True] * count,
        position=range(count),
        id=ids,
        name=names,
        ts=instants,
        client_timestamp=[""] * count,
        texts=tuple(_texts(events, field) for field in TEXTS),
        flags=[[]] * count,
    )
    _spread([event.get("properties") or NOTHING for event in events], rows)
    return rows


def _texts(events: list[Any], field: str, *, is_needed: bool = False) -> list[str]:
    """Return a text field of all events; None stands for the empty text."""
    found = [event.get(field) for event in events]
    kinds = set(map(type, found))
    if kinds <= {str}:
        texts: Iterable[str] = found
    elif not is_needed and kinds <= {str, NoneType}:
        texts = filter(None, found)
    else:
        raise Unusual
    if max(map(len, texts), default=0) > MAX_TEXT or (is_needed and not all(found)):
        raise Unusual
    return found


def _instants(events: list[Any], arrival: Arrival) -> Any:
    """Return all timestamps as microseconds since 1970."""
    texts = [event.get("timestamp") for event in events]
    if set(map(type, texts)) != {str} or min(map(len, texts)) < len("2026-01-31T08:00Z"):
        raise Unusual
    try:
        found = pa.array(texts, pa.string()).cast(INSTANT).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise Unusual from error
    if found.min() < OLDEST_US or found.max() > arrival.at_us + FUTURE_US:
        raise Unusual
    return found


def _keys(ids: list[str], arrival: Arrival) -> list[bytes]:
    source = arrival.source.to_bytes(4, "big")
    return [blake2b(source + one.encode(), digest_size=16).digest() for one in ids]


def _spread(found: list[Any], rows: Rows) -> None:
    """Check the properties, and put each event's scalars into the map of their type."""
    if set(map(type, found)) != {dict}:
        raise Unusual
    try:
        packed = [orjson.dumps(one) for one in found]
    except TypeError as error:
        raise Unusual from error
    if max(map(len, packed)) > MAX_PROPERTIES_BYTES or max(map(len, found)) > MAX_PROPERTIES:
        raise Unusual
    if max(map(len, set().union(*found)), default=0) > MAX_TEXT:
        raise Unusual
    rows.properties = packed
    _sort_by_type(found, rows)


def _sort_by_type(found: list[dict[str, Any]], rows: Rows) -> None:
    strings, numbers, booleans = rows.strings, rows.numbers, rows.booleans
    for one in found:
        for name, value in one.items():
            kind = type(value)
            if kind is str:
                strings.keys.append(name)
                strings.values.append(value)
            elif kind is int or kind is float:
                numbers.keys.append(name)
                numbers.values.append(float(value))
            elif kind is bool:
                booleans.keys.append(name)
                booleans.values.append(value)
            elif value is not None and depth_of(value) > MAX_DEPTH:
                raise Unusual
        strings.offsets.append(len(strings.keys))
        numbers.offsets.append(len(numbers.keys))
        booleans.offsets.append(len(booleans.keys))
