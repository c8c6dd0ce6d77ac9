"""Numbered, forward-only DDL of the engine: `schema/NNNN_name.sql`, applied once each."""

from __future__ import annotations

import re
from pathlib import Path

from portal.store import client, nodes
from portal.store.cluster import Cluster, defined
from portal.store.query import Query

SCHEMA = Path(__file__).parent / "schema"
STATEMENT_END = re.compile(r";\s*$", re.MULTILINE)
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations $on_cluster
(name String, applied_at DateTime DEFAULT now())
ENGINE = ${replicated}MergeTree ORDER BY name
"""


def pending() -> list[Path]:
    """Return the files that are not applied yet, in order.

    Raises nodes.NoSuchCluster, client.QueryFailed, client.EngineUnavailable.
    """
    nodes.check()
    run(LEDGER)
    done = {name for (name,) in client.run(Query("SELECT name FROM schema_migrations")).rows()}
    return [file for file in files() if file.stem not in done]


def files() -> list[Path]:
    return sorted(SCHEMA.glob("[0-9]*.sql"))


def apply(file: Path) -> None:
    """Run one file's statements and note it. Statements must be safe to repeat after a crash."""
    run(file.read_text())
    client.command(
        "INSERT INTO schema_migrations (name) SELECT {name:String}"
        " WHERE {name:String} NOT IN (SELECT name FROM schema_migrations)",
        name=file.stem,
    )


def run(text: str) -> None:
    for statement in statements(text, nodes.cluster()):
        client.command(statement)


def statements(text: str, cluster: Cluster | None = None) -> list[str]:
    """Split at line-ending semicolons, and write each statement for a cluster or for one engine."""
    parts = (part.strip() for part in STATEMENT_END.split(text))
    return [one for part in parts if part for one in defined(part, cluster)]
