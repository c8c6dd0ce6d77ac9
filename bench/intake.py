"""Intake: events per second over HTTP, answered after fsync, against the engine's own insert.

Everything runs on two cores: clients, web, writer and engine. The baseline inserts the same rows
as Native blocks of 1,000, straight into a table that is as the events' table is but not fsynced.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import psutil
from clickhouse_connect.driver.client import Client

from portal.embedded import endpoints
from tests.running import RunningPortal, eventually, running_portal

BATCHES = 120
EVENTS = 1_000
SENDERS = 2
CORES = 2
PAGES = ("/", "/pricing", "/docs/start", "/blog/why", "/cart", "/checkout")


def main() -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    bodies = [body(number) for number in range(BATCHES)]
    with tempfile.TemporaryDirectory() as folder, running_portal(Path(folder), "--no-demo") as up:
        key = up.command("create_source", "bench")
        post_all(up, key, [body(-number) for number in range(1, 21)])
        with engine_of(up) as engine:
            wait_until_written(engine, 20 * EVENTS)
            web, core = process(up, "web"), process(up, "engine")
            before = used(web)
            door = paused(up, lambda: post_all(up, key, bodies))
            door_cpu = used(web) - before
            drained = timed(lambda: wait_until_written(engine, (20 + BATCHES) * EVENTS))
            both = timed(lambda: post_all(up, key, [body(9_000 + n) for n in range(BATCHES)]))
            both += timed(lambda: wait_until_written(engine, (20 + 2 * BATCHES) * EVENTS))
            before = used(core)
            native = baseline(engine)
            native_cpu = used(core) - before
    events = BATCHES * EVENTS
    return {
        "accepted against Native insert (ratio)": native / door,
        "written against Native insert (ratio)": native / drained,
        "accepted and written against Native insert (ratio)": native / both,
        "accepted against Native insert, by processor time (ratio)": native_cpu / door_cpu,
        "accepted events/s": events / door,
        "written events/s": events / drained,
        "accepted and written events/s": events / both,
        "Native insert rows/s": events / native,
    }


def process(portal: RunningPortal, name: str) -> psutil.Process:
    return psutil.Process(portal.processes()[name])


def used(process: psutil.Process) -> float:
    """Return the processor seconds of a process: they do not depend on what else runs here."""
    times = process.cpu_times()
    return float(times.user + times.system)


def body(number: int) -> bytes:
    """Make one batch of web events: ids, users, seven properties."""
    day = 1 + number % 28
    events = [
        {
            "id": str(uuid.uuid4()),
            "name": ("page_view", "product_viewed", "purchase")[place % 3],
            "userId": f"user-{(number * 37 + place) % 5_000}",
            "sessionId": f"session-{number}-{place % 90}",
            "timestamp": f"2026-03-{day:02}T{place % 24:02}:{place % 60:02}:11.250Z",
            "platform": "web",
            "version": "2.4.1",
            "properties": {
                "path": PAGES[place % len(PAGES)], "title": "A page of the shop",
                "referrer": "https://search.example/", "country": "DE", "price": place * 0.25,
                "items": place % 7, "is_member": place % 2 == 0,
            },
        }
        for place in range(EVENTS)
    ]  # fmt: skip
    return json.dumps({"events": events}).encode()


def post_all(portal: RunningPortal, key: str, bodies: Sequence[bytes]) -> None:
    """Send the batches over a few connections that stay open."""
    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [
            pool.submit(post, portal.port, key, bodies[sender::SENDERS])
            for sender in range(SENDERS)
        ]:
            done.result()


def post(port: int, key: str, bodies: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for one in bodies:
        connection.request("POST", "/api/v1/events", one, {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or json.loads(text)["accepted"] != EVENTS:
            raise RuntimeError(f"{answer.status}: {text[:300]!r}")
    connection.close()


def paused(portal: RunningPortal, work: Callable[[], None]) -> float:
    """Time the door alone: the writer waits meanwhile."""
    time.sleep(1)  # stopped in the middle of a transaction, it would hold the spool's lock
    writer = portal.processes()["writer"]
    os.kill(writer, signal.SIGSTOP)
    try:
        return timed(work)
    finally:
        os.kill(writer, signal.SIGCONT)


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def engine_of(portal: RunningPortal) -> Client:
    url = urlsplit(endpoints.read(portal.data_dir)["CLICKHOUSE_URL"])
    return clickhouse_connect.get_client(
        host=url.hostname or "", port=url.port or 0, username=url.username or "default",
        password=url.password or "", database=url.path.strip("/") or "default",
        autogenerate_session_id=False,
    )  # fmt: skip


def wait_until_written(engine: Client, events: int) -> None:
    eventually(
        lambda: engine.command("SELECT count() FROM events") == events,
        within_s=120,
        what=f"{events} events in the engine",
    )


def baseline(engine: Client) -> float:
    """Time the engine's own insert of the last rows, in blocks of a batch's size."""
    engine.command("CREATE TABLE bench AS events")
    engine.command(
        "ALTER TABLE bench MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0,"
        " min_compressed_bytes_to_fsync_after_merge = 0"
    )
    blocks = [
        engine.raw_query(
            f"SELECT * FROM events ORDER BY received_at LIMIT {EVENTS} OFFSET {number * EVENTS}",
            fmt="Native",
        )
        for number in range(20)
    ]

    def insert(part: Sequence[bytes]) -> None:
        for block in part:
            engine.raw_insert(
                "bench", insert_block=block, fmt="Native",
                settings={"insert_deduplication_token": uuid.uuid4().hex},
            )  # fmt: skip

    def insert_all() -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            all_blocks = (blocks * (BATCHES // len(blocks) + 1))[:BATCHES]
            for done in [
                pool.submit(insert, all_blocks[sender::SENDERS]) for sender in range(SENDERS)
            ]:
                done.result()

    return timed(insert_all)
