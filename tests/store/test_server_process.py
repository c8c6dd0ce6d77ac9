from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from tests.store.engines import EngineProcess, launch, running_engine, wait_until_ready

TABLE = """
    CREATE TABLE IF NOT EXISTS batches (batch UInt32, day Date, number UInt32)
    ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY number
    SETTINGS non_replicated_deduplication_window = 1000
"""


def insert_batch(engine: EngineProcess, batch: int, rows: int = 20_000) -> None:
    """Insert rows that go to three partitions, with a token."""
    rows_of_batch = (
        f"SELECT toUInt32({batch}) AS batch, toDate('2024-01-15') + 31 * (number % 3) AS day,"
        f" toUInt32(number) AS number FROM numbers({rows})"
    )
    token = {"insert_deduplication_token": f"batch {batch}"}
    with engine.client() as client:
        block = client.raw_query(rows_of_batch, fmt="Native")
        client.raw_insert("batches", insert_block=block, fmt="Native", settings=token)


def batch_sizes(engine: EngineProcess) -> dict[int, int]:
    with engine.client() as client:
        rows = client.query("SELECT batch, count() FROM batches GROUP BY batch").result_rows
    return {int(batch): int(count) for batch, count in rows}


@pytest.mark.faults
def test_a_killed_engine_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for life in range(4):
        with running_engine(tmp_path) as engine:
            with engine.client() as client:
                client.command(TABLE)
            assert all(batch_sizes(engine).get(batch) == 20_000 for batch in acknowledged)
            for batch in range(life * 20):
                insert_batch(engine, batch)  # what a kill left in pieces is made whole
            assert batch_sizes(engine) == dict.fromkeys(range(life * 20), 20_000)
            threading.Timer(0.1 + life * 0.05, engine.kill).start()
            acknowledged |= insert_until_killed(engine, range(life * 20, life * 20 + 20))
            engine.process.wait(10)


def insert_until_killed(engine: EngineProcess, batches: Iterable[int]) -> set[int]:
    """Return the batches whose insert was answered."""
    acknowledged = set()
    try:
        for batch in batches:
            insert_batch(engine, batch)
            acknowledged.add(batch)
    except (ClickHouseError, OSError):
        pass
    return acknowledged


def test_an_insert_whose_body_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine:
        with engine.client() as client:
            client.command("CREATE TABLE lines (n UInt32) ENGINE = MergeTree ORDER BY n")
        body = b"INSERT INTO lines FORMAT CSV\n" + b"1\n" * 100_000
        with socket.create_connection(("127.0.0.1", engine.port)) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (len(body) + 10))
            sock.sendall(body)

        engine.stop()
    with running_engine(tmp_path) as engine, engine.client() as client:
        assert client.query("SELECT count() FROM lines").result_rows == [(0,)]


