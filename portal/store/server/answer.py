"""Answers in ClickHouse's manner: headers, whole and streamed bodies, errors."""

from __future__ import annotations

import json
import secrets

from portal.store.server.coding import ENCODERS
from portal.store.server.errors import EngineError
from portal.store.server.native import Result
from portal.store.server.wire import SMALL_BYTES, Connection, head

PLAIN = {"Content-Type": "text/plain; charset=UTF-8"}
TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
}


def content_type(format_name: str) -> str:
    return TYPES.get(format_name, "application/octet-stream")


def summary(result: Result, elapsed_s: float) -> str:
    """Make the value of X-ClickHouse-Summary; its numbers are strings there."""
    return json.dumps(
        {
            "read_rows": str(result.storage_rows_read()),
            "read_bytes": str(result.storage_bytes_read()),
            "written_rows": str(result.rows_written()),
            "written_bytes": str(result.bytes_written()),
            "total_rows_to_read": "0",
            "result_rows": str(result.rows_read()),
            "result_bytes": str(result.bytes_read()),
            "elapsed_ns": str(int(elapsed_s * 1e9)),
        },
        separators=(",", ":"),
    )


def view(result: Result) -> memoryview:
    """Look at a result's bytes without copying them."""
    if result.size() == 0:
        return memoryview(b"")
    return memoryview(result.get_memview().view()).cast("B")


def send_whole(
    connection: Connection,
    status: int,
    headers: dict[str, str],
    body: bytes | memoryview,
    encoding: str = "",
) -> None:
    """Send an answer whose size is known."""
    if encoding and len(body):
        packer = ENCODERS[encoding]()
        body = packer.compress(body) + packer.flush()
        headers = headers | {"Content-Encoding": encoding}
    connection.send(head(status, headers | {"Content-Length": str(len(body))}), body)


def error_body(error: EngineError, version: str) -> bytes:
    return f"{error.text} (version {version})\n".encode("utf-8", "replace")


def send_error(
    connection: Connection, error: EngineError, headers: dict[str, str], version: str
) -> None:
    """Send an error that came before the first byte of an answer."""
    headers = headers | PLAIN | {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
    send_whole(connection, error.status, headers, error_body(error, version))


class Streamed:
    """An answer sent in chunks while the engine makes it."""

    def __init__(self, connection: Connection, headers: dict[str, str], encoding: str) -> None:
        self._connection = connection
        self._packer = ENCODERS[encoding]() if encoding else None
        self._tag = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(16))
        headers = headers | {
            "Transfer-Encoding": "chunked",
            "X-ClickHouse-Exception-Tag": self._tag,
        }
        if encoding:
            headers["Content-Encoding"] = encoding
        connection.send(head(200, headers))

    def write(self, data: bytes | memoryview) -> None:
        """Send one chunk. Raises Gone."""
        if self._packer is not None:
            data = self._packer.compress(data)
        if len(data):
            self._chunk(data)

    def finish(self) -> None:
        if self._packer is not None:
            self._chunk(self._packer.flush())
        self._connection.send(b"0\r\n\r\n")

    def fail(self, text: bytes) -> None:
        """Send an error as ClickHouse does in mid-answer; the last chunk is left out, so that
        clients which do not know this form see a broken answer and not a short one.
        """
        tag = self._tag.encode()
        size = str(len(text)).encode()
        mark = b"__exception__"
        self.write(b"\r\n%b\r\n%b\r\n%b%b %b\r\n%b\r\n" % (mark, tag, text, size, tag, mark))
        if self._packer is not None:
            self._chunk(self._packer.flush())

    def _chunk(self, data: bytes | memoryview) -> None:
        size = f"{len(data):x}\r\n".encode()
        if len(data) <= SMALL_BYTES:
            self._connection.send(size, data, b"\r\n")
            return
        self._connection.send(size)
        self._connection.send(data)
        self._connection.send(b"\r\n")
