"""What the portal's processes use of the machine, read when somebody asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Child:
    """A process as the supervisor wrote it down in run/processes.json."""

    name: str
    pid: int
    restarts: int


@dataclass(frozen=True)
class Usage:
    """One process with all it started. `proportional_bytes` shares out common pages (PSS), and
    `own_bytes` leaves them out (USS); both equal the resident size where the system does not tell.
    """

    name: str
    resident_bytes: int
    proportional_bytes: int
    own_bytes: int
    cpu_seconds: float
    open_files: int
    started_at: float
    restarts: int


def children(data_dir: Path) -> list[Child]:
    """Return what the supervisor runs; empty without a supervisor."""
    try:
        listed: Any = json.loads((data_dir / "run" / "processes.json").read_text())
        return [
            Child(str(one["name"]), int(one["pid"]), int(one.get("restarts", 0))) for one in listed
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []  # between two writes, or not under `manage.py up`


def living(data_dir: Path) -> list[Child]:
    return [child for child in children(data_dir) if psutil.pid_exists(child.pid)]


def usage(data_dir: Path) -> list[Usage]:
    """Measure each living process together with what it started, as far as that is not listed."""
    found = children(data_dir)
    below = _children_by_parent()
    listed = {child.pid for child in found}
    measured = (_measure(child, list(_tree(child.pid, below, listed))) for child in found)
    return [one for one in measured if one is not None]


def _children_by_parent() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        below.setdefault(process.info["ppid"], []).append(process.pid)
    return below


def _tree(pid: int, below: dict[int, list[int]], listed: set[int]) -> Iterator[int]:
    """Return a process and its descendants, less those that stand in the list themselves."""
    yield pid
    for child in below.get(pid, ()):
        if child not in listed:
            yield from _tree(child, below, listed)


def _measure(child: Child, pids: list[int]) -> Usage | None:
    """Add up a process's tree; None when the process itself is gone."""
    root = _one(child, child.pid)
    if root is None:
        return None
    parts = [root, *(part for pid in pids[1:] if (part := _one(child, pid)) is not None)]
    return replace(
        root,
        resident_bytes=sum(part.resident_bytes for part in parts),
        proportional_bytes=sum(part.proportional_bytes for part in parts),
        own_bytes=sum(part.own_bytes for part in parts),
        cpu_seconds=sum(part.cpu_seconds for part in parts),
        open_files=sum(part.open_files for part in parts),
    )


def _one(child: Child, pid: int) -> Usage | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            resident = process.memory_info().rss
            times = process.cpu_times()
            started_at = process.create_time()
    except psutil.Error:
        return None
    proportional, own = _shares(process, resident)
    return Usage(
        name=child.name,
        resident_bytes=resident,
        proportional_bytes=proportional,
        own_bytes=own,
        # Those of ended children too, or PostgreSQL's counter would fall with each connection.
        cpu_seconds=times.user + times.system + times.children_user + times.children_system,
        open_files=_files(process),
        started_at=started_at,
        restarts=child.restarts,
    )


def _shares(process: psutil.Process, resident: int) -> tuple[int, int]:
    """Return the proportional size, and that of what no other process has."""
    try:
        found = process.memory_full_info()
    except psutil.Error:
        return resident, resident  # another user's process
    return int(getattr(found, "pss", resident)), int(getattr(found, "uss", resident))


class CpuShares:
    """How much of a core each process used since it was last looked at, or since its start."""

    SHORTEST_S = 1.0  # of less time the clock's ticks would show

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float, float]] = {}

    def percent(self, one: Usage, now: float) -> float:
        """Return 100 for one whole core. `now` is Unix time, as `started_at` is."""
        at, used, share = self._last.get(one.name, (one.started_at, 0.0, 0.0))
        if one.started_at > at:
            at, used, share = one.started_at, 0.0, 0.0  # it was started again
        if now - at < self.SHORTEST_S:
            return share
        share = max(0.0, one.cpu_seconds - used) / (now - at) * 100
        self._last[one.name] = (now, one.cpu_seconds, share)
        return share


def _files(process: psutil.Process) -> int:
    try:
        return process.num_fds()
    except psutil.Error:
        return 0
