"""HTTP/1.1 over one socket: just what an engine's clients need, with one write per small answer."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

MAX_HEAD_BYTES = 2 << 20  # parameters may stand in the URL; ClickHouse's own limit is 1 MiB
PIECE_BYTES = 64 << 10  # small pieces reach the engine while the next ones arrive: 0.9 against 0.6
SMALL_BYTES = 256 << 10
SILENCE = struct.pack("ll", 300, 0)  # seconds without a byte in mid-request or mid-answer
NO_LIMIT = struct.pack("ll", 0, 0)
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 413: "Payload Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class Malformed(Exception):
    """A request that is not HTTP; its connection is closed."""


class Gone(Exception):
    """The client closed the connection."""


@dataclass(frozen=True)
class Request:
    """A request's head; header names are in lower case, the last of equal names wins."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    is_http10: bool

    @property
    def keeps_alive(self) -> bool:
        connection = self.headers.get("connection", "").lower()
        return "keep-alive" in connection if self.is_http10 else "close" not in connection


def parse_head(head: bytes) -> Request:
    """Read a request line and headers. Raises Malformed."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed(lines[0][:80])
    path, _, query = parts[1].partition("?")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed(line[:80])
        headers[name.strip().lower()] = value.strip()
    return Request(parts[0], unquote(path), _fields(query), headers, parts[2].endswith("0"))


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=10_000, errors="surrogateescape"
        )
    except ValueError as error:
        raise Malformed("too many parameters") from error
    return dict(pairs)


class Connection:
    """One client's socket, with what was read ahead."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = 0
        self.sent = 0
        self._ahead = b""
        self._body: Iterator[bytes] = iter(())
        # Timeouts are the kernel's: with Python's own, looking whether the client is still
        # there (`is_gone`, from another thread) would wait for them.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, SILENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_limited = False

    def next_request(self) -> Request | None:
        """Wait for a request's head; None when the client has closed. Raises Malformed."""
        self._limit_silence(on=False)
        ahead = bytearray(self._ahead)
        searched = 0
        while (end := ahead.find(b"\r\n\r\n", searched)) < 0:
            searched = max(0, len(ahead) - 3)
            piece = self.sock.recv(PIECE_BYTES)
            if not piece:
                return None
            ahead += piece
            self.received += len(piece)
            if len(ahead) > MAX_HEAD_BYTES:
                raise Malformed("the head is too large")
        self._ahead = bytes(ahead[end + 4 :])
        request = parse_head(bytes(ahead[:end]))
        self._body = self._pieces(request)
        return request

    @property
    def body(self) -> Iterator[bytes]:
        """The pieces of the current request's body; raises Gone when it breaks off."""
        return self._body

    def skip_body(self, limit: int = 64 << 20) -> bool:
        """Read what is left of a body, so that the client gets to reading the answer."""
        left = limit
        for piece in self._body:
            left -= len(piece)
            if left < 0:
                return False
        return True

    def send(self, *parts: bytes | memoryview) -> None:
        """Write an answer, or a part of one; small parts go out in one packet."""
        size = sum(len(part) for part in parts)
        self.sent += size
        try:
            if size <= SMALL_BYTES:
                self.sock.sendall(b"".join(parts))
                return
            for part in parts:
                self.sock.sendall(part)
        except OSError as error:
            raise Gone from error

    def is_gone(self) -> bool:
        """Say whether the client has closed its end, without waiting."""
        try:
            return self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def _limit_silence(self, *, on: bool) -> None:
        """Let a client be silent for ever between requests, within one only for a while."""
        if on != self._is_limited:
            limit = SILENCE if on else NO_LIMIT
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self._is_limited = on

    def _pieces(self, request: Request) -> Iterator[bytes]:
        if request.headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            return self._chunked()
        length = request.headers.get("content-length", "0")
        if not length.isdigit():
            raise Malformed("Content-Length is not a number")
        return self._counted(int(length))

    def _counted(self, left: int) -> Iterator[bytes]:
        while left:
            piece = self._take(left)
            left -= len(piece)
            yield piece

    def _chunked(self) -> Iterator[bytes]:
        while True:
            size = _chunk_size(self._line())
            if size == 0:
                while self._line():
                    pass
                return
            yield from self._counted(size)
            self._line()

    def _take(self, most: int) -> bytes:
        if not self._ahead:
            self._ahead = self._receive()
        piece, self._ahead = self._ahead[:most], self._ahead[most:]
        return piece

    def _line(self) -> bytes:
        while (end := self._ahead.find(b"\r\n")) < 0:
            if len(self._ahead) > 8192:
                raise Malformed("a chunk's head is too long")
            self._ahead += self._receive()
        line, self._ahead = self._ahead[:end], self._ahead[end + 2 :]
        return line

    def _receive(self) -> bytes:
        self._limit_silence(on=True)
        try:
            piece = self.sock.recv(PIECE_BYTES)
        except OSError as error:
            raise Gone from error
        if not piece:
            raise Gone
        self.received += len(piece)
        return piece


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise Malformed("a chunk's size is not a number") from error


def head(status: int, headers: dict[str, str]) -> bytes:
    """Make an answer's head."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
