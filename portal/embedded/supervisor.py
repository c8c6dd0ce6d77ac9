"""Start everything in order, keep it running, stop it in order."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import multiprocess

from portal.embedded import endpoints
from portal.embedded.child import Child
from portal.embedded.log import MergedLog
from portal.embedded.server import EmbeddedServer, Launch, remove_socket_dir

START_LIMIT_S = 60.0


class StartFailed(Exception):
    """The portal could not start; the text says what and why."""


@dataclass(frozen=True)
class Plan:
    """What to run: embedded servers first, then `migrate`, then programs of ours."""

    data_dir: Path
    listener: socket.socket
    address: str
    servers: Sequence[EmbeddedServer]
    programs: dict[str, list[str]]
    migrate: Callable[[dict[str, str]], None]
    ready: Callable[[], Sequence[tuple[str, list[str]]]]  # once healthy; names more programs


class Supervisor:
    def __init__(self, plan: Plan, log: MergedLog) -> None:
        self.plan = plan
        self.log = log
        self.servers: list[Child] = []
        self.programs: list[Child] = []
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until Ctrl-C or SIGTERM. Raises StartFailed."""
        self._take_signals()
        self._prepare_folders()
        try:
            if await self._start():
                await self._stop.wait()
        finally:
            await self._stop_all()

    async def _start(self) -> bool:
        """Bring everything up; False when Ctrl-C came first."""
        for server in self.plan.servers:
            self.servers.append(self._server_child(server))
        await self._until(self._servers_are_up, "the servers")
        if self._stop.is_set():
            return False
        urls = {server.setting: server.url() for server in self.plan.servers}
        os.environ.update(urls)
        await asyncio.to_thread(self.plan.migrate, urls)
        # Commands in a second terminal find the servers from here on, and they are migrated.
        endpoints.write(self.plan.data_dir, urls)
        for name, words in self.plan.programs.items():
            self.programs.append(self._program_child(name, words))
        await self._until(self._is_ready, "the portal")
        if self._stop.is_set():
            return False
        for name, words in await asyncio.to_thread(self.plan.ready):
            self.programs.append(self._program_child(name, words))
        return True

    def _server_child(self, server: EmbeddedServer) -> Child:
        child = Child(
            server.name,
            server.launch,
            self.log.take,
            self._note,
            prepare=server.prepare,
            # PostgreSQL's fast shutdown; the others take SIGINT for Ctrl-C and SIGTERM for this.
            stop_signal=signal.SIGINT if server.name == "postgres" else signal.SIGTERM,
        )
        child.start()
        return child

    def _program_child(self, name: str, words: list[str]) -> Child:
        fds = (self.plan.listener.fileno(),) if name == "web" else ()
        child = Child(name, lambda: Launch(words), self.log.take, self._note, pass_fds=fds)
        child.start()
        return child

    def _servers_are_up(self) -> bool:
        return all(server.is_up() for server in self.plan.servers)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.plan.address}/readyz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def _until(self, check: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._stop.is_set() and not await asyncio.to_thread(check):
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{what} did not come up in {START_LIMIT_S:.0f} s; see the log above"
                )
            await asyncio.sleep(0.05)

    async def _stop_all(self) -> None:
        # Whoever takes work first, then whoever does it, then the stores under them.
        endpoints.remove(self.plan.data_dir)
        for group in (self.programs[:1], self.programs[1:], self.servers):
            await asyncio.gather(*(child.stop() for child in group))
        (self.plan.data_dir / "run" / "processes.json").unlink(missing_ok=True)
        remove_socket_dir(self.plan.data_dir)

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            for child in (*self.programs, *self.servers):
                child.hurry()
        else:
            self.log.take("up", "stopping; press Ctrl-C again to hurry")
        self._stop.set()

    def _prepare_folders(self) -> None:
        # Children inherit it: a soft limit of 1,024, as is usual, is fewer than web has sockets.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        run = self.plan.data_dir / "run"
        run.mkdir(parents=True, exist_ok=True)
        metrics = run / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)  # figures of processes that are gone
        metrics.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        # Arrow's own allocator keeps what a burst needed: 130 MB in web after 300,000 events.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

    def _note(self) -> None:
        """Write down who runs, and forget the live figures of who ended."""
        children = [*self.servers, *self.programs]
        for child in children:
            if child.pid is None and child.last_pid is not None:
                multiprocess.mark_process_dead(  # type: ignore[no-untyped-call]  # untyped upstream
                    child.last_pid, str(self.plan.data_dir / "run" / "metrics")
                )
        now = datetime.now(tz=UTC)  # the edge
        listed = [{"name": "up", "pid": os.getpid(), "started_at": None, "restarts": 0}] + [
            {
                "name": child.name,
                "pid": child.pid,
                "started_at": (now.timestamp() - (time.monotonic() - child.started_at)),
                "restarts": child.restarts,
            }
            for child in children
            if child.pid is not None
        ]
        file = self.plan.data_dir / "run" / "processes.json"
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(listed))
        draft.replace(file)


def bound_listener(host: str, port: int) -> socket.socket:
    """Bind the web port here, so that it survives a restart of web. Raises StartFailed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. uvicorn takes an inherited socket for a unix one and would leave
    # Nagle's algorithm on: 40 ms more for every answer in two pieces.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StartFailed(
            f"PORTAL_PORT={port} on {host} cannot be used ({error.strerror});"
            " free it or choose another: PORTAL_PORT=8001 make demo"
        ) from error
    listener.listen(1024)
    return listener


def web_words(listener: socket.socket) -> list[str]:
    log_config = str(Path(__file__).with_name("uvicorn-log.json"))
    return [
        sys.executable, "-m", "uvicorn", "portal.asgi:application", "--fd", str(listener.fileno()),
        "--lifespan", "off", "--no-access-log", "--log-config", log_config,
        "--timeout-graceful-shutdown", "5", "--no-server-header",
        # Each socket would compress the same message for itself, and keep 300 kB for that.
        "--ws-per-message-deflate", "false",
    ]  # fmt: skip


def worker_words() -> list[str]:
    # As root Celery warns at length; whoever runs the portal as root has chosen so.
    calm = ["-W", "ignore:You're running the worker with superuser"]
    return [
        sys.executable, *calm, "-m", "celery", "--quiet", "-A", "portal", "worker",
        "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip
