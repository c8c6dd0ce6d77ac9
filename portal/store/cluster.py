"""Where rows lie on a cluster, and how queries read them there. Pure.

Embedded, a table is one table. On a cluster (CLICKHOUSE_CLUSTER) a name stands for three things:
`events_local`, replicated within a shard, holds a shard's rows; `events`, Distributed over all
shards, is what queries and inserts name; and a few small tables lie on every node whole. All events
of a person lie on one shard, so what is counted per person is counted there (docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from portal.store.query import Query

EVERYWHERE = ""
# By what each table's rows are spread; EVERYWHERE: every node has all of them.
SPREAD = {
    "events": "cityHash64(actor)",
    "event_ids": "cityHash64(id)",
    "person_properties": "cityHash64(person)",
    "person_overrides": EVERYWHERE,
    "schema_migrations": EVERYWHERE,
    "series": "cityHash64(id)",
    "samples": "cityHash64(series)",
    "metric_metadata": EVERYWHERE,
    "samples_5m": "cityHash64(series)",
    "samples_1h": "cityHash64(series)",
}
# Rows of a shard are told to its replicas by Keeper, under these names.
SHARD_PATH = "'/clickhouse/portal/{shard}/{database}/{table}', '{replica}'"
EVERYWHERE_PATH = "'/clickhouse/portal/everywhere/{database}/{table}', '{shard}-{replica}'"

DEFINED = re.compile(r"(CREATE TABLE IF NOT EXISTS|ALTER TABLE)\s+(\w+)\s+\$on_cluster")
ENGINE = re.compile(r"\$\{replicated\}(\w*MergeTree)(?:\(([^)]*)\))?")
OF_COLUMNS = re.compile(r"\b(ADD|DROP|MODIFY|RENAME|COMMENT) COLUMN\b")
READ = re.compile(r"\b(FROM|JOIN)\s+(events|person_properties)\b(?!\s*\.)")
SHARDS = "FROM shards"


@dataclass(frozen=True)
class Cluster:
    """A cluster as the server's configuration names it, and the portal's database on its nodes."""

    name: str
    database: str

    @property
    def on(self) -> str:
        return f"ON CLUSTER `{self.name}`"

    @property
    def unsettled(self) -> str:
        """Return the subquery of the persons whose rows may lie on several shards."""
        merged = f"`{self.database}`.person_overrides"
        return f"(SELECT arrayJoin([loser, winner]) FROM {merged} FINAL)"

    def own(self, table: str) -> str:
        """Return the name of a shard's own part of a table, for a query that it is sent.

        With the database: a node that is asked by another need not look into ours.
        """
        return f"`{self.database}`.{local(table)}"


def defined(statement: str, cluster: Cluster | None) -> Iterator[str]:
    """Give the statements that one statement of a schema file means: on a cluster, or embedded.

    Raises KeyError for a table that SPREAD does not name.
    """
    found = DEFINED.search(statement)
    if found is None or cluster is None:
        yield ENGINE.sub(_embedded_engine, statement).replace("$on_cluster", "")
        return
    verb, table = found[1], found[2]
    key = SPREAD[table]
    path = SHARD_PATH if key else EVERYWHERE_PATH
    text = ENGINE.sub(lambda engine: _replicated_engine(engine, path), statement)
    stored = local(table) if key else table
    yield DEFINED.sub(lambda _: f"{verb} {stored} {cluster.on}", text)
    if verb.startswith("CREATE") and key:
        yield (
            f"CREATE TABLE IF NOT EXISTS {table} {cluster.on} AS {stored}"
            f" ENGINE = Distributed('{cluster.name}', '{cluster.database}', '{stored}', {key})"
        )
    if verb.startswith("ALTER") and key and OF_COLUMNS.search(statement):
        yield DEFINED.sub(lambda _: f"{verb} {table} {cluster.on}", text)


def _embedded_engine(engine: re.Match[str]) -> str:
    return engine[1] if engine[2] is None else f"{engine[1]}({engine[2]})"


def _replicated_engine(engine: re.Match[str], path: str) -> str:
    return f"Replicated{engine[1]}({', '.join([path, *([engine[2]] if engine[2] else [])])})"


def local(table: str) -> str:
    """Return the name of the table that holds a shard's own rows."""
    return f"{table}_local"


def altered(table: str, cluster: Cluster | None) -> str:
    """Return what ALTER TABLE and DELETE FROM must name to change a table's rows everywhere."""
    if cluster is None:
        return table
    stored = local(table) if SPREAD[table] else table
    return f"{stored} {cluster.on}"


def system(table: str, cluster: Cluster | None) -> str:
    """Return what to read instead of a table of `system`: on a cluster that of every node."""
    if cluster is None:
        return f"system.{table}"
    return f"clusterAllReplicas('{cluster.name}', system.{table})"


def system_of_shards(table: str, cluster: Cluster | None) -> str:
    """Return what to read instead of a table of `system`: on a cluster that of a node a shard."""
    return f"system.{table}" if cluster is None else f"cluster('{cluster.name}', system.{table})"


def placed(query: Query, cluster: Cluster | None, *, is_settled: bool) -> Query:
    """Return the query as this store runs it.

    On a cluster, one that says how shards' answers become one (`query.sharded`) runs on each shard
    over its own rows; `is_settled` says that all rows of a person lie on one shard. While some do
    not, those persons are left out there, and the node that was asked counts them like one shard
    more. Any other query reads the Distributed tables: right as it stands, but what it groups by
    travels.
    """
    if cluster is None:
        return query
    settings = {**query.settings, "distributed_product_mode": "local" if is_settled else "global"}
    if query.sharded is None:
        return replace(query, settings=settings)
    each = query.sharded.each or query.sql
    own = on_shard(each, cluster, is_settled=is_settled)
    answers = f"cluster('{cluster.name}', view(\n{own}\n))"
    if not is_settled:
        rest = of_unsettled(each, cluster)
        answers = f"(SELECT * FROM {answers}\nUNION ALL\nSELECT * FROM (\n{rest}\n))"
    merge = query.sharded.merge.replace(SHARDS, f"FROM {answers} AS shards")
    return replace(query, sql=merge, sharded=None, settings=settings)


def on_shard(each: str, cluster: Cluster, *, is_settled: bool) -> str:
    """Return a query over a shard's own rows, without the persons whose rows lie on several."""

    def own(found: re.Match[str]) -> str:
        word, table = found[1], found[2]
        if is_settled or table != "events":
            return f"{word} {cluster.own(table)} AS {table}"
        rest = f"SELECT * FROM {cluster.own(table)} WHERE person NOT IN {cluster.unsettled}"
        return f"{word} ({rest}) AS {table}"

    return READ.sub(own, each).replace(
        "FROM person_overrides", f"FROM `{cluster.database}`.person_overrides"
    )


def of_unsettled(each: str, cluster: Cluster) -> str:
    """Return a query over the rows, from all shards, of those persons only."""

    def few(found: re.Match[str]) -> str:
        word, table = found[1], found[2]
        return f"{word} (SELECT * FROM {table} WHERE person IN {cluster.unsettled}) AS {table}"

    return READ.sub(few, each)
