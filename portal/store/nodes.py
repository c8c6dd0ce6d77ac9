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
    """One server, and what it holds of the portal."""

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
    tables = by_host(f"SELECT hostName() AS host, name FROM {system('tables', on)}", on)
    readable = f"SELECT hostName() AS host, table AS name FROM {system('replicas', on)}"
    read_only = by_host(f"{readable} WHERE is_readonly", on)
    return [Node(host, found, read_only.get(host, frozenset())) for host, found in tables.items()]


def by_host(rows: str, on: Cluster) -> dict[str, frozenset[str]]:
    """Gather the names that a query of all nodes gives for our database, by node."""
    word = "AND" if " WHERE " in rows else "WHERE"
    sql = (
        f"SELECT host, groupUniqArray(name) FROM ({rows} {word} database = {{database:String}})"
        " GROUP BY host ORDER BY host"
    )
    found = client.run(Query(sql, {"database": on.database})).rows()
    return {host: frozenset(names) for host, names in found}


def shards(on: Cluster) -> int:
    sql = "SELECT max(shard_num) FROM system.clusters WHERE cluster = {name:String}"
    return int(client.run(Query(sql, {"name": on.name})).value())


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
