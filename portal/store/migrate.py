"""Numbered, forward-only DDL of the engine: `schema/NNNN_name.sql`, applied once each."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from portal.store import client
from portal.store.query import Query

SCHEMA = Path(__file__).parent / "schema"
STATEMENT_END = re.compile(r";\s*$", re.MULTILINE)
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY name
"""


def pending() -> list[Path]:
    """Return the files that are not applied yet, in order."""
    client.command(LEDGER)
    done = {name for (name,) in client.run(Query("SELECT name FROM schema_migrations")).rows()}
    return [file for file in sorted(SCHEMA.glob("[0-9]*.sql")) if file.stem not in done]


def apply(file: Path) -> None:
    """Run one file's statements and note it. Statements must be safe to repeat after a crash."""
    for statement in statements(file.read_text()):
        client.command(statement)
    client.command("INSERT INTO schema_migrations (name) VALUES ({name:String})", name=file.stem)


def statements(text: str) -> list[str]:
    """Fill in the engine family and split at line-ending semicolons."""
    filled = Template(text).substitute(on_cluster="", replicated="")
    return [part.strip() for part in STATEMENT_END.split(filled) if part.strip()]
