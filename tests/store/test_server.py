from __future__ import annotations

import datetime as dt
import json
import socket
import threading
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from tests.store.engines import EngineProcess

EVENTS = """
    CREATE TABLE events
    (
        number UInt64,
        day Date32,
        ts DateTime64(6),
        name LowCardinality(String),
        strings Map(LowCardinality(String), String),
        score Nullable(Float64)
    )
    ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY number
    SETTINGS non_replicated_deduplication_window = 100
"""
COLUMNS = ["number", "day", "ts", "name", "strings", "score"]
ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
ENDLESS_ROWS = "SELECT number FROM numbers(1000000000000)"
BREAKS_LATE = (
    "SELECT throwIf(number = 150000), number FROM numbers(200000) SETTINGS max_block_size = 1000"
)


def event_rows(count: int) -> list[list[object]]:
    moment = dt.datetime(2024, 1, 31, 23, 59, 59, 123456, tzinfo=dt.UTC)
    day = dt.date(1950, 1, 1)
    return [[n, day, moment, f"name {n % 3}", {"plan": "pro"}, None] for n in range(count)]


def test_a_clients_types_survive_the_way_in_and_out(client: Client) -> None:
    client.command(EVENTS)

    client.insert("events", event_rows(3), column_names=COLUMNS)

    rows = client.query("SELECT * FROM events ORDER BY number", tz_mode="aware").result_rows
    assert [list(row) for row in rows] == event_rows(3)


def test_two_hundred_thousand_rows_go_in_and_come_back(client: Client) -> None:
    client.command("CREATE TABLE wide (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    numbers = list(range(200_000))

    summary = client.insert("wide", [numbers, [str(n) for n in numbers]], column_oriented=True)

    assert summary.written_rows == 200_000
    back = client.query("SELECT n, s FROM wide ORDER BY n", column_oriented=True).result_set
    assert list(back[0]) == numbers
    assert back[1][-1] == "199999"


def test_a_stream_of_blocks_gives_every_row_once(client: Client) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(1000000)") as blocks:
        total = sum(row[0] for block in blocks for row in block)

    assert total == 499_999_500_000


@pytest.mark.parametrize("packing", [False, "gzip", "zstd", "lz4", "br"])
def test_bodies_may_be_packed_both_ways(
    engine: EngineProcess, database: str, packing: str | bool
) -> None:
    with engine.client(database, compress=packing) as client:
        client.command(EVENTS)

        for part in range(2):
            rows = event_rows(2000)[part * 1000 :][:1000]
            client.insert("events", rows, column_names=COLUMNS)

        answer = client.query("SELECT count(), sum(number), any(strings) FROM events")
        assert answer.result_rows == [(2000, 1_999_000, {"plan": "pro"})]
        with client.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
            assert sum(len(block) for block in blocks) == 300_000


def test_a_deflated_statement_and_answer(engine: EngineProcess) -> None:
    packed = zlib.compress(b"SELECT 'packed'")
    headers = {"Content-Encoding": "deflate", "Accept-Encoding": "deflate"}

    with engine.http() as http:
        answer = http.post("/?enable_http_compression=1", content=packed, headers=headers)
        cut = http.post("/", content=packed[:-4], headers=headers)

    assert answer.headers["Content-Encoding"] == "deflate"
    assert answer.text == "packed\n"
    assert (cut.status_code, cut.headers["X-ClickHouse-Exception-Code"]) == (400, "36")


def test_parameters_are_bound_by_the_engine(client: Client) -> None:
    given = {"n": 4, "text": "it's\ta \\ \n{x:String}", "list": ["a'b", "ü"], "none": None}

    answer = client.query(
        "SELECT {n:UInt8} + 1, {text:String}, {list:Array(String)}, {none:Nullable(UInt8)}",
        parameters=given,
    )

    assert answer.result_rows == [(5, given["text"], given["list"], None)]


def test_large_parameters_come_as_a_form(client: Client) -> None:
    values = ["x" * 100] * 5000

    answer = client.query("SELECT length({list:Array(String)})", parameters={"list": values})

    assert answer.result_rows == [(5000,)]


def test_a_table_may_come_with_the_query(client: Client) -> None:
    people = ExternalData(
        file_name="people.csv",
        fmt="CSV",
        structure=["id UInt32", "name String"],
        data=b"1,a\n2,b\n",
    )

    answer = client.query("SELECT name FROM people WHERE id = 2", external_data=people)

    assert answer.result_rows == [("b",)]
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT name FROM people")


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("JSONEachRow", b'{"n": 1, "s": "a"}\n{"n": 2, "s": "b"}\n'),
        ("CSV", b'1,"a"\n2,"b"\n'),
        ("TabSeparated", b"1\ta\n2\tb\n"),
        ("JSONCompactEachRow", b'[1, "a"]\n[2, "b"]\n'),
    ],
)
def test_rows_come_in_any_text_format(client: Client, form: str, body: bytes) -> None:
    client.command("CREATE TABLE pairs (n UInt8, s String) ENGINE = MergeTree ORDER BY n")

    client.raw_insert("pairs", ["n", "s"], body, fmt=form)

    assert client.query("SELECT n, s FROM pairs ORDER BY n").result_rows == [(1, "a"), (2, "b")]


