"""Which events of a batch are new: the writer's look-up by id and day (docs/decisions/0004)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from analytics.ingest.columns import stream
from portal.store import client

Key = tuple[int, bytes]  # identity day since 1970, hash of source and id


def keep_new(rows: Any) -> bytes:
    """Return one byte per row: 1 for an event that is new, 0 for one that was taken before."""
    keys = list(zip(days_of(rows), rows["key"].to_pylist(), strict=True))
    dated = rows["is_dated"].to_pylist()
    taken = taken_before(keys, dated)
    kept = bytearray(len(keys))
    for place, (key, is_dated) in enumerate(zip(keys, dated, strict=True)):
        # Without the client's time, the day is that of arrival: a retry may come after midnight.
        if key in taken or (not is_dated and (key[0] - 1, key[1]) in taken):
            continue
        taken.add(key)
        kept[place] = 1
    return bytes(kept)


def days_of(rows: Any) -> list[int]:
    days: list[int] = rows["day"].cast(pa.int32()).to_pylist()
    return days


def taken_before(keys: list[Key], dated: list[bool]) -> set[Key]:
    """Ask the engine which of these ids it has; only the days that they touch are read."""
    wanted = set(keys)
    wanted.update(
        (day - 1, key) for (day, key), is_dated in zip(keys, dated, strict=True) if not is_dated
    )
    table = pa.RecordBatch.from_pydict(
        {
            "day": pa.array([day for day, _ in wanted], pa.int32()).cast(pa.date32()),
            "id": pa.array([key for _, key in wanted], pa.binary(16)),
        }
    )
    found = client.look_up(
        "SELECT day, id FROM event_ids"
        " WHERE day IN (SELECT day FROM asked) AND (day, id) IN (SELECT day, id FROM asked)",
        client.Given("asked", "day Date32, id UInt128", stream(table, None), table.num_rows),
    )
    return set(zip(days_of(found), found["id"].to_pylist(), strict=True))


def ids_to_note(rows: Any) -> Any:
    """Return the rows of `event_ids` for events that are taken."""
    return pa.RecordBatch.from_arrays([rows["day"], rows["key"]], names=["day", "id"])


def mask(kept: bytes) -> Any:
    """Turn a plan's bytes into an Arrow mask."""
    return pa.array(np.frombuffer(kept, np.uint8).astype(np.bool_))