def test_a_stop_lets_inserts_finish(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine:
        with engine.client() as client:
            client.command("CREATE TABLE slow (n UInt8) ENGINE = MergeTree ORDER BY n")
        with ThreadPoolExecutor(2) as pool:
            insert = pool.submit(ask, engine, "INSERT INTO slow SELECT sleep(1.5)")
            read = pool.submit(
                ask, engine, "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
            )
            wait_for_queries(engine, 2)

            status = engine.stop()

        assert status == 0
        assert insert.result() == 200
        assert read.result() == 500
    with running_engine(tmp_path) as engine, engine.client() as client:
        assert client.query("SELECT count() FROM slow").result_rows == [(1,)]


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine, ThreadPoolExecutor(1) as pool:
        slow = (
            "INSERT INTO FUNCTION null('n UInt8') SELECT sleepEachRow(3) FROM numbers(10)"
            " SETTINGS max_block_size = 1"
        )
        insert = pool.submit(ask, engine, slow)
        wait_for_queries(engine, 1)

        status = engine.stop()

        assert status == 0
        assert insert.result() == 0


def ask(engine: EngineProcess, sql: str) -> int:
    """Return the answer's status, 0 when the connection ended without one."""
    try:
        with engine.http() as http:
            return http.post("/", content=sql).status_code
    except httpx.TransportError:
        return 0


def wait_for_queries(engine: EngineProcess, count: int) -> None:
    with engine.http() as http:
        while f'open_queries{{lane="short"}} {count}\n' not in http.get("/metrics").text:
            pass


def test_a_second_engine_on_the_same_path_says_who_holds_it(tmp_path: Path) -> None:
    with running_engine(tmp_path):
        second = launch(tmp_path)

        _, log = second.communicate(timeout=20)

    assert second.returncode == 1
    assert "is held by another process" in log


def test_a_shared_password_is_required_when_given(tmp_path: Path) -> None:
    with running_engine(tmp_path, password="open sesame") as engine, engine.http() as http:
        assert http.get("/ping").text == "Ok.\n"
        refused = http.post("/", content="SELECT 1")
        wrong = http.post("/", content="SELECT 1", headers={"X-ClickHouse-Key": "open"})
        by_key = http.post("/", content="SELECT 1", headers={"X-ClickHouse-Key": "open sesame"})
        figures = http.get("/metrics")
        with engine.client() as client:
            by_client = client.query("SELECT 1").result_rows

    assert {refused.status_code, wrong.status_code, figures.status_code} == {401}
    assert refused.headers["X-ClickHouse-Exception-Code"] == "516"
    assert by_key.text == "1\n"
    assert by_client == [(1,)]


def test_a_query_past_its_memory_fails_and_the_engine_lives(tmp_path: Path) -> None:
    limit = str(600 << 20)
    with running_engine(tmp_path, "--memory-limit", limit) as engine, engine.client() as client:
        with pytest.raises(DatabaseError, match="MEMORY_LIMIT_EXCEEDED"):
            client.query("SELECT groupArray(number) FROM numbers(200000000)")
        spilled = client.query(
            "SELECT count() FROM (SELECT number FROM numbers(10000000) GROUP BY number)"
        )

    assert spilled.result_rows == [(10_000_000,)]


def test_the_engine_is_small_and_quiet_when_idle(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine, engine.client() as client:
        client.command("CREATE TABLE small (n UInt8) ENGINE = MergeTree ORDER BY n")
        client.insert("small", [[1]], column_names=["n"])
        modules = Path(f"/proc/{engine.process.pid}/maps").read_text()

        assert engine.pss_mb() < 300
        assert "arrow" not in modules
        assert "numpy" not in modules


def test_the_data_may_lie_in_any_folder(tmp_path: Path) -> None:
    with running_engine(tmp_path / "my data & ü? 100%") as engine, engine.client() as client:
        client.command("CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n")
        limit = client.query(
            "SELECT value FROM system.server_settings WHERE name = 'background_pool_size'"
        )
        assert limit.result_rows == [("2",)]


def test_many_small_parts_are_rewritten_without_pauses_between(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine, engine.client() as client:
        client.command(
            "CREATE TABLE t (n UInt8, m UInt8) ENGINE = MergeTree ORDER BY n PARTITION BY n"
        )
        client.command("INSERT INTO t SELECT number, 0 FROM numbers(90)")
        began = time.monotonic()

        client.command("ALTER TABLE t UPDATE m = 1 WHERE 1", settings={"mutations_sync": 1})

        assert time.monotonic() - began < 6  # 12 s with the engine's default pauses


def test_tables_are_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine, engine.client() as client:
        client.command("CREATE DATABASE kept")
        client.command("CREATE TABLE kept.t (n UInt8) ENGINE = MergeTree ORDER BY n")
        client.insert("kept.t", [[1]], column_names=["n"])
        assert engine.stop() == 0

    process = launch(tmp_path)
    try:
        engine = wait_until_ready(tmp_path, process, "")
        with engine.client() as client:
            assert client.query("SELECT n FROM kept.t").result_rows == [(1,)]
    finally:
        process.kill()
        process.communicate()
