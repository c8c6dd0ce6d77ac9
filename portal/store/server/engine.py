"""chDB behind a pool of handles: settings, lanes, cancelling, closing."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from portal.store.server.errors import (
    ABORTED,
    BAD_ARGUMENTS,
    CANCELLED,
    READONLY,
    TOO_MANY_QUERIES,
    EngineError,
    from_native,
    refusal,
)
from portal.store.server.native import Native, Result, connect

SETTING_NAME = re.compile(r"[A-Za-z_]\w*\Z")
NO_PARAMS: dict[str, str] = {}
Chunks = Generator[Result, None, None]
LOOK_S = 0.25
LAST = "readonly"  # nothing can be set after it, so its handle is thrown away


def quoted(text: str) -> str:
    """Write a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def encoded(text: str) -> bytes:
    """Give back a statement's own bytes; literals may hold what is not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


class Handle:
    """One handle on the path. It runs one statement at a time and keeps its settings."""

    def __init__(self, target: str, mark: str, base: Mapping[str, str]) -> None:
        self.mark = mark
        self.is_spoilt = False
        self.guard = threading.Lock()  # held while the running statement changes, or is killed
        self._native: Native = connect(target)
        self._base = {**base, "log_comment": mark}
        self._applied: dict[str, str] = {}
        self._database = "default"
        self._set(self._base)

    def prepare(self, database: str, settings: Mapping[str, str]) -> None:
        """Bring the handle to a database and to exactly these settings. Raises EngineError."""
        if database != self._database:
            self.query(f"USE `{database.replace('`', '``')}`", "Null")
            self._database = database
        if settings == self._applied:
            return
        self.is_spoilt = True  # until all of it has worked
        wanted = {name: self._base.get(name) for name in self._applied if name not in settings}
        wanted |= {name: v for name, v in settings.items() if self._applied.get(name) != v}
        last = wanted.pop(LAST, None)
        self._set(wanted)
        if last is not None:
            self._set({LAST: last})
            return
        self._applied = dict(settings)
        self.is_spoilt = False

    def _set(self, settings: Mapping[str, str | None]) -> None:
        changes = [f"{n} = {'DEFAULT' if v is None else quoted(v)}" for n, v in settings.items()]
        if changes:
            self.query("SET " + ", ".join(changes), "Null")

    def query(self, sql: str, format_name: str, params: dict[str, str] = NO_PARAMS) -> Result:
        """Run a statement to its end; the answer stays in the engine's memory."""
        try:
            return self._native.query(encoded(sql), format_name, params=params)
        except RuntimeError as error:
            # chDB keeps what a failed statement had written so far, and would give it out as
            # the answer of the next statement that has none: such a handle is not used again.
            self.is_spoilt = True
            raise from_native(error) from None

    def stream(self, sql: str, format_name: str, params: dict[str, str]) -> Chunks:
        """Run a SELECT and give its answer chunk by chunk; closing the iterator cancels it."""
        try:
            cursor = self._native.send_query(encoded(sql), format_name, params=params)
        except RuntimeError as error:
            self.is_spoilt = True
            raise from_native(error) from None
        return self._chunks(cursor)

    def _chunks(self, cursor: Any) -> Chunks:
        is_over = False
        try:
            while True:
                chunk = self._native.streaming_fetch_result(cursor)
                if chunk.size() == 0:
                    is_over = True
                    return
                yield chunk
        except RuntimeError as error:
            is_over = self.is_spoilt = True
            raise from_native(error) from None
        finally:
            if not is_over:
                self.is_spoilt = True
                with suppress(RuntimeError):
                    self._native.streaming_cancel_query(cursor)

    def insert(self, head: str, format_name: str, pieces: Iterator[bytes]) -> Result:
        """Run an INSERT over pieces of rows; a body that breaks off commits nothing more."""
        try:
            cursor = self._native.send_insert(encoded(head), format_name)
        except RuntimeError as error:
            self.is_spoilt = True
            raise from_native(error) from None
        done = False
        try:
            for piece in pieces:
                self._native.insert_append(cursor, piece)
            result = self._native.insert_done(cursor)
            done = True
        except RuntimeError as error:
            raise from_native(error) from None
        else:
            return result
        finally:
            if not done:
                self.is_spoilt = True
                with suppress(RuntimeError):
                    self._native.insert_cancel(cursor)

    def statement_count(self, sql: str) -> int:
        """Count the statements of a text."""
        try:
            return int(self._native.classify_query(encoded(sql))["statement_count"])
        except RuntimeError:
            return 1

    def forbid_changes(self, sql: str) -> None:
        """See to it that a statement changes nothing. Raises EngineError when it would.

        The engine's own `readonly` cannot be undone and costs the handle, so it only decides
        what cannot be told from the text.
        """
        kind = getattr(self._native.classify_query(encoded(sql))["query_class"], "name", "")
        if kind == "UNKNOWN":
            self.is_spoilt = True
            self._set({LAST: "2"})
        elif kind != "READ_ONLY":
            raise refusal(READONLY, "READONLY", "Cannot execute query in readonly mode.")

    def close(self) -> None:
        self._native.close()


