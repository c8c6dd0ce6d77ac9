"""Very many browsers on one dashboard, played by one process: what each is sent, and how late.

A client here reads frames and numbers and draws nothing, so that the machine is left to the portal.
It comes back by itself, as static/js/lib/live-socket.js does.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

OPENING_AT_ONCE = 50
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0
TEXT, CLOSE, PING = 0x1, 0x8, 0x9


@dataclass
class Heard:
    """What all clients heard: how late each message was, and whether a number was skipped."""

    late_s: list[float] = field(default_factory=list)
    messages: int = 0
    size_bytes: int = 0
    gaps: int = 0
    closed: int = 0
    greeted: int = 0


class Client(asyncio.Protocol):
    """One socket. It answers pings and counts; it never sends anything else."""

    def __init__(self, request: bytes, heard: Heard) -> None:
        self.request, self.heard = request, heard
        self.buffer = bytearray()
        self.is_open = False
        self.greeted = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()
        self.numbers: dict[str, int] = {}
        self.values: dict[str, Any] | None = None  # the newest of each part, where they are wanted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self.transport.write(self.request)

    def connection_lost(self, _: Exception | None) -> None:
        self.heard.closed += 1
        self.lost.set()
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError("closed before the first values"))

    def data_received(self, chunk: bytes) -> None:
        self.buffer += chunk
        if not self.is_open:
            head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.transport.close()
                return
            self.is_open, self.buffer = True, bytearray(rest)
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        """Cut the first frame off the buffer; a server's frames are not masked."""
        if len(self.buffer) < 2:
            return None
        size, head = self.buffer[1] & 0x7F, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            if len(self.buffer) < head:
                return None
            size = int.from_bytes(self.buffer[2:head], "big")
        if len(self.buffer) < head + size:
            return None
        opcode, payload = self.buffer[0] & 0x0F, bytes(self.buffer[head : head + size])
        del self.buffer[: head + size]
        return opcode, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            mask = os.urandom(4)
            masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
            self.transport.write(bytes([0x8A, 0x80 | len(payload)]) + mask + masked)
        if opcode != TEXT:
            return
        message = orjson.loads(payload)
        self.heard.messages += 1
        self.heard.size_bytes += len(payload)
        if message["type"] == "initial_data":
            self._count(message["data"], is_first=True)
            self.heard.greeted += 1
            if not self.greeted.done():
                self.greeted.set_result(None)
        elif message["type"] == "dashboard_update":
            self._count(message["updates"], is_first=False)

    def _count(self, values: Mapping[str, dict[str, object]], *, is_first: bool) -> None:
        now = time.time()
        for part, value in values.items():
            number = int(str(value["seq"]))
            if not is_first:
                self.heard.gaps += number != self.numbers.get(part, number - 1) + 1
                made_at = datetime.fromisoformat(str(value["lastUpdated"])).timestamp()
                self.heard.late_s.append(now - made_at)
            self.numbers[part] = number
        if self.values is not None:
            self.values.update(values)


@dataclass(frozen=True)
class Address:
    """Where a dashboard is watched, and as whom."""

    url: str
    path: str
    cookies: Sequence[str]  # one a person; clients take them in turns

    def request(self, number: int) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.path} HTTP/1.1", f"Host: {urlsplit(self.url).netloc}",
            "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13", f"Origin: {self.url}",
            f"Cookie: {self.cookies[number % len(self.cookies)]}",
        ]  # fmt: skip
        return "\r\n".join([*lines, "", ""]).encode()


async def connected(address: Address, number: int, heard: Heard) -> Client:
    """Open a socket and wait for its first values. Raises OSError."""
    host = urlsplit(address.url)
    request = address.request(number)
    _, client = await asyncio.get_running_loop().create_connection(
        lambda: Client(request, heard), host.hostname or "", host.port or 80
    )
    await client.greeted
    return client


async def opened(address: Address, count: int, heard: Heard) -> list[Client]:
    """Open sockets, so many at a time, until each has its first values."""
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(number: int) -> Client:
        async with turns:
            return await connected(address, number, heard)

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def stay(address: Address, number: int, heard: Heard, client: Client) -> None:
    """Come back whenever the socket is lost, later and later, until cancelled."""
    try:
        while True:
            await client.lost.wait()
            delay = FIRST_DELAY_S
            while client.lost.is_set():
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))
                delay = min(delay * 2, LONGEST_DELAY_S)
                with suppress(OSError):
                    client = await connected(address, number, heard)
    finally:
        client.transport.close()
