"""The whole portal: seconds from `up` to the first page, memory and processor time at rest."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from tests.running import ROOT, RunningPortal, environment, eventually, free_port, running_portal

REST_S = 30
LIMIT_START_S = 5.0
LIMIT_PSS_MB = 800.0
LIMIT_CORE = 0.05


def main() -> dict[str, float]:
    """Return figures against the limits they are meant to keep; a ratio over 1 is too much."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "var"
        with running_portal(data_dir, "--no-demo"):
            pass  # the first start creates; the second is the warm one
        seconds, portal = warm_start(data_dir)
        try:
            time.sleep(10)  # programs that start after the first page are up as well
            share, pss = at_rest(portal)
        finally:
            portal.stop()
    return {
        "warm start to first page / 5 s": seconds / LIMIT_START_S,
        "PSS of all processes at rest / 800 MB": sum(pss.values()) / LIMIT_PSS_MB,
        "processor at rest / 5 % of a core": share / LIMIT_CORE,
        "warm start to first page, s": seconds,
        "processor at rest, % of a core": share * 100,
        "PSS in all, MB": sum(pss.values()),
    } | {f"PSS {name}, MB": size for name, size in pss.items()}


def warm_start(data_dir: Path) -> tuple[float, RunningPortal]:
    port = free_port()
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-demo"],
        cwd=ROOT, env=environment(data_dir, port), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    portal = RunningPortal(data_dir, port, process)

    def first_page() -> bool:
        try:
            return httpx.get(f"{portal.url}/accounts/login/", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(first_page, within_s=60, what="the first page")
    return time.monotonic() - started, portal


def family(portal: RunningPortal) -> dict[str, list[psutil.Process]]:
    """Return each child with its own children (PostgreSQL's backends, for instance)."""
    found = {}
    for name, pid in portal.processes().items():
        process = psutil.Process(pid)
        below = [] if name == "up" else process.children(recursive=True)
        found[name] = [process, *below]
    return found


def at_rest(portal: RunningPortal) -> tuple[float, dict[str, float]]:
    """Return the share of one core over REST_S, and PSS in MB by process."""
    before = seconds_used(portal)
    time.sleep(REST_S)
    used = seconds_used(portal) - before
    pss = {
        name: sum(process.memory_full_info().pss for process in members) / 1e6
        for name, members in family(portal).items()
    }
    return used / REST_S, pss


def seconds_used(portal: RunningPortal) -> float:
    """Add up processor time, that of ended children (PostgreSQL's backends) included."""
    used = 0.0
    for main_process, *below in family(portal).values():
        times = main_process.cpu_times()
        used += times.user + times.system + times.children_user + times.children_system
        for process in below:
            with suppress(psutil.NoSuchProcess):
                used += process.cpu_times().user + process.cpu_times().system
    return used
