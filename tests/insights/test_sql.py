"""POST /api/v1/insights/sql: what may be asked in SQL, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.audit.models import AuditEntry
from portal.store import client, guarded
from portal.store.models import Epoch
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load, person_of, person_property
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
SQL = "/api/v1/insights/sql"
Run = Callable[..., Any]


@pytest.fixture
def run(people: People, call: TokenClient) -> Run:
    """Run SQL as an analyst; returns the response."""
    analyst = call(people.analyst, ["read"])

    def posted(query: object, **parameters: object) -> Any:
        return analyst.post(SQL, {"query": query, "parameters": parameters}, format="json")

    return posted


@pytest.fixture
def visits() -> list[Event]:
    return load(
        Event(
            "visit" if n % 3 else "buy",
            at(f"2026-03-01T10:{n:02}"),
            f"u{n % 2}",
            platform="web",
            properties={"plan": "pro" if n % 2 else "free", "price": n, "is_new": n == 0},
        )
        for n in range(6)
    )


def test_it_answers_columns_rows_and_meta(visits: list[Event], run: Run) -> None:
    answer = run("SELECT name, count() AS n FROM events GROUP BY name ORDER BY n DESC")

    assert answer.status_code == 200
    found = answer.json()
    assert found["columns"] == [
        {"name": "name", "type": "LowCardinality(String)"},
        {"name": "n", "type": "UInt64"},
    ]
    assert found["rows"] == [["visit", 4], ["buy", 2]]
    assert found["truncated"] is False
    assert 0 < found["meta"]["rows_read"] <= 6  # or as many as the engine keeps counts
    assert "after all merges" in " ".join(found["meta"]["counted"])


USEFUL = [
    ("SELECT 1", [[1]]),
    ("select COUNT(*) from events", [[6]]),
    ("SELECT uniqExact(person) FROM events WHERE name = 'visit'", [[2]]),
    ("SELECT countIf(strings['plan'] = 'pro'), sum(numbers['price']) FROM events", [[3, 15]]),
    ("SELECT toDate(ts) AS d, count() FROM events GROUP BY d", [["2026-03-01", 6]]),
    ("SELECT min(ts) FROM events", [["2026-03-01T10:00:00.000000Z"]]),
    (
        "WITH buyers AS (SELECT DISTINCT person FROM events WHERE name = 'buy')"
        " SELECT count() FROM events WHERE person IN buyers",
        [[6]],
    ),
    ("WITH 2 AS k SELECT k + 1", [[3]]),
    (
        "SELECT a.n, b.n FROM (SELECT count() AS n FROM events) AS a"
        " CROSS JOIN (SELECT uniq(name) AS n FROM events) AS b",
        [[6, 2]],
    ),
    (
        "SELECT e.name, f.first FROM events AS e INNER JOIN"
        " (SELECT person, min(ts) AS first FROM events GROUP BY person) AS f"
        " ON e.person = f.person WHERE e.name = 'buy' AND e.ts = f.first",
        [["buy", "2026-03-01T10:00:00.000000Z"]],
    ),
    (
        "SELECT max(r) FROM (SELECT row_number() OVER (PARTITION BY person ORDER BY ts) AS r"
        " FROM events)",
        [[3]],
    ),
    (
        "SELECT sum(gap) FROM (SELECT dateDiff('second', lagInFrame(ts, 1, ts) OVER w, ts) AS gap"
        " FROM events WINDOW w AS (PARTITION BY person ORDER BY ts"
        " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))",
        [[480]],
    ),
    ("SELECT arraySort(groupUniqArray(name)) FROM events", [[["buy", "visit"]]]),
    ("SELECT arrayMap(x -> x * 2, [1, 2]), arrayFold((a, x) -> a + x, [1, 2], 0::Int64)", [[[2, 4], 3]]),
    ("SELECT n FROM (SELECT [1, 2] AS l) ARRAY JOIN l AS n ORDER BY n", [[1], [2]]),
    ("SELECT mapKeys(strings), booleans['is_new'] FROM events ORDER BY ts LIMIT 1", [[["plan"], True]]),
    ("SELECT JSONExtractInt(properties, 'price') FROM events ORDER BY ts DESC LIMIT 1", [[5]]),
    ("SELECT * FROM (SELECT 6 AS n UNION ALL SELECT count() FROM people) ORDER BY n", [[0], [6]]),
    ("SELECT 1 INTERSECT SELECT 1", [[1]]),
    (
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3)"
        " SELECT sum(n) FROM t",
        [[6]],
    ),
    ("SELECT number FROM numbers(3) ORDER BY number DESC", [[2], [1], [0]]),
    ("SELECT * FROM values('a UInt8, b String', (1, 'x'))", [[1, "x"]]),
    ("SELECT quantileExact(0.5)(numbers['price']) FROM events", [[3]]),
    ("SELECT sumArrayIf([1, 2], 1), sumIfOrNull(1, 0)", [[3, None]]),
    ("SELECT multiIf(1 = 2, 'a', 'b'), CASE 1 WHEN 1 THEN 'c' END, if(1, 2, 3)", [["b", "c", 2]]),
    ("SELECT 'a' || 'b' LIKE 'a%', match('abc', '^a.c$'), extract('x12', '\\\\d+')", [[1, 1, "12"]]),
    ("SELECT 1/0, nan, NULL", [[None, None, None]]),
    ("SELECT 1 -- the one\n /* and only */;", [[1]]),
    ("SELECT avg(x) FILTER (WHERE x > 1) FROM values('x UInt8', 1, 2)", [[2]]),
    ("SELECT name, count() FROM events GROUP BY ROLLUP(name) ORDER BY 2", [["buy", 2], ["visit", 4], ["", 6]]),
    ("SELECT events.name FROM events ORDER BY events.ts LIMIT 1", [["buy"]]),
    ("SELECT samples.name FROM events AS samples ORDER BY samples.ts LIMIT 1", [["buy"]]),
    ("SELECT DISTINCT name FROM events QUALIFY row_number() OVER (ORDER BY ts) = 1", [["buy"]]),
    ("SELECT windowFunnel(3600)(toDateTime(ts), name = 'buy', name = 'visit') FROM events", [[2]]),
    ("SELECT formatDateTime(ts, '%Y'), toStartOfInterval(ts, INTERVAL 1 HOUR) FROM events LIMIT 1",
     [["2026", "2026-03-01T10:00:00Z"]]),
    ("SELECT * EXCEPT (strings, numbers, booleans, properties, id, received_at, ts, day, person)"
     " FROM events ORDER BY ts LIMIT 1", [["buy", "u0", "", "", "web", "", "", ""]]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "rows"), USEFUL)
def test_useful_sql_runs(query: str, rows: list[Any], visits: list[Event], run: Run) -> None:
    answer = run(query)

    assert answer.status_code == 200, answer.json()
    assert answer.json()["rows"] == rows


ATTACKS = [
    # not one SELECT
    "DROP TABLE events",
    "INSERT INTO events (name) VALUES ('x')",
    "ALTER TABLE events DELETE WHERE 1",
    "TRUNCATE TABLE events",
    "OPTIMIZE TABLE events FINAL",
    "CREATE TABLE t (a Int8) ENGINE = Memory",
    "CREATE FUNCTION f AS x -> x",
    "CREATE VIEW v AS SELECT * FROM system.one",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SET max_execution_time = 0",
    "USE system",
    "SHOW TABLES",
    "DESCRIBE TABLE events",
    "EXPLAIN SELECT 1",
    "EXISTS TABLE events",
    "BACKUP TABLE events TO File('/tmp/b')",
    "ATTACH TABLE t FROM '/tmp/t' (a Int8) ENGINE = Memory",
    "SELECT 1; DROP TABLE events",
    "SELECT 1; SELECT 2",
    "SELECT 1 /* ; */ ; /* */ SELECT 2",
    "WITH x AS (SELECT 1) INSERT INTO events (name) SELECT 'x'",
    "SELECT 1 PARALLEL WITH SELECT 2",
    # output, settings
    "SELECT 1 INTO OUTFILE '{outfile}'",
    "SELECT 1 INTO OUTFILE '{outfile}' TRUNCATE FORMAT CSV",
    "SELECT 1 FORMAT Null",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
    "SELECT * FROM (SELECT 1 FORMAT CSV)",
    # table functions
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM s3('http://127.0.0.1:1/a/b', CSV)",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM clusterAllReplicas('default', system.one)",
    "SELECT * FROM merge(currentDatabase(), '.*')",
    "SELECT * FROM executable('id', TabSeparated, 'a String')",
    "SELECT * FROM loop(events)",
    "SELECT * FROM view(SELECT * FROM system.one)",
    "SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('a Int8'))",
    "SELECT * FROM dictionary('d')",
    "SELECT * FROM input('a Int8')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/a.db', 't')",
    "SELECT * FROM jdbc('a', 'b', 'c')",
    "SELECT * FROM mergeTreeIndex(currentDatabase(), events)",
    "SELECT * FROM python('a')",
    "SELECT * FROM format(JSONEachRow, '{\"a\": 1}')",
    "SELECT * FROM generateRandom('a Array(Array(String))')",
    "SELECT * FROM fileCluster('c', '/etc/passwd')",
    "SELECT * FROM (EXPLAIN SELECT 1)",
    "SELECT 1 IN file('/etc/passwd', LineAsString)",
    # tables that are nobody's
    "SELECT * FROM system.tables",
    "SELECT * FROM system.processes",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.COLUMNS",
    "SELECT * FROM person_overrides",
    "SELECT * FROM person_properties",
    "SELECT * FROM event_ids",
    "SELECT * FROM schema_migrations",
    "SELECT * FROM samples",
    "SELECT * FROM {database}.events",
    "SELECT * FROM `{database}`.`person_overrides`",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM \"/etc/hosts\"",
    "SELECT count() FROM events, system.one",
    "SELECT count() FROM events INNER JOIN person_overrides AS o ON o.loser = events.person",
    "SELECT 1 IN system.one",
    "SELECT person IN person_overrides FROM events",
    "SELECT person GLOBAL NOT IN event_ids FROM events",
    "SELECT (SELECT count() FROM system.tables)",
    "SELECT a FROM events ARRAY JOIN [(SELECT groupArray(name) FROM system.tables)] AS a",
    "SELECT * FROM events WHERE name IN (SELECT name FROM system.tables)",
    "WITH t AS (SELECT * FROM system.tables) SELECT * FROM t",
    "WITH person_overrides AS (SELECT * FROM person_overrides) SELECT * FROM person_overrides",
    "WITH events AS (SELECT * FROM events) SELECT * FROM events",
    "WITH `a b` AS (SELECT 1) SELECT * FROM `a b`",
    "SELECT 1 ORDER BY 1 WITH FILL INTERPOLATE (person_overrides AS (SELECT 1))"
    " UNION ALL SELECT loser FROM person_overrides",
    "SELECT 1 FROM numbers(1) WINDOW event_ids AS (ORDER BY 1)"
    " UNION ALL SELECT toUInt8(id) FROM event_ids",
    "SELECT `a\nTableIdentifier` FROM system.one",
    "SELECT 1 AS `x\n Literal`",
    "SELECT EXISTS(SELECT 1 FROM system.users)",
    "SELECT 1 UNION ALL SELECT 1 FROM system.one",
    "SELECT 1 EXCEPT SELECT 1 FROM system.one",
    "SELECT count() FROM numbers((SELECT count() FROM system.tables))",
    "SELECT 1 LIMIT (SELECT count() FROM system.tables)",
    "SELECT actor FROM events",
    "SELECT events.source FROM events",
    # functions
    "SELECT file('/etc/passwd')",
    "SELECT sleep(3)",
    "SELECT sleepEachRow(3) FROM numbers(10)",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('j', 'a', 1)",
    "SELECT getSetting('max_threads')",
    "SELECT getServerSetting('max_server_memory_usage')",
    "SELECT getMacro('shard')",
    "SELECT hostName(), version(), uptime()",
    "SELECT currentDatabase()",
    "SELECT currentUser()",
    "SELECT @@version",
    "SELECT getClientHTTPHeader('Authorization')",
    "SELECT hasColumnInTable('system', 'one', 'dummy')",
    "SELECT addressToLine(1)",
    "SELECT logTrace('x')",
    "SELECT evalMLMethod(1, 2)",
    "SELECT regionToName(1)",
    "SELECT aiGenerate('x')",
    "SELECT showCertificate()",
    "SELECT filesystemAvailable()",
    "SELECT formatQuery('SELECT 1')",
    "SELECT arrayMap(x -> sleep(x), [1, 2])",
    "SELECT * APPLY(sleep) FROM values('a UInt8', 3)",
    "SELECT COLUMNS('a') APPLY(x -> file(x)) FROM values('a String', '/etc/passwd')",
    "SELECT flameGraph([1])",
    "SELECT aggThrow(1)",
    "SELECT finalizeAggregation(CAST(unhex('00'), 'AggregateFunction(sum, UInt8)'))",
    "SELECT CAST(unhex('ff'), concat('Aggregate', 'Function(uniq, String)'))",
    "SELECT * FROM values('a AggregateFunction(sum, UInt8)', 'x')",
    # too much
    "SELECT count() FROM numbers(1000000000000)",
    "SELECT groupArray(number) FROM numbers(4000000000)",
    "SELECT repeat('x', 100000000000)",
    "SELECT range(1000000000000)",
    "SELECT arrayWithConstant(10000000000, 1)",
    "SELECT repeat('x', 1000000) FROM numbers(10000)",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT " + "-" * 50_001 + "1",
    "SELECT " + "+".join(["1"] * 49_000),
    "SELECT " + "not " * 20_000 + "1",
    "WITH " + ", ".join(f"(x{n}, x{n}) AS x{n + 1}" for n in range(1, 40))
    + ", 1 AS x0, (x0, x0) AS x1 SELECT x40",
    "SELECT * FROM numbers(100000) AS a, numbers(100000) AS b, numbers(100000) AS c ORDER BY 1",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count() FROM t",
    "SELECT 1" + " " * 200_000,
    "SELECT match(repeat('a', 100), '(a{0,1000}){0,1000}')",
    # no text at all
    "",
    "   ",
    "-- nothing",
    "SELECT '\0'",
    "SELECT \x01",
]  # fmt: skip


@pytest.mark.parametrize("query", ATTACKS, ids=lambda query: query[:60])
def test_attacks_are_refused_with_a_reason(
    query: str, visits: list[Event], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guarded, "LIMITS", {**guarded.LIMITS, "max_execution_time": 2})
    database, outfile = guarded.database(), tmp_path / "out"
    query = query.replace("{database}", database).replace("{outfile}", str(outfile))

    began = time.monotonic()
    answer = run(query)

    assert answer.status_code == 400, answer.json()
    assert answer.json()["error"]["field"] == "query"
    assert len(answer.json()["error"]["message"]) > 10
    assert time.monotonic() - began < 20
    assert run("SELECT count() FROM events").json()["rows"] == [[6]]  # nothing fell over, or went
    assert not outfile.exists()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Identifier", "system.one"), ("Map(String, String)", {"a": "b"}), ("UInt8", 256),
        ("UInt8", -1), ("UInt8", "1"), ("UInt8", True), ("Int64", 1.5), ("Float64", "x"),
        ("String", 5), ("String", "a\0b"), ("Bool", 1), ("Date", "yesterday"), ("UUID", "x"),
        ("DateTime64(6)", "10 o'clock"), ("Array(UInt8)", [1, "x"]), ("Array(String)", "x"),
        ("Array(Array(String))", [["x"]]), ("AggregateFunction(sum, UInt8)", "x"), ("Nope", 1),
        ("String", None), ("Tuple(String)", ["x"]), ("DateTime('Mars/Olympus')", "2026-01-01"),
    ],
)  # fmt: skip
def test_values_must_be_of_their_type(kind: str, value: object, run: Run) -> None:
    answer = run(f"SELECT {{x:{kind}}}", x=value)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] in {"parameters.x", "query"}


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("String", "it's \\ {y:String} \n", "it's \\ {y:String} \n"), ("UInt8", 255, 255),
        ("Int64", -(2**63), -(2**63)), ("UInt64", 2**64 - 1, 2**64 - 1), ("Float64", 1.5, 1.5),
        ("Bool", True, True), ("Date", "2026-02-28", "2026-02-28"),
        ("DateTime64(6)", "2026-03-01T01:00:00.5+01:00", "2026-03-01T00:00:00.500000Z"),
        ("DateTime('Europe/Berlin')", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("Array(String)", ["a'b", "c\\"], ["a'b", "c\\"]), ("Array(Int8)", [], []),
        ("UUID", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
    ],
)  # fmt: skip
def test_values_arrive_as_they_are(kind: str, value: object, shown: object, run: Run) -> None:
    answer = run(f"SELECT {{x:{kind}}}", x=value)

    assert answer.status_code == 200, answer.json()
    assert answer.json()["rows"] == [[shown]]


def test_missing_and_unused_values_are_named(run: Run) -> None:
    missing = run("SELECT {x:String}")
    unused = run("SELECT 1", y=1)

    assert missing.json()["error"]["field"] == "parameters.x"
    assert unused.json()["error"]["field"] == "parameters.y"


def test_the_range_may_be_used(visits: list[Event], people: People, call: TokenClient) -> None:
    body = {
        "query": "SELECT count() FROM events WHERE ts >= {from:DateTime64(6)} AND ts < {to:DateTime64(6)}",
        "from": "2026-03-01T10:01:00Z", "to": "2026-03-01T10:03:00Z",
    }  # fmt: skip

    answer = call(people.analyst).post(SQL, body, format="json")

    assert answer.json()["rows"] == [[2]]


def test_persons_are_those_after_merges(visits: list[Event], run: Run) -> None:
    person_property("u0", "plan", "free", at("2026-03-01"))
    loser, winner = person_of("u1"), person_of("u0")
    rows = {"loser": [loser], "winner": [winner], "version": [1], "is_deleted": [0]}
    client.insert("person_overrides", rows, token="sql-merge")
    Epoch.objects.update_or_create(pk=1, defaults={"number": 7, "pending_overrides": 1})
    try:
        answer = run("SELECT uniqExact(person), any(person) FROM events WHERE person IN"
                     " (SELECT person FROM people)")  # fmt: skip
    finally:
        client.command("TRUNCATE TABLE person_overrides")

    assert answer.json()["rows"] == [[1, winner]]


def test_more_than_ten_thousand_rows_are_cut_and_marked(run: Run) -> None:
    whole = run("SELECT number FROM numbers(10000)").json()
    cut = run("SELECT number FROM numbers(20000) ORDER BY number DESC").json()

    assert (len(whole["rows"]), whole["truncated"]) == (10_000, False)
    assert (len(cut["rows"]), cut["truncated"]) == (10_000, True)
    assert (cut["rows"][0], cut["rows"][-1]) == ([19_999], [10_000])
    assert "10,000" in cut["meta"]["warnings"][0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELEC 1", "position"), ("SELECT nope FROM events", "nope"),
        ("SELECT * FROM event", "events, people"), ("SELECT nope(1)", "nope"),
        ("SELECT 'a' + 1", "plus"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_the_authors_words(query: str, words: str, run: Run) -> None:
    message = run(query).json()["error"]["message"]

    assert words in message
    assert "`test_" not in message  # not our own part of the SQL


@pytest.mark.parametrize("body", [{}, {"query": 5}, {"query": "SELECT 1", "parameters": []},
                                  {"query": "SELECT 1", "limit": 5}])  # fmt: skip
def test_bodies_that_are_none_are_refused(
    body: dict[str, Any], people: People, call: TokenClient
) -> None:
    assert call(people.analyst).post(SQL, body, format="json").status_code == 400


@pytest.mark.parametrize("role", ["viewer", "responder", "auditor", "outsider"])
def test_only_analysts_editors_and_admins_run_sql(
    role: str, people: People, call: TokenClient
) -> None:
    answer = call(people.with_role(role)).post(SQL, {"query": "SELECT 1"}, format="json")

    assert answer.status_code == 403
    assert "insights.run_sql" in answer.json()["error"]["message"]


def test_every_run_is_audited_without_values(people: People, run: Run) -> None:
    run("SELECT {who:String}", who="anna@example.org")
    run("SELECT sleep(1)")

    runs = AuditEntry.objects.filter(actor=people.analyst, action="sql.run").order_by("id")
    assert [entry.after for entry in runs] == [
        {"query": "SELECT {who:String}", "parameters": ["who"]},
        {"query": "SELECT sleep(1)", "parameters": []},
    ]
    assert "sleep" in str(AuditEntry.objects.get(action="sql.refuse").after)
