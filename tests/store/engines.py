"""Start and stop private engine processes; the shared one of the suite is left alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import clickhouse_connect
import httpx
from clickhouse_connect.driver.client import Client

READY = re.compile(r"ready on port (\d+)")


@dataclass
class EngineProcess:
    """One engine process on a directory."""

    path: Path
    process: subprocess.Popen[str]
    port: int
    log: list[str] = field(default_factory=list)
    password: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def client(self, database: str = "default", **options: Any) -> Client:
        """Open an unmodified clickhouse-connect client."""
        return clickhouse_connect.get_client(
            host="127.0.0.1",
            port=self.port,
            database=database,
            password=self.password,
            autogenerate_session_id=False,
            query_retries=0,
            **options,
        )

    def http(self) -> httpx.Client:
        """Open a plain HTTP client, for what clickhouse-connect hides."""
        return httpx.Client(base_url=self.url, timeout=30.0, trust_env=False)

    def pss_mb(self) -> int:
        """Return the process's proportional share of memory."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None
        return int(found[1]) // 1024

    def cpu_s(self) -> float:
        """Return the seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(5)


def launch(
    path: Path, *options: str, password: str = "", module: str = "portal.store.server"
) -> subprocess.Popen[str]:
    """Start `python -m portal.store.server` on a directory and a free port."""
    environment = os.environ | {"ENGINE_PASSWORD": password}
    command = [sys.executable, "-m", module, "--path", str(path), "--port", "0"]
    return subprocess.Popen(
        [*command, *options], env=environment, stderr=subprocess.PIPE, text=True
    )


def wait_until_ready(path: Path, process: subprocess.Popen[str], password: str) -> EngineProcess:
    """Read the process's log up to the line that names its port."""
    lines = []
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        found = READY.search(line)
        if found is not None:
            return EngineProcess(path, process, int(found[1]), lines, password)
    raise AssertionError("the engine did not start:\n" + "".join(lines))


@contextmanager
def running_engine(
    path: Path, *options: str, password: str = "", module: str = "portal.store.server"
) -> Iterator[EngineProcess]:
    """Run an engine for a while."""
    process = launch(path, *options, password=password, module=module)
    try:
        yield wait_until_ready(path, process, password)
    finally:
        process.kill()
        process.wait(10)
        _closed(process.stderr)


def _closed(stream: IO[str] | None) -> None:
    if stream is not None:
        stream.close()