def test_arrow_tables_go_in_and_come_out(client: Client) -> None:
    client.command("CREATE TABLE arrows (n Int64) ENGINE = MergeTree ORDER BY n")

    client.insert_arrow("arrows", pa.table({"n": pa.array(range(1000))}))

    assert client.query_arrow("SELECT n FROM arrows ORDER BY n")["n"].to_pylist() == list(
        range(1000)
    )


@pytest.mark.parametrize("form", ["JSON", "JSONCompact", "CSVWithNames", "Parquet", "Pretty"])
def test_formats_with_a_head_are_one_document(
    engine: EngineProcess, client: Client, form: str
) -> None:
    sql = "SELECT number FROM numbers(200000)"

    with engine.http() as http:
        answer = http.post("/", params={"default_format": form}, content=sql).content

    if form.startswith("JSON"):
        assert json.loads(answer)["rows"] == 200_000
    elif form == "CSVWithNames":
        assert answer.count(b"number") == 1
    else:
        assert answer == client.raw_query(sql, fmt=form)


def test_many_clients_work_at_once(engine: EngineProcess, database: str) -> None:
    with engine.client(database) as client:
        client.command(EVENTS)

    def work(worker: int) -> int:
        with engine.client(database) as client:
            for batch in range(5):
                rows = [[worker * 1000 + batch, *row[1:]] for row in event_rows(1)]
                client.insert("events", rows, column_names=COLUMNS)
                client.query("SELECT count() FROM events")
            return int(client.query("SELECT uniqExact(number) FROM events").result_rows[0][0])

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(work, range(8)))

    assert max(counts) == 40


def test_heavy_queries_do_not_hold_up_short_ones(engine: EngineProcess, client: Client) -> None:
    heavy = {"lane": "heavy", "query_id": "heavy one"}
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(post, engine, ENDLESS, **heavy) for _ in range(4)]
        wait_for_open_queries(engine, "heavy", 4)

        answer = client.query("SELECT 1").result_rows

        assert answer == [(1,)]
        assert not any(one.done() for one in running)
        for _ in running:
            client.command("KILL QUERY WHERE query_id = 'heavy one' SYNC")
        assert {one.result().headers["X-ClickHouse-Exception-Code"] for one in running} == {"394"}


def post(engine: EngineProcess, sql: str, **query: str) -> httpx.Response:
    with engine.http() as http:
        return http.post("/", params=query, content=sql)


def wait_for_open_queries(engine: EngineProcess, lane: str, count: int) -> None:
    with engine.http() as http:
        wanted = f'tanqory_engine_open_queries{{lane="{lane}"}} {count}\n'
        while wanted not in http.get("/metrics").text:
            pass


def test_a_query_is_killed_by_its_clients_id(engine: EngineProcess, client: Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, engine, ENDLESS, query_id="long one")
        wait_for_open_queries(engine, "short", 1)

        status = client.query("KILL QUERY WHERE query_id = 'long one' SYNC").result_rows

        assert [list(row[:2]) for row in status] == [["waiting", "long one"]]
        answer = running.result()
    assert answer.status_code == 500
    assert answer.headers["X-ClickHouse-Exception-Code"] == "394"
    assert "QUERY_WAS_CANCELLED" in answer.text


def test_killing_what_does_not_run_answers_nothing(client: Client) -> None:
    assert client.raw_query("KILL QUERY WHERE query_id = 'nobody'") == b""


