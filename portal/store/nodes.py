"""The cluster that the settings name, and how its nodes are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from portal.store import client
from portal.store.cluster import SPREAD, Cluster, defined, local, system
from portal.store.query import Query


class NoSuchCluster(Exception):
    """CLICKHOUSE_CLUSTER names no cluster that tables could be made on; the text says why."""


@dataclass(frozen=True)
class Node:
    """One server: which shard it is a replica of, and what it holds of the portal."""

    shard: str
    host: str
    tables: frozenset[str]
    read_only: frozenset[str]


def cluster() -> Cluster | None:
    """Return the cluster on which tables lie; None: one engine."""
    name = settings.CLICKHOUSE_CLUSTER
    return Cluster(name, database()) if name else None


def database() -> str:
    return urlsplit(settings.CLICKHOUSE_URL).path.strip("/") or "default"


def altering(table: str, change: str) -> list[str]:
    """Return the statements that change a table, on all its nodes and in what reads them."""
    return list(defined(f"ALTER TABLE {table} $on_cluster {change}", cluster()))


def sync(table: str) -> None:
    """Wait until every node of a cluster has what was written to a table that lies on all of them.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    if (on := cluster()) is not None:
        client.command(f"SYSTEM SYNC REPLICA {on.on} `{on.database}`.{table}")


def check() -> None:
    """See to it that the engine knows the cluster, and each node its place in it.

    Raises NoSuchCluster, client.QueryFailed, client.EngineUnavailable.
    """
    name = settings.CLICKHOUSE_CLUSTER
    if not name:
        return
    known = names("SELECT DISTINCT cluster FROM system.clusters")
    if name not in known:
        raise NoSuchCluster(
            f"CLICKHOUSE_CLUSTER={name!r} is no cluster of this server; it knows"
            f" {', '.join(sorted(known)) or 'none'} (remote_servers in its configuration)."
        )
    if missing := {"shard", "replica"} - names("SELECT macro FROM system.macros"):
        raise NoSuchCluster(
            f"CLICKHOUSE_CLUSTER={name!r} needs the macros shard and replica on every node;"
            f" this server has no {' and no '.join(sorted(missing))}."
        )


def names(sql: str) -> set[str]:
    return {one for (one,) in client.run(Query(sql)).rows()}


def look(on: Cluster) -> list[Node]:
    """Ask every node. Raises client.QueryFailed, client.EngineUnavailable."""
    sql = f"""
SELECT toString(_shard_num) AS shard, hostName() AS host, groupArray(name) AS tables,
    groupArrayIf(name, name IN (
        SELECT table FROM {system("replicas", on)} WHERE database = {{database:String}} AND is_readonly
    )) AS read_only
FROM {system("tables", on)}
WHERE database = {{database:String}}
GROUP BY shard, host ORDER BY shard, host"""
    rows = client.run(Query(sql.strip(), {"database": on.database})).rows()
    return [Node(s, host, frozenset(tables), frozenset(read)) for s, host, tables, read in rows]


def problems(found: list[Node]) -> list[str]:
    """Say what is wrong with the nodes, one text a problem."""
    wanted = {local(table) for table, key in SPREAD.items() if key} | set(SPREAD)
    texts = []
    for node in found:
        if missing := wanted - node.tables:
            named = ", ".join(sorted(missing))
            texts.append(f"{node.host} has no {named}: run manage.py migrate_store --again")
        if node.read_only:
            named = ", ".join(sorted(node.read_only))
            texts.append(f"{node.host} cannot write {named}: look at Keeper")
    return texts
