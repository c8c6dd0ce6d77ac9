"""The engine's process against the same engine in this process: what HTTP and the lanes cost."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from portal.store.server.config import default_memory_bytes, lanes, write_config
from portal.store.server.engine import Handle
from tests.store.engines import EngineProcess, running_engine

TABLE = """
    CREATE TABLE events
    (
        name LowCardinality(String), day Date, ts DateTime64(6), actor UInt64, person UInt64,
        strings Map(LowCardinality(String), String), numbers Map(LowCardinality(String), Float64),
        properties String
    )
    ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (name, day, actor, ts)
    SETTINGS non_replicated_deduplication_window = 1000
"""
ROWS = """
    SELECT concat('event', toString(number % 30)) AS name,
        toDate('2024-01-01') + number % 20 AS day,
        toDateTime64('2024-01-01 00:00:00', 6) + number AS ts,
        sipHash64(number % 1000) AS actor, actor AS person,
        map('plan', 'pro', 'path', concat('/p/', toString(number % 100)))
            ::Map(LowCardinality(String), String) AS strings,
        map('value', number / 7)::Map(LowCardinality(String), Float64) AS numbers,
        concat('{"plan": "pro", "n": ', toString(number), '}') AS properties
    FROM numbers(10000)
"""
READ = "SELECT number, number * 2 AS twice FROM numbers(2000000)"
SHORT = "SELECT day, uniqExact(actor) FROM events GROUP BY day"
HEAVY = "SELECT sum(sipHash64(number)) FROM numbers(300000000)"
INSERTS = 60


def median_s(action: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began_at = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began_at)
    return statistics.median(taken)


class Direct:
    """The baseline: one handle in this process, with the server's own configuration."""

    def __init__(self, path: Path) -> None:
        memory_bytes = default_memory_bytes()
        self._handle = Handle(
            write_config(path, memory_bytes), "bench", lanes(memory_bytes)["short"][1]
        )

    def ask(self, sql: str) -> bytes:
        return bytes(self._handle.query(sql, "Native").get_memview().tobytes())

    def insert(self, rows: bytes, token: str) -> None:
        self._handle.prepare("default", {"insert_deduplication_token": token})
        self._handle.insert("INSERT INTO events", "Native", iter((rows,)))


class Served:
    """The same over HTTP, by the client of the standard library: httpx alone would cost more."""

    def __init__(self, engine: EngineProcess) -> None:
        self._http = HTTPConnection("127.0.0.1", engine.port)

    def ask(self, sql: str, lane: str = "short") -> bytes:
        return self._post({"default_format": "Native", "lane": lane}, sql.encode())

    def insert(self, rows: bytes, token: str) -> None:
        body = b"INSERT INTO events FORMAT Native\n" + rows
        self._post({"insert_deduplication_token": token}, body)

    def _post(self, params: dict[str, str], body: bytes) -> bytes:
        self._http.request("POST", "/?" + urlencode(params), body=body)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content.decode())
        return content


@contextmanager
def under_load(engine: EngineProcess) -> Iterator[None]:
    """Keep both places of the heavy lane taken, and two more waiting."""
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(Served(engine).ask, HEAVY, "heavy") for _ in range(12)]
        yield
        for one in running:
            one.cancel()


def main() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "direct"), Path(folder, "served")
        here.mkdir()
        with running_engine(there) as engine:
            figures = idle(engine)
            served = Served(engine)
            figures |= against(Direct(here), served)
            alone = median_s(lambda: served.ask(SHORT), 30)
            with under_load(engine):
                loaded = median_s(lambda: served.ask(SHORT), 30)
            figures["short query beside a full heavy lane / alone"] = loaded / alone
            return figures


def idle(engine: EngineProcess) -> dict[str, float]:
    """Measure memory and CPU of an engine with nothing to do."""
    before = engine.cpu_s()
    time.sleep(5)
    return {
        "idle PSS, MB": float(engine.pss_mb()),
        "idle CPU, percent of a core": (engine.cpu_s() - before) / 5 * 100,
    }


def against(direct: Direct, served: Served) -> dict[str, float]:
    """Ask both the same, in turns."""
    for side in (direct, served):
        side.ask(TABLE)
    rows = direct.ask(ROWS)
    insert_direct, insert_served = in_turns(
        inserting(direct, rows), inserting(served, rows), times=60
    )
    small_direct, small_served = asked_in_turns(direct, served, "SELECT 1", times=300)
    read_direct, read_served = asked_in_turns(direct, served, READ, times=15)
    return {
        "insert of 10,000 rows: rate over HTTP / direct": insert_direct / insert_served,
        "insert of 10,000 rows over HTTP, rows/s": 10_000 / insert_served,
        "SELECT 1: time over HTTP / direct": small_served / small_direct,
        "SELECT 1 over HTTP, ms": small_served * 1000,
        "read of 2 million rows: rate over HTTP / direct": read_direct / read_served,
    }


def inserting(side: Direct | Served, rows: bytes) -> Callable[[], None]:
    numbers = iter(range(1 << 30))
    return lambda: side.insert(rows, f"batch {next(numbers)}")


def asked_in_turns(direct: Direct, served: Served, sql: str, *, times: int) -> tuple[float, float]:
    return in_turns(lambda: direct.ask(sql), lambda: served.ask(sql), times=times)


def in_turns(
    first: Callable[[], object], second: Callable[[], object], *, times: int
) -> tuple[float, float]:
    """Return the median seconds of each; in turns, so that other work hits both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        taken[0].append(median_s(first, 1))
        taken[1].append(median_s(second, 1))
    return statistics.median(taken[0]), statistics.median(taken[1])
