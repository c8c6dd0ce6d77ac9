"""What `user_identified` tells of a person, as rows of the engine's table `person_properties`. Pure."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from analytics.ingest.events import IDENTIFIED


def person_properties(rows: Any, persons: Any) -> Any:
    """Return the rows of table `person_properties` that these events tell."""
    is_wanted = pc.equal(rows["name"], IDENTIFIED)
    told = rows.filter(is_wanted)
    found: dict[str, list[Any]] = {
        name: [] for name in ("person", "key", "type", "string", "number", "boolean", "ts")
    }
    chosen = persons[is_wanted.to_numpy(zero_copy_only=False)].tolist()
    for person, packed, ts in zip(
        chosen, told["properties"].to_pylist(), told["ts"].to_pylist(), strict=True
    ):
        for key, value in orjson.loads(packed).items():
            cells = (person, key, *typed(value), ts)
            for column, cell in zip(found.values(), cells, strict=True):
                column.append(cell)
    return pa.RecordBatch.from_pydict(found)


def typed(value: Any) -> tuple[str, str, float, bool]:
    """Return a JSON value as type, string, number, boolean."""
    if isinstance(value, str):
        return "string", value, 0.0, False
    if isinstance(value, bool):
        return "boolean", "", 0.0, value
    if isinstance(value, int | float):
        return "number", "", float(value), False
    if value is None:
        return "null", "", 0.0, False
    return "json", orjson.dumps(value).decode(), 0.0, False
