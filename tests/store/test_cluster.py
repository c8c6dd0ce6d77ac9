"""The tables of a cluster are made from the same text as those of one engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from portal.store import client as store
from portal.store import migrate, nodes
from portal.store.cluster import SPREAD, Cluster, altered, local, placed
from portal.store.migrate import LEDGER, statements
from portal.store.query import Query, added
from tests.store.engines import running_engine

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = Cluster("portal", "default")
TEXTS = [LEDGER, *(file.read_text() for file in migrate.files())]
# A server's own configuration, with a Keeper inside: what a node of a real cluster has.
TEST_KEEPER = "<zookeeper><implementation>testkeeper</implementation></zookeeper>"
CONFIGURATION = f"""<clickhouse>
    <tcp_port>9000</tcp_port>
    {TEST_KEEPER}
    <macros><shard>01</shard><replica>a</replica></macros>
    <remote_servers><portal><shard><internal_replication>true</internal_replication>
        <replica><host>127.0.0.1</host><port>9000</port></replica>
    </shard></portal></remote_servers>
</clickhouse>"""
# The engine with a Keeper inside does not stop by itself.
# What the writer runs on a cluster.
CHANGES = [
    f"SYSTEM SYNC REPLICA {CLUSTER.on} `default`.person_overrides",
    f"ALTER TABLE {altered('events', CLUSTER)} UPDATE person = actor WHERE person IN (1),"
    " DELETE WHERE person IN (2) AND actor != person",
]
SCRIPT = """
import json, os, sys
from chdb import session
path, statements = sys.argv[1], json.load(sys.stdin)
try:
    engine = session.Session(f"{path}/db?config-file={path}/config.xml")
    for one in statements:
        engine.query(one)
    print(engine.query("SELECT name, engine, engine_full FROM system.tables"
                       " WHERE database = 'default'", "JSONEachRow"), flush=True)
except Exception as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
os._exit(0)
"""

ASK = """
import os, sys
from chdb import session
path, statements = sys.argv[1], sys.argv[2:]
try:
    engine = session.Session(f"{path}/db?config-file={path}/config.xml")
    for one in statements:
        print(engine.query(one, "JSONEachRow"), flush=True)
