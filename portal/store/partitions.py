"""The parts into which a table's rows are cut by time, and how one is deleted whole."""

from __future__ import annotations

from portal.store import client, nodes
from portal.store.cluster import altered, system_of_shards
from portal.store.query import Query

PARTS = """
SELECT partition_id, sum(rows), sum(bytes_on_disk) FROM {parts}
WHERE database = currentDatabase() AND active AND table IN ({{table:String}}, {{local:String}})
GROUP BY partition_id ORDER BY partition_id
"""


def of(table: str) -> dict[str, tuple[int, int]]:
    """Return rows and bytes of each partition. Raises QueryFailed, EngineUnavailable."""
    sql = PARTS.format(parts=system_of_shards("parts", nodes.cluster()))
    found = client.run(Query(sql, {"table": table, "local": f"{table}_local"}))
    return {name: (int(rows), int(size)) for name, rows, size in found.rows()}


def drop(table: str, partition: str) -> None:
    """Delete a partition at once. Raises QueryFailed, EngineUnavailable."""
    client.command(f"ALTER TABLE {altered(table, nodes.cluster())} DROP PARTITION ID '{partition}'")
