"""Put Arrow rows into a table of the engine."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from analytics.ingest.columns import stream
from portal.store import client


def insert(table: str, rows: Any, *, token: str) -> None:
    """Insert one record batch; the same token again changes nothing.

    Raises QueryFailed, EngineUnavailable.
    """
    types = client.structure_of(table, settings.CLICKHOUSE_URL)
    names = rows.schema.names
    structure = ", ".join(f"`{name}` {types[name]}" for name in names)
    given = client.Given("incoming", structure, stream(rows, None), rows.num_rows)
    client.insert_arrow(table, given, names, token=token)
