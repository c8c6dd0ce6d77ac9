"""Request bodies: read and expand them, never more than the caps allow."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import brotli
import zstandard

MAX_PACKED_BYTES = 5 << 20
MAX_EXPANDED_BYTES = 50 << 20
# JSON of nothing but commas and brackets makes objects of fifty times its size.
MAX_VALUES = 1_500_000
FEW_BYTES = 1 << 20
PIECE_BYTES = 1 << 20
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class TooLarge(Exception):
    """A body is over one of the caps; the text says which."""


class Undecodable(ValueError):
    """A body is not what its Content-Encoding says."""


class Expander(Protocol):
    """Expands piece by piece; `room` bounds what one call may return."""

    def feed(self, piece: bytes, room: int) -> bytes: ...
    def is_complete(self) -> bool: ...


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._stream = zlib.decompressobj(window_bits)

    def feed(self, piece: bytes, room: int) -> bytes:
        """Gzip may hold several members that follow one another."""
        expanded = self._stream.decompress(self._stream.unconsumed_tail + piece, room)
        while self._stream.eof and self._stream.unused_data and len(expanded) < room:
            rest = self._stream.unused_data
            self._stream = zlib.decompressobj(self._window_bits)
            expanded += self._stream.decompress(rest, room - len(expanded))
        return expanded

    def is_complete(self) -> bool:
        return self._stream.eof


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, piece: bytes, room: int) -> bytes:
        expanded: bytes = self._stream.process(piece, output_buffer_limit=room)
        return expanded

    def is_complete(self) -> bool:
        return bool(self._stream.is_finished())


def expanded(body: bytes, encoding: str) -> bytes:
    """Return the body as JSON text. Raises TooLarge, Undecodable.

    The first bytes decide where they contradict Content-Encoding: clients mislabel.
    """
    encoding = encoding.strip().lower()
    if body[:2] == GZIP:
        return checked(_expand(body, _Zlib(31)))
    if body[:4] == ZSTD:
        return checked(_expand_zstd(body))
    if encoding in ("", "identity") or body.lstrip()[:1] in (b"{", b"["):
        return checked(_plain_or_brotli(body, encoding))
    if encoding == "br":
        return checked(_expand(body, _Brotli()))
    if encoding == "deflate":
        return checked(_expand_deflate(body))
    if encoding in ("gzip", "x-gzip", "zstd"):
        raise Undecodable(f"The body is not {encoding}, as Content-Encoding says.")
    raise Undecodable(
        f"Content-Encoding {encoding[:40]!r} is not known; use gzip, deflate, br, zstd."
    )


def _plain_or_brotli(body: bytes, encoding: str) -> bytes:
    """Return the body, expanded if it is brotli: such a stream may begin like JSON."""
    if encoding == "br":
        try:
            return _expand(body, _Brotli())
        except Undecodable:
            return body
    return body


def _expand_deflate(body: bytes) -> bytes:
    """Expand deflate, which some send raw and some with zlib's header."""
    try:
        return _expand(body, _Zlib(15))
    except Undecodable:
        return _expand(body, _Zlib(-15))


def _expand(body: bytes, expander: Expander) -> bytes:
    parts: list[bytes] = []
    size = 0
    piece: bytes = body
    try:
        while True:
            part = expander.feed(piece, PIECE_BYTES)
            parts.append(part)
            size += len(part)
            if size > MAX_EXPANDED_BYTES:
                raise TooLarge(f"The body expands to more than {MAX_EXPANDED_BYTES >> 20} MiB.")
            if not part:
                break
            piece = b""
    except (zlib.error, brotli.error) as error:
        raise Undecodable("The compressed body is damaged.") from error
    if not expander.is_complete():
        raise Undecodable("The compressed body ends too early.")
    return b"".join(parts)


def _expand_zstd(body: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    reader: Any = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        body, read_across_frames=True
    )
    read: Callable[[int], bytes] = reader.read
    try:
        while part := read(PIECE_BYTES):
            parts.append(part)
            size += len(part)
            if size > MAX_EXPANDED_BYTES:
                raise TooLarge(f"The body expands to more than {MAX_EXPANDED_BYTES >> 20} MiB.")
    except zstandard.ZstdError as error:
        raise Undecodable("The compressed body is damaged.") from error
    return b"".join(parts)


def checked(body: bytes) -> bytes:
    """Refuse what would take much more memory as objects than as text."""
    if len(body) > MAX_EXPANDED_BYTES:
        raise TooLarge(f"A body has {MAX_EXPANDED_BYTES >> 20} MiB at most.")
    if len(body) > FEW_BYTES:
        values = body.count(b",") + body.count(b"[") + body.count(b"{")
        if values > MAX_VALUES:
            raise TooLarge(f"The body holds more than {MAX_VALUES} values.")
    return body
