"""Samples of a metric of one's own, and pages of metrics to fetch."""

from __future__ import annotations

import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def engine_tables(store_schema: None) -> None:
    """Apply the DDL where the suite's start has not."""


@pytest.fixture
def metric() -> str:
    """Return a metric name that no other test uses: the engine's tables are shared."""
    return f"test_{uuid.uuid4().hex}"


@dataclass
class Page:
    """A served page; change it to taste. `dawdles` sends a byte, then nothing until the end."""

    port: int = 0
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    dawdles: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    serve_tls: Callable[[Path], None] = field(default=lambda file: None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"

    @property
    def text(self) -> str:
        return self.body.decode()

    @text.setter
    def text(self, value: str) -> None:
        self.body = value.encode()


@pytest.fixture
def page() -> Iterator[Page]:
    found = Page()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(dict(self.headers.items()))
            found.paths.append(self.path)
            self.send_response(found.status)
            headers = {"Content-Length": str(len(found.body)), **found.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if found.dawdles:
                self.wfile.write(found.body[:1])
                self.wfile.flush()
                found.over.wait(20)
            else:
                self.send(found.body)

        def send(self, body: bytes) -> None:
            try:
                self.wfile.write(body)
            except OSError:
                return  # whoever asked has had enough

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port

    def serve_tls(file: Path) -> None:
        """Serve by https from now on, with the key and the certificate in a file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.socket = context.wrap_socket(server.socket, server_side=True)

    found.serve_tls = serve_tls
    server.handle_error = lambda request, address: None  # type: ignore[method-assign,assignment]  # who refuses a certificate hangs up
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.over.set()
    server.shutdown()
    server.server_close()
    thread.join()