def test_a_stream_that_is_killed_ends_in_an_error(client: Client) -> None:
    options = {"query_id": "stream", "max_block_size": 1000}

    with client.query_row_block_stream(ENDLESS_ROWS, settings=options) as blocks:
        next(blocks)
        client.command("KILL QUERY WHERE query_id = 'stream'")
        with pytest.raises(StreamFailureError, match="QUERY_WAS_CANCELLED"):
            drain(blocks)


def drain(blocks: Iterable[object]) -> None:
    for _ in blocks:
        pass


def test_a_client_that_leaves_ends_its_query(engine: EngineProcess) -> None:
    with engine.http() as http, pytest.raises(httpx.ReadTimeout):
        http.post("/", content=ENDLESS, timeout=0.5)

    wait_for_open_queries(engine, "short", 0)


def test_a_client_that_leaves_a_stream_ends_its_query(engine: EngineProcess) -> None:
    with engine.http() as http, http.stream("POST", "/", content=ENDLESS_ROWS) as answer:
        next(answer.iter_raw())

    wait_for_open_queries(engine, "short", 0)


def test_the_time_limit_holds(client: Client) -> None:
    with pytest.raises(DatabaseError, match="TIMEOUT_EXCEEDED") as caught:
        client.query(ENDLESS, settings={"max_execution_time": 0.5})

    assert caught.value.code == 159


def test_a_stream_past_its_time_limit_ends_in_an_error(client: Client) -> None:
    limit = {"max_execution_time": 0.5}

    with (
        client.query_row_block_stream(ENDLESS_ROWS, settings=limit) as blocks,
        pytest.raises(StreamFailureError, match="TIMEOUT_EXCEEDED"),
    ):
        drain(blocks)


def test_settings_of_one_request_do_not_reach_the_next(client: Client) -> None:
    asked = "SELECT getSetting('max_block_size'), getSetting('max_threads')"
    before = client.query(asked).result_rows

    changed = client.query(asked, settings={"max_block_size": 7, "max_threads": 1}).result_rows
    client.command("SET max_block_size = 9")
    client.command("USE system")

    assert changed == [(7, 1)]
    assert client.query(asked).result_rows == before
    assert client.query("SELECT currentDatabase()").result_rows != [("system",)]


def test_an_unknown_setting_is_refused(client: Client) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_SETTING"):
        client.raw_query(
            "SELECT 1", settings={"no_such_setting": 1}, transport_settings={}, fmt="TSV"
        )


def test_errors_carry_code_status_and_text(engine: EngineProcess) -> None:
    missing = post(engine, "SELECT * FROM nope")
    broken = post(engine, "SELEC 1")

    assert (missing.status_code, missing.headers["X-ClickHouse-Exception-Code"]) == (404, "60")
    assert missing.text.startswith("Code: 60. DB::Exception: ")
    assert "(UNKNOWN_TABLE) (version " in missing.text
    assert (broken.status_code, broken.headers["X-ClickHouse-Exception-Code"]) == (400, "62")


def test_what_a_failed_query_wrote_is_nobodys_answer(client: Client) -> None:
    with pytest.raises(DatabaseError, match="FUNCTION_THROW_IF"):
        client.query(BREAKS_LATE)

    assert client.query("SELECT 1 WHERE 0").result_rows == []


def test_an_error_in_mid_stream_is_an_error(client: Client) -> None:
    with (
        client.query_row_block_stream(BREAKS_LATE) as blocks,
        pytest.raises(StreamFailureError, match="FUNCTION_THROW_IF"),
    ):
        drain(blocks)


def test_an_error_in_mid_stream_breaks_the_answer_for_plain_clients(engine: EngineProcess) -> None:
    with engine.http() as http, pytest.raises(httpx.RemoteProtocolError):
        http.post("/", content=BREAKS_LATE)


def test_answers_carry_their_cost_and_names(engine: EngineProcess) -> None:
    answer = post(engine, "SELECT number FROM numbers(10)", query_id="mine", default_format="CSV")

    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "10")
    assert int(summary["elapsed_ns"]) > 0
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "CSV"
    assert answer.headers["Content-Type"] == "text/csv; charset=UTF-8; header=absent"
    assert "X-ClickHouse-Server-Display-Name" in answer.headers


