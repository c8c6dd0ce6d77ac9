"""A PostgreSQL cluster with all migrations applied, made once a run: portals start from a copy.

Migrating takes ten seconds of a processor. No key or password of a portal is in it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from portal.embedded.postgres import Postgres
from tests.servers import SERVERS, started


def copy_template(data_dir: Path, environment: Mapping[str, str]) -> None:
    """Give a data directory that has no cluster yet a migrated one."""
    cluster = Postgres(data_dir).cluster
    if not cluster.exists():
        made = Postgres(template(environment)).cluster
        subprocess.run(["cp", "-a", made, cluster], check=True)


def template(environment: Mapping[str, str]) -> Path:
    """Return the template's folder; one worker makes it, the others wait for it."""
    folder = Path(os.environ[SERVERS])
    found = folder / "template"
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            making = folder / "making"
            making.mkdir()
            migrate(making, environment)
            making.rename(found)
    return found


def migrate(data_dir: Path, environment: Mapping[str, str]) -> None:
    postgres = Postgres(data_dir, is_durable=False)
    with started(data_dir, [postgres]):
        own = {"PORTAL_DATA_DIR": str(data_dir), "DATABASE_URL": postgres.url()}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=Path(__file__).resolve().parent.parent, env={**environment, **own}, check=True,
        )  # fmt: skip
