"""Remote write: samples per second of a core from the request to the engine, all processes counted.

A Prometheus's traffic: 10,000 series of eight labels, scrape after scrape, in bodies of 2,000
samples. What the web process, the writer and the engine used of the processor is added up, merges
of the engine included that fall into the time. The baseline inserts the same rows as Native blocks
straight into a table like that of samples, without fsync.
"""

from __future__ import annotations

import http.client
import math
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clickhouse_connect.driver.client import Client

from bench.intake import engine_of, process, used
from tests.ingest.bodies import TWO, WRITE, body_one, body_two
from tests.running import RunningPortal, eventually, running_portal

SERIES = 10_000
BODY = 2_000
SCRAPES = 40
SENDERS = 2
CORES = 2
ONE = "application/x-protobuf"
Bodies = list[bytes]


def main() -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as folder, running_portal(Path(folder), "--no-demo") as up:
        key = up.command("create_source", "bench")
        with engine_of(up) as engine:
            found = {
                "1.0": Run(up, engine, key).measured(ONE, scrapes(body_one, SCRAPES, "a")),
                "2.0": Run(up, engine, key).measured(TWO, scrapes(body_two, SCRAPES, "b")),
            }
            native = SERIES * SCRAPES / baseline(up, engine)
            size = engine.command(
                "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts"
                " WHERE active AND database = currentDatabase() AND table = 'samples'"
            )
    figures = {}
    for version, rates in found.items():
        for name, rate in rates.items():
            figures[f"{version}: {name}"] = rate
        figures[f"{version}: end to end against Native insert (ratio)"] = (
            rates["samples/s a core, end to end"] / native
        )
    return figures | {
        "Native insert rows/s a core": native,
        "bytes a sample on disk": float(str(size)),
    }


def scrapes(build: object, count: int, name: str) -> list[Bodies]:
    """Make the bodies of each scrape; the first has all series for the first time."""
    start = int(time.time() // 60 - count) * 60_000
    return [list(scrape(build, start + 15_000 * number, name)) for number in range(count + 1)]


def scrape(build: object, ts: int, name: str) -> Iterator[bytes]:
    for first in range(0, SERIES, BODY):
        rows = [(labels(n, name), [(ts, value(n, ts))]) for n in range(first, first + BODY)]
        yield build(*rows)  # type: ignore[operator]  # either of two builders


def labels(number: int, name: str) -> dict[str, str]:
    return {
        "__name__": f"http_requests_{name}_{number % 40}_total", "instance": f"10.0.{number % 50}.7:9100",
        "job": "node", "cluster": "prod-eu-1", "method": ("GET", "POST")[number % 2],
        "handler": f"/api/v1/thing/{number // 80}", "status": "200", "shop": str(number),
    }  # fmt: skip


def value(number: int, ts: int) -> float:
    """Return a counter's value, or for a third of the series the zero of one that never counted."""
    return 0.0 if number % 3 == 0 else float(number + math.floor(ts / 15_000) % 10_000 * 7)


class Run:
    """One measurement over a running portal."""

    def __init__(self, portal: RunningPortal, engine: Client, key: str) -> None:
        self._portal, self._engine, self._key = portal, engine, key
        self._processes = {name: process(portal, name) for name in ("web", "writer", "engine")}

    def measured(self, content_type: str, bodies: list[Bodies]) -> dict[str, float]:
        before = self._written()
        self._post_all(content_type, bodies[0])
        self._wait(before + SERIES)
        rest = [body for scrape in bodies[1:] for body in scrape]
        samples = len(rest) * BODY
        cpu, began = self._used(), time.perf_counter()
        self._post_all(content_type, rest)
        door_s = time.perf_counter() - began
        self._wait(before + SERIES + samples)
        took = {name: after - cpu[name] for name, after in self._used().items()}
        took_s = time.perf_counter() - began
        return {
            "samples/s a core, end to end": samples / sum(took.values()),
            **{f"samples/s a core, {name} alone": samples / cpu for name, cpu in took.items()},
            "samples/s accepted": samples / door_s,
            "samples/s written": samples / took_s,
        }

    def _used(self) -> dict[str, float]:
        return {name: used(found) for name, found in self._processes.items()}

    def _written(self) -> int:
        return int(str(self._engine.command("SELECT count() FROM samples")))

    def _wait(self, samples: int) -> None:
        eventually(
            lambda: self._written() >= samples, within_s=120, what=f"{samples} samples written"
        )

    def _post_all(self, content_type: str, bodies: Bodies) -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            parts = [bodies[sender::SENDERS] for sender in range(SENDERS)]
            for done in [pool.submit(self._post, content_type, part) for part in parts]:
                done.result()

    def _post(self, content_type: str, bodies: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._portal.port)
        headers = {
            "Authorization": f"Bearer {self._key}", "Content-Type": content_type,
            "Content-Encoding": "snappy",
        }  # fmt: skip
        for body in bodies:
            connection.request("POST", WRITE, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 204:
                raise RuntimeError(f"{answer.status}: {text[:300]!r}")
        connection.close()


def baseline(portal: RunningPortal, engine: Client) -> float:
    """Return the engine's processor seconds for as many rows as one version sent."""
    core = process(portal, "engine")
    engine.command("CREATE TABLE bench AS samples")
    engine.command(
        "ALTER TABLE bench MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0"
    )
    blocks = [
        engine.raw_query(
            f"SELECT series, ts, value FROM samples LIMIT {BODY} OFFSET {number * BODY}",
            fmt="Native",
        )
        for number in range(SERIES // BODY)
    ]
    before = used(core)
    for number in range(SCRAPES * len(blocks)):
        engine.raw_insert(
            "bench", column_names=["series", "ts", "value"],
            insert_block=blocks[number % len(blocks)], fmt="Native",
            settings={"insert_deduplication_token": uuid.uuid4().hex},
        )  # fmt: skip
    return used(core) - before