def test_get_changes_nothing(engine: EngineProcess) -> None:
    with engine.http() as http:
        read = http.get("/", params={"query": "SELECT 1"})
        written = http.get("/", params={"query": "CREATE DATABASE by_get"})

    assert read.text == "1\n"
    assert (written.status_code, written.headers["X-ClickHouse-Exception-Code"]) == (500, "164")


@pytest.mark.parametrize(
    "sql",
    ["CREATE DATABASE x", "INSERT INTO FUNCTION null('n UInt8') SELECT 1", "SYSTEM FLUSH LOGS"],
)
def test_read_only_requests_change_nothing(engine: EngineProcess, sql: str) -> None:
    refused = post(engine, sql, readonly="2")

    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"


@pytest.mark.parametrize("sql", ["SELECT 1", "SHOW DATABASES LIKE 'system'", "EXPLAIN SELECT 1"])
def test_read_only_requests_read(engine: EngineProcess, sql: str) -> None:
    allowed = post(engine, sql, readonly="2", max_threads="1")

    assert allowed.status_code == 200
    assert post(engine, "SELEC 1", readonly="2").headers["X-ClickHouse-Exception-Code"] == "62"


def test_the_strictest_read_only_mode_binds_one_request(engine: EngineProcess) -> None:
    strict = post(engine, "SELECT 1 SETTINGS max_block_size = 1000", readonly="1")
    usual = post(engine, "SELECT 1 SETTINGS max_block_size = 1000")

    assert strict.headers["X-ClickHouse-Exception-Code"] == "164"
    assert usual.text == "1\n"


def test_statements_do_not_reach_the_engines_files(engine: EngineProcess, tmp_path: Path) -> None:
    target = tmp_path / "stolen"

    written = post(engine, f"SELECT 1 INTO /* on */ OUTFILE '{target}'")
    read = post(engine, f"INSERT INTO system.one FROM INFILE '{target}' FORMAT CSV")

    assert written.headers["X-ClickHouse-Exception-Code"] == "144"
    assert read.headers["X-ClickHouse-Exception-Code"] == "144"
    assert not target.exists()
    assert post(engine, "SELECT 'INTO OUTFILE'").text == "INTO OUTFILE\n"


def test_bytes_that_are_not_utf8_pass_through(engine: EngineProcess) -> None:
    with engine.http() as http:
        literal = http.post("/", content=b"SELECT hex('\xff\x01')")
        parameter = http.post("/?param_b=%FF%01", content="SELECT hex({b:String})")

    assert (literal.text, parameter.text) == ("FF01\n", "FF01\n")


def test_what_is_not_http_is_refused(engine: EngineProcess) -> None:
    with socket.create_connection(("127.0.0.1", engine.port)) as sock:
        sock.sendall(b"hello there, engine\r\n\r\n")
        answer = sock.recv(1000)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_two_statements_in_one_request_are_refused(engine: EngineProcess) -> None:
    assert "Multi-statements are not allowed" in post(engine, "SELECT 1; SELECT 2").text
    assert post(engine, "SELECT ';' ; ").text == ";\n"


def test_the_pages_that_need_no_query(engine: EngineProcess) -> None:
    with engine.http() as http:
        assert http.get("/ping").text == "Ok.\n"
        assert http.get("/").text == "Ok.\n"
        assert http.get("/nowhere").status_code == 404


def test_figures_count_queries_by_lane_and_status(engine: EngineProcess) -> None:
    post(engine, "SELECT 1", lane="heavy")
    post(engine, "SELECT nope", lane="heavy")

    with engine.http() as http:
        text = http.get("/metrics").text

    assert 'tanqory_engine_queries_total{lane="heavy",status="ok"}' in text
    assert 'tanqory_engine_queries_total{lane="heavy",status="error"}' in text
    assert 'tanqory_engine_query_duration_seconds_bucket{lane="heavy",le="+Inf"}' in text
    assert "# TYPE tanqory_engine_query_duration_seconds histogram" in text


def test_rows_have_a_lane_of_their_own(engine: EngineProcess, database: str) -> None:
    post(engine, f"CREATE TABLE {database}.lines (n UInt8) ENGINE = MergeTree ORDER BY n")
    with ThreadPoolExecutor(9) as pool:
        running = [pool.submit(post, engine, ENDLESS, query_id="crowd") for _ in range(9)]
        wait_for_open_queries(engine, "short", 9)

        answer = post(engine, f"INSERT INTO {database}.lines FORMAT CSV\n1\n")

        assert answer.status_code == 200
        post(engine, "KILL QUERY WHERE query_id = 'crowd'")
        assert {one.result().status_code for one in running} == {500}