except Exception as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
os._exit(0)
"""


def on_cluster() -> list[str]:
    return [one for text in TEXTS for one in statements(text, CLUSTER)]


def test_every_table_says_how_its_rows_are_spread() -> None:
    made = {
        name for text in TEXTS for name in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", text)
    }

    assert made == set(SPREAD)


def test_nothing_is_left_to_fill_in() -> None:
    assert not [one for one in on_cluster() if "$" in one]
    assert not [one for text in TEXTS for one in statements(text) if "$" in one]


def test_the_engine_reads_the_statements_of_a_cluster(client: Client) -> None:
    for one in [*on_cluster(), *CHANGES]:
        written = client.query("SELECT formatQuery({text:String})", {"text": one}).result_rows[0][0]
        assert "ON CLUSTER portal" in written


def made(path: Path, texts: list[str]) -> dict[str, dict[str, str]]:
    """Run statements in an engine of their own; without ON CLUSTER, for it runs no queue of DDL."""
    (path / "config.xml").write_text(CONFIGURATION)
    plain = [one.replace(" ON CLUSTER `portal`", "") for one in texts]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        input=orjson.dumps(plain), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    rows = map(orjson.loads, filter(None, done.stdout.splitlines()))
    return {row["name"]: row for row in rows}


def test_the_tables_of_a_cluster_can_be_made(tmp_path: Path) -> None:
    tables = made(tmp_path, [one for one in on_cluster() if "CREATE TABLE" in one])

    spread = {table: key for table, key in SPREAD.items() if key}
    assert set(tables) == set(SPREAD) | set(map(local, spread))
    for table, key in spread.items():
        expected = f"Distributed('portal', 'default', '{table}_local', {key})"
        assert tables[table]["engine_full"] == expected
    stored = [one for name, one in tables.items() if name not in spread]
    assert all(one["engine"].startswith("Replicated") for one in stored)
    assert "'/clickhouse/portal/{shard}/" in tables["events_local"]["engine_full"]
    assert "'/clickhouse/portal/everywhere/" in tables["person_overrides"]["engine_full"]


def test_the_tables_of_a_cluster_can_be_changed(tmp_path: Path) -> None:
    """Replicated tables need a Keeper that runs on; what changes them is the same for others."""
    engine = re.compile(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?")

    tables = made(tmp_path, [engine.sub(r"\1(", one) for one in on_cluster()])

    assert tables["events_local"]["engine"] == "MergeTree"


def test_a_column_is_added_to_the_shards_and_to_what_reads_them() -> None:
    text = "ALTER TABLE events $on_cluster ADD COLUMN IF NOT EXISTS plan String"

    assert statements(text, CLUSTER) == [
        "ALTER TABLE events_local ON CLUSTER `portal` ADD COLUMN IF NOT EXISTS plan String",
        "ALTER TABLE events ON CLUSTER `portal` ADD COLUMN IF NOT EXISTS plan String",
    ]


def test_a_projection_is_added_to_the_shards_only() -> None:
    text = "ALTER TABLE events $on_cluster ADD PROJECTION IF NOT EXISTS p (SELECT count())"

    assert [one.split()[2] for one in statements(text, CLUSTER)] == ["events_local"]


def test_a_query_that_can_be_added_up_runs_on_the_shards() -> None:
    query = Query(
        "SELECT name, count() AS n FROM events GROUP BY name", sharded=added("n", by=["name"])
    )

    found = placed(query, CLUSTER, is_settled=True)

    assert "FROM `default`.events_local AS events" in found.sql
    assert found.sql.startswith("SELECT name, sum(shards.n) AS n FROM cluster('portal', view(")
    assert placed(query, None, is_settled=True) is query


def test_a_cluster_that_the_server_does_not_know_stops_the_start(
    store_schema: None, settings: Settings
) -> None:
    settings.CLICKHOUSE_CLUSTER = "nowhere"

    with pytest.raises(CommandError, match="CLICKHOUSE_CLUSTER='nowhere' is no cluster of this"):
        call_command("migrate_store")


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("portal", "", "CLICKHOUSE_CLUSTER='portal' has a meaning only with CLICKHOUSE_URL"),
        ("a'b", "http://host:8123/portal", "should be a plain name, such as portal"),
    ],
)
def test_a_cluster_setting_without_meaning_stops_the_start(
    tmp_path: Path, name: str, url: str, expected: str
) -> None:
    given = {"PORTAL_DATA_DIR": str(tmp_path), "CLICKHOUSE_CLUSTER": name, "CLICKHOUSE_URL": url}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_doctor_names_what_a_node_lacks() -> None:
    whole = frozenset(SPREAD) | {local(table) for table in SPREAD}
    found = [
        nodes.Node("one", whole, frozenset()),
        nodes.Node("two", whole - {"events"}, frozenset({"events_local"})),
    ]

    assert nodes.problems(found) == [
        "two has no events: run manage.py migrate_store --again",
        "two cannot write events_local: look at Keeper",
    ]


def test_the_example_of_a_configuration_is_one_that_the_portal_accepts(tmp_path: Path) -> None:
    """Its hosts do not exist here, so this machine stands in for them."""
    text = (ROOT / "deploy/clickhouse/cluster.xml").read_text()
    text = re.sub(r"<host>[\w-]+</host>", "<host>127.0.0.1</host>", text)
    text = re.sub(r"<zookeeper>.*</zookeeper>", TEST_KEEPER, text, flags=re.DOTALL)
    (tmp_path / "config.xml").write_text(text)
    asked = (
        "SELECT cluster, max(shard_num) AS shards, count() AS nodes FROM system.clusters"
        " WHERE cluster = 'portal' GROUP BY cluster",
        "SELECT groupArray(macro) AS macros FROM (SELECT macro FROM system.macros ORDER BY macro)",
    )

    done = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path), *asked],
        env=os.environ | {"CLICKHOUSE_CLUSTER_SECRET": "only-for-tests"},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip

    rows = [orjson.loads(line) for line in done.stdout.splitlines() if line]
    assert rows == [
        {"cluster": "portal", "shards": 2, "nodes": 4},
        {"macros": ["replica", "shard"]},
    ]


def test_the_doctor_asks_every_node(tmp_path: Path, settings: Settings) -> None:
    with running_engine(tmp_path, module="tests.store.two_shards") as engine:
        settings.CLICKHOUSE_URL = f"{engine.url}default"
        settings.CLICKHOUSE_CLUSTER = "portal"
        nodes.check()
        store.command("CREATE TABLE events (a UInt8) ENGINE = Memory")

        ((node, *_), shards) = nodes.look(CLUSTER), nodes.shards(CLUSTER)

    assert node.tables == {"events"}
    assert shards == 2
