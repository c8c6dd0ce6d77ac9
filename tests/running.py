"""A whole portal as its users run it: `manage.py up` in a data directory of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.servers import SERVERS
from tests.template import copy_template

ROOT = Path(__file__).resolve().parent.parent
# A portal under test must not see the servers or the data of the suite that runs it.
OWN = ("DATABASE_URL", "REDIS_URL", "CLICKHOUSE_URL", "DJANGO_SETTINGS_MODULE")
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(check: Callable[[], T], *, within_s: float, what: str) -> T:
    """Return the first truthy answer of `check`; fail with its last answer after `within_s`."""
    deadline = time.monotonic() + within_s
    answer = check()
    while not answer:
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what} (last: {answer!r})")
        time.sleep(0.1)
        answer = check()
    return answer


@dataclass
class RunningPortal:
    data_dir: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """Run a management command from "a second terminal"; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment(self.data_dir, self.port), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def processes(self) -> dict[str, int]:
        """Return the pid of each child by name."""
        listed = json.loads((self.data_dir / "run" / "processes.json").read_text())
        return {child["name"]: child["pid"] for child in listed}

    def kill(self, name: str) -> bool:
        """Kill one child the hard way; False while it does not run."""
        pid = self.processes().get(name)
        if pid is None or has_ended(pid):
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def login(self, role: str) -> tuple[str, str]:
        """Return e-mail and password of the demo's member of staff with this role."""
        lines = (self.data_dir / "run" / "demo-logins.txt").read_text().splitlines()
        words = next(line.split() for line in lines if line.split()[:1] == [role])
        return words[1], words[2]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def log(self) -> str:
        return (self.data_dir / "output.log").read_text(errors="replace")[-6000:]

    def stop(self) -> None:
        """Press Ctrl-C and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=30)


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone; one that only waits to be reaped is."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def environment(data_dir: Path, port: int) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in OWN and not name.startswith("PORTAL_")
    }
    own = {"PORTAL_DATA_DIR": str(data_dir), "PORTAL_PORT": str(port)}
    return kept | own | {"PORTAL_PUBLIC_LINKS": "true"}


@contextmanager
def running_portal(data_dir: Path, *options: str, within_s: float = 60) -> Iterator[RunningPortal]:
    """Start a portal, wait until it is ready, and stop it at the end.

    The demo's begins with nothing, as a user's does; others of the suite start from a template.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    if "--no-demo" in options and SERVERS in os.environ:
        copy_template(data_dir, environment(data_dir, port))
    with (data_dir / "output.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *options],
            cwd=ROOT, env=environment(data_dir, port), stdout=output, stderr=output,
        )  # fmt: skip
    portal = RunningPortal(data_dir, port, process)
    try:
        eventually(
            lambda: portal.is_ready() or process.poll() is not None,
            within_s=within_s, what="the portal is ready",
        )  # fmt: skip
        assert process.poll() is None, portal.log()
        yield portal
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n--- portal log ---\n{portal.log()}") from failure
    finally:
        portal.stop()


def trend(portal: RunningPortal, token: str, **body: Any) -> dict[str, Any]:
    answer = httpx.post(
        f"{portal.url}/api/v1/insights/trend",
        json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
