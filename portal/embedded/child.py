"""One supervised process: started, logged, and started again when it dies."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from portal.embedded.server import Launch

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
HEALTHY_AFTER_S = 30.0
LONGEST_LINE = 1 << 20
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Ask the kernel to end this child when the supervisor is killed, even by kill -9."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """`prepare` runs before every start. `stop_signal` asks it to end, SIGKILL follows `grace_s`."""

    name: str
    launch: Callable[[], Launch]
    log: Callable[[str, str], None]
    changed: Callable[[], None]
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 8.0
    pass_fds: tuple[int, ...] = ()
    pid: int | None = None
    last_pid: int | None = None
    started_at: float = 0.0
    restarts: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _keeper: asyncio.Task[None] | None = None
    _process: asyncio.subprocess.Process | None = None
    _delay_s: float = field(default=FIRST_DELAY_S)

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it when it does not."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(self.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.grace_s)
            except TimeoutError:
                self.log(self.name, f"WARNING did not stop within {self.grace_s:.0f} s, killing it")
                process.kill()
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)

    def hurry(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                code = await self._run_once()
            except OSError as error:
                code = str(error)
            if self._stopping.is_set():
                return
            if time.monotonic() - self.started_at > HEALTHY_AFTER_S:
                self._delay_s = FIRST_DELAY_S
            self.log(self.name, f"WARNING ended ({code}), starting again in {self._delay_s:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._delay_s)
            self._delay_s = min(self._delay_s * 2, LONGEST_DELAY_S)
            self.restarts += 1

    async def _run_once(self) -> int | str:
        await asyncio.to_thread(self.prepare)
        launch = self.launch()
        self.started_at = time.monotonic()
        self._process = process = await asyncio.create_subprocess_exec(
            *launch.words,
            env=os.environ | launch.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours alone; we stop the children in order
            preexec_fn=die_with_parent,
            pass_fds=self.pass_fds,
            limit=LONGEST_LINE,
        )
        self.pid = self.last_pid = process.pid
        self.changed()
        await self._read_output(process)
        code = await process.wait()
        self.pid = None
        self.changed()
        return code

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the limit; the reader has dropped it
                continue
            if not line:
                return
            self.log(self.name, line.decode(errors="replace"))
