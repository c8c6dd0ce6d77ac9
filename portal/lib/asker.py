"""Who waits for the answers that are computed in this context: how long they may take, and whether
anybody still does.

The web process makes an asker for every request (`portal.asgi`), guards of pages and API set its
limit by the roles, and the store's client runs each query under its name, so that all queries of a
client who has gone are cancelled. Jobs have none: nobody's patience ends there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# A query that is only on its way to the engine when it is cancelled is cancelled again.
AGAIN_S = 0.3


@dataclass
class Asker:
    """One request's client. `time_limit` is for each query; None: as the store has it."""

    time_limit: timedelta | None = None
    has_gone: bool = False
    running: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def query(self) -> Iterator[str]:
        """Give a query its name while it runs."""
        name = uuid4().hex
        with self._lock:
            self.running.add(name)
        try:
            yield name
        finally:
            with self._lock:
                self.running.discard(name)

    def leave(self) -> None:
        """Note that the client has gone."""
        with self._lock:
            self.has_gone = True

    def left(self) -> set[str]:
        """Return what still runs."""
        with self._lock:
            return set(self.running)


_current: ContextVar[Asker | None] = ContextVar("asker", default=None)


def current() -> Asker | None:
    return _current.get()


@contextmanager
def asking(asker: Asker) -> Iterator[None]:
    """Compute for an asker in this context."""
    before = _current.set(asker)
    try:
        yield
    finally:
        _current.reset(before)


class CancelsWhenGone:
    """ASGI: cancel what is still computed for a client that has gone.

    `cancel` gets the names of the queries; it is called in a thread.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], cancel: Callable[[set[str]], None]
    ) -> None:
        self.app = app
        self.cancel = cancel

    def _cancel(self, asker: Asker) -> None:
        while left := asker.left():
            self.cancel(left)
            time.sleep(AGAIN_S)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        asker, is_answered = Asker(), False

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not is_answered:
                asker.leave()
                threading.Thread(target=self._cancel, args=(asker,), daemon=True).start()
            return message

        async def sent(message: Message) -> None:
            nonlocal is_answered
            is_answered = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        with asking(asker):
            await self.app(scope, heard, sent)
