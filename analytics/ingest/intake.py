"""The door: an ASGI application that takes clients' batches before Django sees the request.

Django's middleware would hop through its one synchronous thread several times per request, so
that a slow page would hold intake up; and Django reads a body of any size to disk before a view
may refuse it. Whatever is not a route of an intake protocol goes on to the application behind.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from analytics.ingest import bodies, erased, keys, scrubbers, spool
from analytics.ingest.accept import Accepted, Known, accept
from analytics.ingest.accept_samples import AcceptedSamples, accept_samples
from analytics.ingest.admission import Admissions
from analytics.ingest.committing import Committer
from analytics.ingest.erased import ErasedIds
from analytics.ingest.instruments import (
    accepted_events,
    accepted_samples,
    duplicate_events,
    refused_samples,
    rejected_events,
    requests,
)
from analytics.ingest.keys import KeyHolder, Keys, KeysUnknown
from analytics.ingest.known_series import KnownSeries
from analytics.ingest.measured import Measured
from analytics.ingest.protocols import (
    Answer,
    BadRequest,
    Headers,
    IntakeProtocol,
    Problem,
    Receipt,
    Request,
    protocols,
    serves,
)
from analytics.ingest.recent import Quotas, RecentIds
from analytics.ingest.scrubbers import Scrubbers, Unscrubbed
from analytics.ingest.spool import Kept, SpoolFull
from portal.lib import clock, measure

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]  # ASGI; Django and httpx type its messages differently

BIG_BYTES = 512 << 10  # from here on, a thread reads the batch, so that sockets stay live
BIG_AT_ONCE = 2
DRAINED_BYTES = 4 * bodies.MAX_PACKED_BYTES  # of a refused body, so that its sender hears why
MAX_WAITING_BYTES = 256 << 20
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
PREFLIGHT = [
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"POST, PUT, DELETE, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, content-encoding, x-portal-key",
    ),
    (b"access-control-max-age", b"86400"),
]


NO_CONTENT = 204


class Refused(Exception):
    """A request that is answered with an error, worded as its protocol does."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str = "", retry_s: float = 0
    ) -> None:
        super().__init__(message)
        self.problem = Problem(status, code, message, field)
        self.retry_s = retry_s


class ClientGone(Exception):
    """The client hung up before its body was complete."""


@dataclass
class Door:
    """What the requests of one process share."""

    committer: Committer
    keys: Keys
    recent: RecentIds
    quotas: Quotas
    sample_quotas: Quotas
    erased: ErasedIds
    scrubbers: Scrubbers
    series: KnownSeries
    admissions: Admissions
    big: asyncio.Semaphore
    waiting_bytes: int = 0


def open_door() -> Door:
    ids, rules = ErasedIds(erased.file()), Scrubbers(scrubbers.file())
    return Door(
        committer=Committer(spool.path()),
        keys=Keys(keys.file(), lambda: keys.load(ids, rules)),
        recent=RecentIds(),
        quotas=Quotas(),
        sample_quotas=Quotas(),
        erased=ids,
        scrubbers=rules,
        series=KnownSeries(),
        admissions=Admissions(),
        big=asyncio.Semaphore(BIG_AT_ONCE),
    )


