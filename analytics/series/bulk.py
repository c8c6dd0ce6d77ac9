"""Put many samples into the engine at once, of series that it has mostly heard of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics.series.identity import Series
from portal.store import client, native

INSTANT = pa.timestamp("ms", "UTC")


def announce(
    series: Sequence[Series],
    first_ms: Sequence[int],
    last_ms: Sequence[int],
    sources: Sequence[str],
    *,
    token: str,
) -> None:
    """Tell the engine which labels an id stands for, of which times it has samples, and who
    sends it (analytics.series.limits). Nothing is refused: whoever accepted the samples has asked.

    Raises client.QueryFailed, client.EngineUnavailable; after either, repeat with the same token.
    """
    if not series:
        return
    labels = pa.MapArray.from_arrays(
        np.cumsum([0, *(len(one.labels) for one in series)], dtype=np.int32),
        pa.array([name for one in series for name, _ in one.labels], pa.string()),
        pa.array([value for one in series for _, value in one.labels], pa.string()),
    )
    batch = pa.RecordBatch.from_pydict(
        {
            "id": pa.array(np.array([one.id for one in series], np.uint64)),
            "name": pa.array([one.name for one in series], pa.string()),
            "labels": labels,
            "first_at": pa.array(np.array(first_ms, np.int64)).cast(INSTANT),
            "last_at": pa.array(np.array(last_ms, np.int64)).cast(INSTANT),
            "source": pa.array(sources, pa.string()),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    stream = sink.getvalue().to_pybytes()
    client.insert_arrow("series", stream, batch.schema.names, batch.num_rows, token=token)


def write_rows(
    ids: npt.NDArray[np.uint64],
    ts_ms: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    *,
    token: str,
) -> None:
    """Keep samples of announced series; the same token again changes nothing.

    Of two samples of one series and time the later in the arrays, or written later, counts.
    Raises client.QueryFailed, client.EngineUnavailable; after either, repeat with the same token.
    """
    if not len(ids):
        return
    block = {
        "series": ("UInt64", ids),
        "ts": ("DateTime64(3, 'UTC')", ts_ms),
        "value": ("Float64", values),
    }
    structure = client.structure_of("samples", block)
    given = client.Given("incoming", structure, native.block(block), len(ids), "Native")
    client.insert_given("samples", given, list(block), token=token)
