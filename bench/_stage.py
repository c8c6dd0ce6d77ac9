"""A portal of its own with generated events in it, and this process as one of its askers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import clickhouse_connect
import django
from clickhouse_connect.driver.client import Client
from django.conf import settings

from bench import _events
from tests.running import RunningPortal, eventually, running_portal

CORES = 2
PERSONS = 1_000_000
START_LIMIT_S = 600
WRITE_LIMIT_S = 3600


@contextmanager
def staged(data_dir: Path, events: int) -> Iterator[RunningPortal]:
    """Run a portal on two cores with so many events; a folder that has them already is kept."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with running_portal(data_dir, "--no-demo", within_s=START_LIMIT_S) as portal:
        os.environ |= {
            "PORTAL_DATA_DIR": str(data_dir),
            "PORTAL_PORT": str(portal.port),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        django.setup()
        fill(data_dir / "filled.json", events)
        eventually(is_written, within_s=WRITE_LIMIT_S, what="the engine has rewritten old rows")
        yield portal


def fill(note: Path, events: int) -> None:
    """Fill the table of events, once."""
    if note.exists() and json.loads(note.read_text()) == {"events": events}:
        return
    engine = client()
    engine.command("TRUNCATE TABLE events")
    for statement in _events.inserts(events, PERSONS):
        engine.command(statement)
        print(f"{engine.command('SELECT count() FROM events'):,} of {events:,} events", flush=True)
    for statement in _events.finishing():
        engine.command(statement)
    note.write_text(json.dumps({"events": events}))


def is_written() -> bool:
    """Tell whether columns and rollups that a migration added stand in the old rows, too."""
    found = client().command("SELECT count() FROM system.mutations WHERE NOT is_done")
    return found == 0


def client() -> Client:
    """Open a client of the engine, without sessions."""
    return clickhouse_connect.get_client(
        dsn=settings.CLICKHOUSE_URL, autogenerate_session_id=False, send_receive_timeout=3600
    )
