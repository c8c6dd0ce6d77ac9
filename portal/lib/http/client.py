"""One request to the address that was checked, within a time and a size."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson
from django.conf import settings

from portal.lib.http.addresses import Internal, Refused, check

Resolve = Callable[[str, int], list[str]]
TIMEOUT_S = 10.0
LARGEST_ANSWER = 10 << 20
CHUNK = 1 << 16


class Failed(Exception):
    """There was no answer, or none that could be used; the text says what happened."""


@dataclass(frozen=True)
class Answer:
    """What came back. A redirect is an answer like any other: it is not followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Limits:
    timeout_s: float = TIMEOUT_S  # for everything: connecting, sending, the last byte
    max_bytes: int = LARGEST_ANSWER


@dataclass(frozen=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def get(url: str, *, headers: Mapping[str, str] | None = None, limits: Limits = Limits()) -> Answer:
    """Ask for a URL. Raises Refused and Failed; any status is an answer."""
    return request(Call("GET", url, headers or {}), limits=limits)


def post_json(
    url: str, value: Any, *, headers: Mapping[str, str] | None = None, limits: Limits = Limits()
) -> Answer:
    """Post a value as JSON. Raises Refused, and Failed for any status but 2xx."""
    body = orjson.dumps(value)
    sent = {"Content-Type": "application/json", **(headers or {})}
    answer = request(Call("POST", url, sent, body), limits=limits)
    if not 200 <= answer.status < 300:
        raise Failed(f"{urlsplit(url).hostname} answered {answer.status}.")
    return answer


def resolve_by_system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def request(
    call: Call,
    *,
    limits: Limits,
    resolve: Resolve = resolve_by_system,
    named: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request. Raises Refused before anything is sent, and Failed.

    `named` are hosts that the operator named by another setting than PORTAL_INTERNAL_HOSTS; `tls`
    says whose certificates count, if not those that the system trusts.
    """
    parts, port = checked(call.url)
    host = parts.hostname or ""
    connection = Pinned(host, port, addresses(host, port, resolve, named), limits.timeout_s)
    if parts.scheme == "https":
        connection.tls = tls or ssl.create_default_context()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closed_after(connection, limits.timeout_s) as expired:
        try:
            headers = {"Connection": "close", "User-Agent": "portal", **call.headers}
            connection.request(call.method, target, call.body, headers)
            answer = connection.getresponse()
            body = read(answer, limits.max_bytes)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if expired.is_set():
                raise Failed(f"{host} did not answer within {limits.timeout_s:g} s.") from error
            raise Failed(f"{host} could not be called: {error}") from error
        if expired.is_set():
            raise Failed(f"{host} did not finish within {limits.timeout_s:g} s.")
    return Answer(answer.status, dict(answer.headers.items()), body)


def checked(url: str) -> tuple[SplitResult, int]:
    """Take a URL apart. Raises Refused for what is no plain http or https address."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Refused(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(f"{url!r} should begin with http:// or https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise Refused("A URL with a user name or password in it is not called.")
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise Refused("A URL has no blanks or control characters.")
    return parts, port


def addresses(host: str, port: int, resolve: Resolve, named: tuple[str, ...] = ()) -> list[str]:
    """Return those of the host's addresses that may be called. Raises Refused and Failed."""
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise Failed(f"{host} is not known to DNS.") from error
    internal = Internal.of((*settings.INTERNAL_HOSTS, *named))
    allowed, refusal = [], None
    for text in found:
        try:
            allowed.append(str(check(host, text, internal)))
        except Refused as error:
            refusal = error
    if not allowed:
        raise refusal or Failed(f"{host} has no address.")
    return allowed


class Pinned(http.client.HTTPConnection):
    """A connection to addresses that are given, whatever DNS says meanwhile."""

    tls: ssl.SSLContext | None = None
    kept: socket.socket | None = None  # http.client forgets its own before the answer is read

    def __init__(self, host: str, port: int, pinned: list[str], timeout_s: float) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self.pinned = pinned

    def connect(self) -> None:
        self.sock = self._first_that_answers()
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.host)
        self.kept = self.sock

    def _first_that_answers(self) -> socket.socket:
        last: OSError | None = None
        for address in self.pinned:
            try:
                return socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                last = error
        raise last or OSError("no address")


@contextmanager
def closed_after(connection: Pinned, seconds: float) -> Iterator[threading.Event]:
    """Break the connection off when its time is over, however slowly bytes still come."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        if connection.kept is not None:
            try:
                connection.kept.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it had ended by itself

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        connection.close()
        if connection.kept is not None:
            connection.kept.close()


def read(answer: http.client.HTTPResponse, most: int) -> bytes:
    """Return the body. Raises Failed above the size."""
    found = bytearray()
    while chunk := answer.read(CHUNK):
        found += chunk
        if len(found) > most:
            raise Failed(f"The answer is larger than {most} bytes.")
    return bytes(found)
