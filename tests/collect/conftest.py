"""Samples of a metric of one's own, and a page of metrics to scrape."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from analytics.collect.scrape import Target
from portal.store import migrate


@pytest.fixture(scope="session", autouse=True)
def engine_tables() -> None:
    """Apply the DDL where the suite's start has not."""
    for file in migrate.pending():
        migrate.apply(file)


@pytest.fixture
def metric() -> str:
    """Return a metric name that no other test uses: the engine's tables are shared."""
    return f"test_{uuid.uuid4().hex}"


@dataclass
class Page:
    """A served page of metrics; change `text` and `status` to taste."""

    target: Target
    text: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def page() -> Iterator[Page]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.headers.get("Accept", ""))
            body = found.text.encode()
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    found = Page(Target(url, {"job": "test", "instance": uuid.uuid4().hex}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
