"""What the supervisor needs to know of a server that comes from a wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LONGEST_SOCKET_PATH = 90


@dataclass(frozen=True)
class Launch:
    """How to start a process: its words, and what its environment has beyond ours."""

    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)


class EmbeddedServer(Protocol):
    """A server of the portal's own. `setting` names the URL that replaces it."""

    @property
    def name(self) -> str: ...

    @property
    def setting(self) -> str: ...

    def prepare(self) -> None:
        """Make what must exist before the first start; safe to repeat."""

    def launch(self) -> Launch: ...

    def is_up(self) -> bool: ...

    def url(self) -> str: ...


def socket_dir(data_dir: Path) -> Path:
    """Return a folder, ours alone, whose sockets have paths short enough for the kernel."""
    near = data_dir / "run" / "sockets"
    if len(str(near)) < LONGEST_SOCKET_PATH - 20:
        near.mkdir(parents=True, exist_ok=True)
        near.chmod(0o700)
        return near
    mark = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    far = Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{mark}"
    far.mkdir(mode=0o700, exist_ok=True)
    if far.stat().st_uid != os.getuid():
        raise PermissionError(f"{far} belongs to somebody else; remove it or set TMPDIR")
    return far


def remove_socket_dir(data_dir: Path) -> None:
    shutil.rmtree(socket_dir(data_dir), ignore_errors=True)


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wheel_folder(package: str) -> Path:
    """Find an installed package's folder without importing it: imports here have side effects."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{package} is not installed; run: pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0])
