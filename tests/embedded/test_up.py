"""`manage.py up` as its users meet it: one portal a data directory, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import (
    ROOT,
    RunningPortal,
    environment,
    eventually,
    free_port,
    has_ended,
    running_portal,
)

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("up"), "--no-demo") as found:
        yield found


def up(data_dir: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Try to start another portal that is expected to refuse."""
    return subprocess.run(
        [sys.executable, "manage.py", "up", "--no-demo"],
        cwd=ROOT, env=environment(data_dir, port), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_a_second_up_is_told_who_holds_the_data(portal: RunningPortal) -> None:
    refused = up(portal.data_dir, free_port())

    assert refused.returncode == 1
    assert f"is in use by process {portal.process.pid} since" in refused.stderr
    assert portal.url in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_port_is_named_with_the_fix(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        refused = up(tmp_path, port)

    assert refused.returncode == 1
    assert f"PORTAL_PORT={port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_setting_stops_the_start_in_one_line(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT, env=environment(tmp_path, 1) | {"PORTAL_TIME_ZONE": "Mars/Olympus"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        "PORTAL_TIME_ZONE='Mars/Olympus' should be an IANA time zone such as Europe/Berlin."
    )


@pytest.mark.parametrize("victim", ["web", "writer", "worker", "engine", "valkey", "postgres"])
def test_whatever_is_killed_comes_back(portal: RunningPortal, victim: str) -> None:
    before = portal.processes()[victim]

    portal.kill(victim)

    def is_back() -> bool:
        return portal.processes().get(victim, before) != before and portal.is_ready()

    eventually(is_back, within_s=40, what=f"{victim} is back")


def test_doctor_finds_a_running_portal_well(portal: RunningPortal) -> None:
    eventually(portal.is_ready, within_s=40, what="ready")

    said = portal.command("doctor")

    assert "WRONG" not in said
    assert "engine" in said


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    with running_portal(tmp_path / "var", "--no-demo") as portal:
        children = [pid for name, pid in portal.processes().items() if name != "up"]

        portal.process.kill()
        portal.process.wait(timeout=10)

        eventually(
            lambda: all(has_ended(pid) for pid in children),
            within_s=30, what="every child ended",
        )  # fmt: skip


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_it() -> None:
    # Beside pytest's own folder, which only root may enter.
    home = Path(tempfile.mkdtemp(prefix="portal-user-"))
    os.chown(home, 1000, 1000)
    words = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", sys.executable]
    if (
        subprocess.run([*words, "-c", "import redis"], check=False, capture_output=True).returncode
        != 0
    ):
        pytest.skip("this Python lies where ordinary users may not look")
    port = free_port()
    process = subprocess.Popen(
        [*words, "-B", "manage.py", "up", "--no-demo"],
        cwd=ROOT, env=environment(home / "var", port) | {"HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    portal = RunningPortal(home / "var", port, process)
    try:
        eventually(portal.is_ready, within_s=60, what="ready as an ordinary user")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        shutil.rmtree(home)
    assert process.returncode == 0
