"""A Prometheus of Debian's, and samples for it by remote write."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cramjam
import httpx
import numpy as np
from numpy.typing import NDArray

from analytics.series.identity import Series
from tests.running import eventually, free_port

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
TS_BYTES = 6  # milliseconds of our time as a varint
SAMPLE_BYTES = 1 + 8 + 1 + TS_BYTES


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    http: httpx.Client
    pid: int

    def write(self, series: Sequence[Series], ts: Ints, values: Floats) -> None:
        """Send samples: a row a series, a column a time."""
        body = bytes(cramjam.snappy.compress_raw(encoded(series, ts, values)))
        self.http.post("/api/v1/write", content=body, headers=HEADERS).raise_for_status()

    def version(self) -> str:
        answer = self.http.get("/api/v1/status/buildinfo").json()
        return str(answer["data"]["version"])


def is_here() -> bool:
    return shutil.which("prometheus") is not None


@contextmanager
def running(folder: Path) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes nothing and takes remote writes."""
    port, config = free_port(), folder / "prometheus.yml"
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text("global: {}\n")
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
         f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
         "--storage.tsdb.retention.time=90d", "--query.timeout=5m"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as http:
            eventually(lambda: is_ready(http), within_s=60, what="Prometheus")
            yield Prometheus(http, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/-/ready").status_code == 200
    except httpx.HTTPError:
        return False


def encoded(series: Sequence[Series], ts: Ints, values: Floats) -> bytes:
    """Write a WriteRequest of remote write 1.0."""
    samples = np.empty((*values.shape, 2 + SAMPLE_BYTES), np.uint8)
    samples[..., :3] = (0x12, SAMPLE_BYTES, 0x09)  # field samples; its field value
    samples[..., 3:11] = values.astype("<f8")[..., None].view(np.uint8)
    samples[..., 11] = 0x10  # its field timestamp
    for place in range(TS_BYTES):
        more = 0x80 if place < TS_BYTES - 1 else 0
        samples[..., 12 + place] = (ts >> 7 * place & 0x7F) | more
    parts = []
    for one, row in zip(series, samples, strict=True):
        inner = b"".join(label(*pair) for pair in [("__name__", one.name), *one.labels])
        parts.append(field(1, inner + row.tobytes()))
    return b"".join(parts)


def label(name: str, value: str) -> bytes:
    return field(1, field(1, name.encode()) + field(2, value.encode()))


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
