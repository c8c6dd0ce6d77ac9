"""A batch as the spool keeps it: one Arrow record batch, packed, with every event's columns. Pure."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import pyarrow as pa

from analytics.ingest.events import TEXTS, Arrival, Pairs, Rows


class _NoPandas(MetaPathFinder):
    """Let `import pandas` fail."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ImportError(fullname)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas, which its first array would do: 1 s and 40 MB a process.

    It asks only once, so that pandas stays importable for others.
    """
    if "pandas" not in sys.modules:
        finder = _NoPandas()
        sys.meta_path.insert(0, finder)
        pa.array([""])
        sys.meta_path.remove(finder)


without_pandas()
INSTANT = pa.timestamp("us", "UTC")
COLUMN_OF = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "sessionId": "session_id",
    "platform": "platform",
    "version": "version",
}
PACKED = pa.ipc.IpcWriteOptions(compression="lz4")


def pack(rows: Rows, arrival: Arrival, keep: list[bool] | None = None) -> tuple[bytes, int]:
    """Return the rows, or only those to `keep`, as an Arrow stream, and their size unpacked."""
    batch = record_batch(rows, arrival)
    if keep is not None:
        batch = batch.filter(pa.array(keep, pa.bool_()))
    return stream(batch), batch.nbytes


def record_batch(rows: Rows, arrival: Arrival) -> Any:
    count = len(rows)
    columns: dict[str, Any] = {
        "key": pa.array(rows.key, pa.binary(16)),
        "day": pa.array(rows.day, pa.int32()).cast(pa.date32()),
        "is_dated": pa.array(rows.is_dated, pa.bool_()),
        "position": pa.array(rows.position, pa.uint32()),
        "id": pa.array(rows.id, pa.string()),
        "name": pa.array(rows.name, pa.string()),
        "ts": pa.array(rows.ts, pa.int64()).cast(INSTANT),
        "client_timestamp": pa.array(rows.client_timestamp, pa.string()),
        "flags": pa.array(rows.flags, pa.list_(pa.string())),
        "strings": mapping(rows.strings, pa.string()),
        "numbers": mapping(rows.numbers, pa.float64()),
        "booleans": mapping(rows.booleans, pa.bool_()),
        "properties": pa.array(rows.properties, pa.binary()),
        "source": pa.repeat(pa.scalar(arrival.source, pa.uint32()), count),
        "service": pa.repeat(pa.scalar(arrival.service, pa.string()), count),
        "environment": pa.repeat(pa.scalar(arrival.environment, pa.string()), count),
        "received_at": pa.repeat(pa.scalar(arrival.at_us, INSTANT), count),
    }
    for name, values in zip(TEXTS, rows.texts, strict=True):
        columns[COLUMN_OF[name]] = pa.array(values, pa.string()).fill_null("")
    return pa.RecordBatch.from_pydict(columns)


def mapping(pairs: Pairs, kind: Any) -> Any:
    return pa.MapArray.from_arrays(
        pa.array(pairs.offsets, pa.int32()), pa.array(pairs.keys, pa.string()),
        pa.array(pairs.values, kind),
    )  # fmt: skip


def stream(batch: Any, options: Any = PACKED) -> bytes:
    """Write one record batch as an Arrow stream; packed, unless `options` is None."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(body: bytes) -> Any:
    """Read what `pack` wrote, as an Arrow table."""
    return pa.ipc.open_stream(pa.py_buffer(body)).read_all()


def merged(bodies: list[bytes]) -> Any:
    """Return the rows of several batches, in order, as one record batch."""
    return pa.concat_tables([unpack(body) for body in bodies]).combine_chunks().to_batches()[0]
