"""Routes, password and figures: one thread per connection, one call after the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from portal.store.server.answer import PLAIN, send_error, send_whole
from portal.store.server.call import call_of, check_password
from portal.store.server.engine import Engine
from portal.store.server.errors import EngineError
from portal.store.server.exchange import Exchange
from portal.store.server.figures import Figures
from portal.store.server.wire import Connection, Gone, Request


@dataclass(frozen=True)
class Service:
    """What every connection needs to answer."""

    engine: Engine
    figures: Figures
    password: str
    version: str
    patience_s: float = 60.0
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Connection": "Keep-Alive",
            "X-ClickHouse-Server-Display-Name": "portal",
            "X-ClickHouse-Timezone": "UTC",
        }
    )

    def serve(self, connection: Connection) -> None:
        """Answer a connection's requests until either side ends it."""
        while not self.engine.is_closing:
            request = connection.next_request()
            if request is None:
                return
            is_open = self._answer(connection, request)
            self.figures.count_bytes(connection.received, connection.sent)
            connection.received = connection.sent = 0
            if not (is_open and request.keeps_alive):
                return

    def _answer(self, connection: Connection, request: Request) -> bool:
        """Answer one request; false when the connection cannot be used any more."""
        if request.path == "/ping":
            return self._page(connection, b"Ok.\n")
        try:
            check_password(request, self.password)
            if request.path == "/metrics":
                return self._page(connection, self._metrics())
            if request.path != "/":
                return self._page(connection, b"There is no such page.\n", 404)
            if request.method == "GET" and not request.query.get("query"):
                return self._page(connection, b"Ok.\n")
            return self._ask(connection, request)
        except EngineError as error:
            is_open = connection.skip_body()
            send_error(connection, error, self.headers, self.version)
            return is_open

    def _page(self, connection: Connection, body: bytes, status: int = 200) -> bool:
        is_open = connection.skip_body()
        send_whole(connection, status, self.headers | PLAIN, body)
        return is_open

    def _ask(self, connection: Connection, request: Request) -> bool:
        began_at = time.monotonic()
        call = call_of(request, connection.body)
        exchange = Exchange(self.engine, connection, call, self.headers)
        status = "error"
        try:
            status = exchange.run(self.patience_s, self.version)
        except Gone:
            status = "gone"
            raise
        finally:
            lane = call.lane if call.lane in self.engine.lanes else "none"
            seconds = time.monotonic() - began_at
            self.figures.count(lane, status, seconds, exchange.rows_written)
        return exchange.is_open

    def _metrics(self) -> bytes:
        running = self.engine.running()
        open_by_lane = {
            lane: sum(one.lane == lane for one in running) for lane in self.engine.lanes
        }
        return self.figures.text(open_by_lane).encode()