@dataclass(eq=False)
class Running:
    """A statement whose client waits for the answer."""

    query_id: str
    sql: str
    lane: str
    is_gone: Callable[[], bool]
    is_read: bool
    began_at: float = field(default_factory=time.monotonic)
    handle: Handle | None = None
    killed_because: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def occupy(self, handle: Handle) -> None:
        """Note the handle that the statement runs on. Raises EngineError when killed before."""
        with handle.guard:
            if self.killed_because:
                raise refusal(CANCELLED, "QUERY_WAS_CANCELLED", self.killed_because)
            self.handle = handle

    def leave(self, handle: Handle) -> None:
        """Give the handle up; waits for a kill that is under way."""
        with handle.guard:
            self.handle = None


class Lane:
    """At most `size` statements at once, each with a handle; handles are opened when needed."""

    def __init__(self, name: str, size: int, open_handle: Callable[[], Handle]) -> None:
        self.name = name
        self._open = open_handle
        self._slots = threading.BoundedSemaphore(size)
        self._idle: list[Handle] = []  # the last one used is the next: its settings still fit

    @contextmanager
    def handle(self, running: Running, patience_s: float) -> Iterator[Handle]:
        """Lend a handle. Raises EngineError when none is free in time, or when killed before."""
        self._wait_for_slot(running, time.monotonic() + patience_s)
        try:
            handle = self._take()
            try:
                running.occupy(handle)
                try:
                    yield handle
                finally:
                    running.leave(handle)
            finally:
                self._give_back(handle)
        finally:
            self._slots.release()

    def _wait_for_slot(self, running: Running, deadline: float) -> None:
        if self._slots.acquire(blocking=False):
            return
        while not self._slots.acquire(timeout=LOOK_S):
            if running.killed_because:
                raise refusal(CANCELLED, "QUERY_WAS_CANCELLED", running.killed_because)
            if time.monotonic() > deadline:
                message = f"The {self.name} lane has been full for too long."
                raise refusal(TOO_MANY_QUERIES, "TOO_MANY_SIMULTANEOUS_QUERIES", message)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Handle:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _give_back(self, handle: Handle) -> None:
        if handle.is_spoilt:
            handle.close()
        else:
            self._idle.append(handle)


class Engine:
    """The path, its lanes and what runs on it."""

    def __init__(self, target: str, lanes: Mapping[str, tuple[int, Mapping[str, str]]]) -> None:
        self._target = target
        self._numbers = iter(range(1, 1 << 62))
        self._control_lock = threading.Lock()
        self._control = self._open({})
        self._running: set[Running] = set()
        self._work = threading.Event()
        self.is_closing = False
        self.lanes = {
            name: Lane(name, size, lambda base=base: self._open(base))  # type: ignore[misc]
            for name, (size, base) in lanes.items()
        }
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def _open(self, base: Mapping[str, str]) -> Handle:
        try:
            return Handle(self._target, f"portal-{next(self._numbers)}", base)
        except RuntimeError as error:
            raise from_native(error) from None

    def control(self, sql: str, format_name: str = "TSV") -> bytes:
        """Ask something small about the engine itself, past all lanes."""
        with self._control_lock:
            return bytes(self._control.query(sql, format_name).get_memview().tobytes())

    @contextmanager
    def tracked(self, running: Running) -> Iterator[None]:
        """Let a statement be seen, killed and waited for until its answer has been sent."""
        self._running.add(running)
        self._work.set()
        try:
            yield
        finally:
            self._running.discard(running)
            running.ended.set()

    def lend(self, running: Running, patience_s: float) -> AbstractContextManager[Handle]:
        """Lend a handle of the statement's lane. Raises EngineError."""
        if running.lane not in self.lanes:
            raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"There is no lane {running.lane!r}.")
        if self.is_closing:
            raise refusal(ABORTED, "ABORTED", "The engine is stopping.")
        return self.lanes[running.lane].handle(running, patience_s)

    def running(self) -> list[Running]:
        """List what runs now."""
        return list(self._running)

    def kill(self, running: Running, reason: str) -> None:
        """Cancel a statement, waiting or running; it ends with QUERY_WAS_CANCELLED."""
        running.killed_because = reason
        handle = running.handle
        if handle is None:
            return
        with handle.guard:
            if running.handle is handle:
                mark = quoted(handle.mark)
                self.control(
                    "KILL QUERY WHERE query_id IN (SELECT query_id FROM system.processes "
                    f"WHERE Settings['log_comment'] = {mark}) ASYNC"
                )

    def _watch(self) -> None:
        """Cancel what nobody waits for any more; sleeps as long as nothing runs.

        A kill is repeated: the first may have come just before the engine began the statement.
        """
        while True:
            self._work.wait()
            time.sleep(LOOK_S)
            for running in self.running():
                if running.killed_because or (running.is_read and running.is_gone()):
                    with suppress(EngineError):
                        self.kill(running, running.killed_because or "The client has gone.")
            self._work.clear()
            if self._running:
                self._work.set()

    def close(self, grace_s: float) -> bool:
        """Let inserts finish, cancel reads, then close the path; false when something still runs."""
        self.is_closing = True
        deadline = time.monotonic() + grace_s
        for running in self.running():
            if running.is_read:
                with suppress(EngineError):
                    self.kill(running, "The engine is stopping.")
        for running in self.running():
            running.ended.wait(max(0.0, deadline - time.monotonic()))
        if self._running:
            return False  # closing a handle under a running statement would crash
        for lane in self.lanes.values():
            lane.close()
        self._control.close()
        return True