def test_an_unknown_lane_is_refused(engine: EngineProcess) -> None:
    assert "There is no lane 'express'" in post(engine, "SELECT 1", lane="express").text


def test_a_token_inserts_once(client: Client) -> None:
    client.command(EVENTS)

    for token in ("a", "a", "b", "b", "a"):
        client.insert(
            "events",
            event_rows(10),
            column_names=COLUMNS,
            settings={"insert_deduplication_token": token},
        )

    assert client.query("SELECT count() FROM events").result_rows == [(20,)]


def test_a_token_holds_however_the_body_was_cut(engine: EngineProcess, client: Client) -> None:
    client.command(EVENTS)
    block = client.raw_query(
        "SELECT number, toDate32('2024-01-01') + number % 60 AS day FROM numbers(200000)",
        fmt="JSONEachRow",
    )
    query = {
        "query": "INSERT INTO events (number, day) FORMAT JSONEachRow",
        "database": str(client.database),
        "insert_deduplication_token": "cut",
    }

    with engine.http() as http:
        for size in (len(block), 30_011, 999_983):
            pieces = (block[start : start + size] for start in range(0, len(block), size))
            http.post("/", params=query, content=pieces).raise_for_status()

    assert client.query("SELECT count() FROM events").result_rows == [(200_000,)]


def test_mutations_run(client: Client) -> None:
    client.command(EVENTS)
    client.insert("events", event_rows(1000), column_names=COLUMNS)

    client.command(
        "ALTER TABLE events UPDATE name = 'merged' WHERE number < 10",
        settings={"mutations_sync": 1},
    )

    merged = client.query("SELECT count() FROM events WHERE name = 'merged'").result_rows
    assert merged == [(10,)]


def test_a_transform_over_scalar_subqueries_renames_persons(client: Client) -> None:
    client.command(
        "CREATE TABLE overrides (loser UInt64, winner UInt64) ENGINE = MergeTree ORDER BY loser"
    )
    client.insert("overrides", [[1, 2], [3, 2]], column_names=["loser", "winner"])

    rows = client.query(
        "SELECT transform(number, (SELECT groupArray(loser) FROM overrides),"
        " (SELECT groupArray(winner) FROM overrides), number) AS person, count()"
        " FROM numbers(5) GROUP BY person ORDER BY person"
    ).result_rows

    assert rows == [(0, 1), (2, 3), (4, 1)]


def test_dictionaries_work(client: Client, database: str) -> None:
    client.command("CREATE TABLE names (id UInt64, name String) ENGINE = MergeTree ORDER BY id")
    client.insert("names", [[1, "one"]], column_names=["id", "name"])
    client.command(
        "CREATE DICTIONARY names_by_id (id UInt64, name String DEFAULT 'none') PRIMARY KEY id"
        f" SOURCE(CLICKHOUSE(TABLE 'names' DB '{database}')) LAYOUT(HASHED()) LIFETIME(0)"
    )

    found = client.query("SELECT dictGet('names_by_id', 'name', arrayJoin([1, 2]::Array(UInt64)))")

    assert found.result_rows == [("one",), ("none",)]


def test_a_connection_serves_many_requests(engine: EngineProcess) -> None:
    with engine.http() as http:
        answers = [http.post("/", content=f"SELECT {number}").text for number in range(50)]

    assert answers == [f"{number}\n" for number in range(50)]


def test_requests_on_one_connection_keep_apart_after_an_error(engine: EngineProcess) -> None:
    with engine.http() as http:
        refused = http.post(
            "/", params={"query": "INSERT INTO nope FORMAT CSV"}, content=b"1\n" * 500_000
        )
        answer = http.post("/", content="SELECT 1")

    assert refused.status_code == 404
    assert answer.text == "1\n"


def test_threads_of_one_client_share_the_engine(client: Client) -> None:
    barrier = threading.Barrier(8)

    def ask(number: int) -> int:
        barrier.wait()
        return int(client.query(f"SELECT {number}").result_rows[0][0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == list(range(8))
