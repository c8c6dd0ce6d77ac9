"""Put Arrow rows into a table of the engine."""

from __future__ import annotations

from typing import Any

from analytics.ingest.columns import stream
from portal.store import client


def insert(table: str, rows: Any, *, token: str) -> None:
    """Insert one record batch; the same token again changes nothing.

    Raises QueryFailed, EngineUnavailable.
    """
    client.insert_arrow(table, stream(rows, None), rows.schema.names, rows.num_rows, token=token)
