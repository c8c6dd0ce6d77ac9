"""Content-Encoding, both ways, as streams."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import brotli
import lz4.frame
import zstandard

from portal.store.server.errors import BAD_ARGUMENTS, refusal

# Cheapest first: both ends are on one machine, or near.
PREFERENCE = ("lz4", "zstd", "gzip", "deflate", "br")


class Decoder(Protocol):
    """Unpacks a body; `is_complete` says whether it ended where a body may end."""

    def feed(self, data: bytes) -> bytes: ...
    def is_complete(self) -> bool: ...


class Encoder(Protocol):
    """Packs an answer; `flush` ends it."""

    def compress(self, data: bytes | memoryview) -> bytes: ...
    def flush(self) -> bytes: ...


class _Lz4Encoder:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._head: bytes = self._frame.begin()

    def compress(self, data: bytes | memoryview) -> bytes:
        head, self._head = self._head, b""
        packed: bytes = self._frame.compress(data)
        return head + packed

    def flush(self) -> bytes:
        head, self._head = self._head, b""
        tail: bytes = self._frame.flush()
        return head + tail


class _BrotliEncoder:
    def __init__(self) -> None:
        self._packer = brotli.Compressor(quality=3)

    def compress(self, data: bytes | memoryview) -> bytes:
        packed: bytes = self._packer.process(bytes(data))
        return packed

    def flush(self) -> bytes:
        tail: bytes = self._packer.finish()
        return tail


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4Encoder,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, 31),
    "deflate": lambda: zlib.compressobj(1),
    "br": _BrotliEncoder,
}


class _Framed:
    """Unpacks frames that follow one another: clients pack every block as a frame of its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._frame = make()

    def feed(self, data: bytes) -> bytes:
        unpacked = []
        while data:
            if self._frame.eof:
                self._frame = self._make()
            unpacked.append(self._frame.decompress(data))
            data = (self._frame.unused_data or b"") if self._frame.eof else b""
        return b"".join(unpacked)

    def is_complete(self) -> bool:
        return bool(self._frame.eof)


class _BrotliDecoder:
    """Unpacks brotli streams that follow one another, as clickhouse-connect sends its blocks.

    The library does not say where in its input a stream ended, so it is fed byte by byte:
    3 MB/s, which is enough for what nobody should choose on one machine.
    """

    def __init__(self) -> None:
        self._frame = brotli.Decompressor()

    def feed(self, data: bytes) -> bytes:
        unpacked = []
        for place in range(len(data)):
            if self._frame.is_finished():
                self._frame = brotli.Decompressor()
            unpacked.append(self._frame.process(data[place : place + 1]))
        return b"".join(unpacked)

    def is_complete(self) -> bool:
        return bool(self._frame.is_finished())


DECODERS: dict[str, Callable[[], Decoder]] = {
    "lz4": lambda: _Framed(lz4.frame.LZ4FrameDecompressor),
    "zstd": lambda: _Framed(lambda: zstandard.ZstdDecompressor().decompressobj()),
    "gzip": lambda: _Framed(lambda: zlib.decompressobj(31)),
    "deflate": lambda: _Framed(lambda: zlib.decompressobj(15)),
    "br": _BrotliDecoder,
}
BROKEN = (zlib.error, zstandard.ZstdError, brotli.error, RuntimeError, EOFError)


def decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Unpack a body piece by piece. Raises EngineError for what cannot be unpacked."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in DECODERS:
        raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"Unknown Content-Encoding {encoding!r}.")
    decoder = DECODERS[encoding]()
    for piece in pieces:
        yield _fed(decoder, piece, encoding)
    if not decoder.is_complete():
        raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"The {encoding} body ends too early.")


def _fed(decoder: Decoder, piece: bytes, encoding: str) -> bytes:
    try:
        return decoder.feed(piece)
    except BROKEN as error:
        message = f"The body is not valid {encoding}: {error}."
        raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", message) from error


def chosen_encoding(accepted: str) -> str:
    """Pick the encoding of an answer from Accept-Encoding; empty for none."""
    offered = {part.split(";")[0].strip() for part in accepted.lower().split(",")}
    return next((name for name in PREFERENCE if name in offered), "")