class Intake:
    """Answers the routes of all intake protocols; everything else goes to `behind`."""

    def __init__(self, behind: App) -> None:
        self._behind = behind
        self._door: Door | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = self._protocol_of(scope)
        if protocol is None:
            await self._behind(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await respond(send, 204, b"", PREFLIGHT)
        else:
            await self._serve(protocol, scope, receive, send)

    @property
    def door(self) -> Door:
        """Opened by the first request: a process that takes none needs no spool."""
        if self._door is None:
            self._door = open_door()
        return self._door

    def close(self) -> None:
        if self._door is not None:
            self._door.committer.close()
            self._door.admissions.close()
            self._door = None

    def _protocol_of(self, scope: Scope) -> IntakeProtocol | None:
        if scope["type"] != "http":
            return None
        method, path = scope["method"], scope["path"]
        return next((found for found in protocols if serves(found, method, path)), None)

    async def _serve(
        self, protocol: IntakeProtocol, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = [ANY_ORIGIN]
        began = time.perf_counter()
        at_ms = int(clock.now().timestamp() * 1000)
        request = Request(scope["method"], raw_path(scope), headers_of(scope), at_ms)
        try:
            answer = await self._answer(protocol, request, scope, receive)
        except Refused as refusal:
            answer = protocol.refuse(refusal.problem, request)
            headers.append((b"connection", b"close"))
            if refusal.retry_s:
                headers.append((b"retry-after", str(max(1, round(refusal.retry_s))).encode()))
        except ClientGone:
            return
        except Exception:
            log.exception("Intake failed.")
            problem = Problem(500, "internal", "Intake failed; try again.")
            answer = protocol.refuse(problem, request)
        requests.labels(protocol.kind, str(answer.status)).inc()
        labels = (request.method, protocol.routes[0], str(answer.status), "api")
        measure.count(labels, time.perf_counter() - began)
        headers += [(name.encode(), value.encode()) for name, value in answer.headers]
        if answer.status != NO_CONTENT:
            headers.append((b"content-type", answer.content_type.encode()))
        await respond(send, answer.status, answer.body, headers)

    async def _answer(
        self, protocol: IntakeProtocol, request: Request, scope: Scope, receive: Receive
    ) -> Answer:
        body = Body(request.headers, receive)
        try:
            holder = await self._holder(protocol, request.headers, scope)
            self._check_quota(holder)
            packed = await body.read()
        except Refused:
            await body.drain()
            raise
        accepted = await self._accept(protocol, packed, request, holder)
        if isinstance(accepted, Accepted):
            await self._keep(accepted, holder)
            return protocol.answer(accepted.receipt, request)
        receipt = await self._keep_samples(*accepted, holder)
        return protocol.answer(receipt, request)

    async def _holder(self, protocol: IntakeProtocol, headers: Headers, scope: Scope) -> KeyHolder:
        query = scope.get("query_string", b"").decode("latin-1")
        text = protocol.authenticate(headers, query)
        try:
            holder = await self.door.keys.find(text) if text else None
        except KeysUnknown as error:
            raise Refused(503, "unavailable", str(error)) from error
        if holder is None:
            raise Refused(401, "unauthorized", "This ingest key is unknown or revoked.")
        return holder

    def _check_quota(self, holder: KeyHolder) -> None:
        """Raise Refused while a quota is used up: that of events and that of samples are one's
        own; a body may hold either, so it waits for both.
        """
        now_s = time.monotonic()
        for quotas, limit, what in (
            (self.door.quotas, holder.events_per_minute, "events"),
            (self.door.sample_quotas, holder.samples_per_minute, "samples"),
        ):
            wait_s = quotas.wait_s(holder.source, limit, now_s)
            if wait_s:
                message = f"{holder.name} is over its quota of {limit} {what} a minute."
                raise Refused(429, "quota", message, retry_s=wait_s)

    async def _accept(
        self, protocol: IntakeProtocol, packed: bytes, request: Request, holder: KeyHolder
    ) -> Accepted | tuple[AcceptedSamples, Measured]:
        """Expand, parse and check; what takes long does not hold up the event loop."""
        now_us = int(clock.now().timestamp() * 1e6)

        def read(body: bytes | None) -> Accepted | tuple[AcceptedSamples, Measured]:
            gc.disable()  # JSON has no cycles, and looking for them among its objects costs a third
            try:
                body = protocol.expand(packed, request) if body is None else body
                decoded = protocol.decode(body, request, self.door.series.generation())
                if isinstance(decoded, Measured):
                    accepted = accept_samples(
                        decoded, source=holder.source, sender=holder.sender, now_us=now_us
                    )
                    return accepted, decoded
                scrubber = self.door.scrubbers.of(holder.source)
                known = Known(self.door.recent, self.door.erased, scrubber)
                return accept(decoded, body, holder, known=known, now_us=now_us)
            finally:
                gc.enable()

        body = None
        try:
            if len(packed) < (BIG_BYTES if packed[:1] == b"{" else BIG_BYTES // 16):
                body = protocol.expand(packed, request)
                if len(body) < BIG_BYTES:  # a few bytes may stand for very many
                    return read(body)
            async with self.door.big:
                return await asyncio.to_thread(read, body)
        except bodies.TooLarge as error:
            raise Refused(413, "too_large", str(error)) from error
        except bodies.Undecodable as error:
            raise Refused(400, "undecodable", str(error)) from error
        except Unscrubbed as error:
            raise Refused(503, "unavailable", str(error)) from error
        except BadRequest as error:
            code = "too_large" if error.status == 413 else "invalid"
            raise Refused(error.status, code, error.message, field=error.field) from error

    async def _keep(self, accepted: Accepted, holder: KeyHolder) -> None:
        """Wait until the events are on disk. Raises Refused with 507 when they cannot be."""
        door, entry, receipt = self.door, accepted.entry, accepted.receipt
        if entry.events or entry.rejections:
            await self._put(entry)
        door.recent.add(accepted.seen)
        door.quotas.take(
            holder.source, holder.events_per_minute, receipt.accepted, time.monotonic()
        )
        accepted_events.labels(holder.name).inc(receipt.accepted)
        duplicate_events.labels(holder.name).inc(receipt.duplicates)
        rejected_events.labels(holder.name).inc(len(receipt.rejected))

    async def _keep_samples(
        self, accepted: AcceptedSamples, measured: Measured, holder: KeyHolder
    ) -> Receipt:
        """Do the same for samples, and before ask whether there is room for new series."""
        accepted = await self.door.admissions.admitted(accepted, holder.sender, measured.untaken)
        if not accepted.entry.is_empty:
            await self._put(accepted.entry)
        accepted.note_kept()
        count, untaken = len(accepted.entry.rows), measured.untaken
        self.door.sample_quotas.take(
            holder.source, holder.samples_per_minute, count, time.monotonic()
        )
        accepted_samples.labels(holder.name).inc(count)
        refused_samples.labels(holder.name).inc(untaken.count + untaken.histograms)
        return Receipt(count, untaken=untaken)

    async def _put(self, entry: Kept) -> None:
        door = self.door
        if door.waiting_bytes + entry.size > MAX_WAITING_BYTES:
            raise Refused(503, "busy", "Too many batches wait for the disk; try again.")
        door.waiting_bytes += entry.size
        try:
            await asyncio.wrap_future(door.committer.put(entry))
        except SpoolFull as error:
            raise Refused(507, "disk_full", str(error)) from error
        except sqlite3.OperationalError as error:
            log.exception("The spool could not be written.")
            raise Refused(503, "busy", "The spool is busy; try again.") from error
        finally:
            door.waiting_bytes -= entry.size


class Body:
    """A request's body as it comes in, up to the cap."""

    def __init__(self, headers: Headers, receive: Receive) -> None:
        self._receive = receive
        self._is_complete = False
        self._read_bytes = 0
        length = headers.get("content-length", "")
        self._told_bytes = int(length) if length.isdigit() else 0

    async def read(self) -> bytes:
        """Return all of it. Raises Refused with 413, ClientGone."""
        too_large = Refused(
            413, "too_large", f"A body has {bodies.MAX_PACKED_BYTES >> 20} MiB at most as sent."
        )
        if self._told_bytes > bodies.MAX_PACKED_BYTES:
            raise too_large
        pieces: list[bytes] = []
        while not self._is_complete:
            pieces.append(await self._piece())
            if self._read_bytes > bodies.MAX_PACKED_BYTES:
                raise too_large
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def drain(self) -> None:
        """Read what a refused client still sends, within reason: else it hears only a reset."""
        if self._told_bytes > DRAINED_BYTES:
            return
        while not self._is_complete and self._read_bytes <= DRAINED_BYTES:
            await self._piece()

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        self._is_complete = not message.get("more_body", False)
        self._read_bytes += len(piece)
        return piece


def headers_of(scope: Scope) -> Headers:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def raw_path(scope: Scope) -> str:
    """Return the path as it was sent: %2F in a label's value is no slash."""
    raw = scope.get("raw_path") or b""
    return raw.partition(b"?")[0].decode("latin-1") or str(scope["path"])


async def respond(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
