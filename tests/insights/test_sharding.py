"""A cluster answers what one engine answers: the rule that all rows of a person lie on one shard.

Two clusters stand in for a real one. In the first, two engine processes hold half of the persons
each, and the test merges their answers as a query says. The second is one process that is two
shards to itself, so that the engine's own way through a cluster is taken, Distributed tables too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from pytest_django.fixtures import Settings

from analytics.insights.definitions.window import parse_asked
from analytics.insights.models import Cohort
from portal.lib import clock
from portal.store import client, nodes, sources
from portal.store.cluster import SPREAD, Cluster, local, of_unsettled, on_shard
from portal.store.frame import Frame
from portal.store.models import Epoch
from portal.store.query import Query
from portal.store.sources import Question, ask
from tests.insights.conftest import at
from tests.insights.events import Event, load, person_of, person_property
from tests.store.engines import EngineProcess, running_engine

AS_OF = at("2026-03-20")
RANGE = {"from": "2026-02-01", "to": "2026-03-15"}
SHARDS = 2
USERS = [f"user-{number}" for number in range(40)]
# Joined a moment ago: their rows lie where the loser's hash says.
MERGED = {f"user-{number}": f"user-{number + 1}" for number in range(0, 20, 2)}
TABLES = ("events", "person_properties", "person_overrides")
_number = count(1)


def history() -> list[Event]:
    """Return six weeks of some people, busy and quiet ones, and of nobody."""
    dice = random.Random(7)
    start = at("2026-01-25")
    return [
        Event(
            name=dice.choice(["visit", "visit", "search", "order"]),
            at=start + timedelta(minutes=dice.randrange(50 * 24 * 6) * 10),
            user=dice.choice([*USERS, *USERS[:8], ""]),
            session=dice.choice(["", "", "s1", "s2", "s3"]),
            platform=dice.choice(["web", "ios", ""]),
            properties={
                "plan": dice.choice(["free", "pro", "team", 5, True]),
                "price": dice.choice([1, 2.5, 10, 0]),
            },
        )
        for _ in range(1_500)
    ]


def trend(math: str, **more: Any) -> tuple[str, dict[str, Any]]:
    series = {"event": None, "math": math} | (
        {"property": "price"} if math in {"sum", "avg", "min", "max", "median", "p90"} else {}
    )
    return "trend", {"series": [series], **more}


STEPS = [{"event": "visit"}, {"event": "search"}, {"event": "order"}]
BY_PLAN = {"property": "plan", "limit": 2}
BY_COUNTRY = {"property": "country", "of": "person", "limit": 2}
LIVES_IN = {"property": "country", "op": "=", "value": "DE", "of": "person"}
HAS_NO_COUNTRY = {"property": "country", "op": "is_not_set", "of": "person"}
MATHS = (
    "total", "unique_users", "unique_sessions", "per_user_average", "sum", "avg", "min", "max",
    "median", "p90", "wau", "mau",
)  # fmt: skip
RETENTIONS = ("recurring", "first_time", "first_ever", "first_in_range")
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    *(trend(math) for math in MATHS),
    *(trend(math, breakdown=BY_PLAN, interval="week") for math in MATHS),
    *(trend(math, breakdown=BY_COUNTRY) for math in ("total", "unique_users", "median", "wau")),
    *(trend(math, where=[LIVES_IN]) for math in ("total", "unique_users", "avg")),
    *(trend(math, where=[HAS_NO_COUNTRY]) for math in ("total", "unique_users", "avg")),
    trend("unique_users", sampling=0.5, compare="previous_period"),
    *(
        ("funnel", {"steps": STEPS, "order": order, **more})
        for order in ("ordered", "strict", "any")
        for more in ({}, {"breakdown": BY_PLAN, "trend_interval": "week"}, {"where": [LIVES_IN]})
    ),
    ("funnel", {"steps": STEPS, "exclusions": [{"event": "visit"}]}),
    ("funnel", {"steps": STEPS, "breakdown": BY_COUNTRY}),
    *(
        ("retention", {"start_event": "visit", "return_event": "order", "interval": "week",
                       "periods": 4, "kind": kind, **more})
        for kind in RETENTIONS
        for more in ({}, {"breakdown": BY_PLAN}, {"min_occurrences": 2, "where": [LIVES_IN]})
    ),
    ("lifecycle", {"event": "visit", "interval": "week"}),
    ("stickiness", {"event": None, "interval": "day"}),
    ("stickiness", {"event": "order", "where": [HAS_NO_COUNTRY]}),
    ("paths", {"steps": 4, "start": "visit"}),
    ("paths", {"steps": 3, "min_users": 3, "by": {"property": "$platform"}}),
    ("events", {"limit": 50}),
]  # fmt: skip
BEHAVED = {
    "and": [
        {"did": "order", "at_least": 2},
        {"not": {"did": "search", "then": "order", "within": {"value": 1, "unit": "day"}}},
    ]
}


def title(question: tuple[str, dict[str, Any]]) -> str:
    kind, body = question
    math = body["series"][0]["math"] if kind == "trend" else body.get("kind", "")
    return " ".join([kind, math, *(name for name in body if name not in {"series", "kind"})])


def asked(kind: str, body: dict[str, Any]) -> Frame:
    found = parse_asked(body | (RANGE if kind != "events" else {}), AS_OF, "UTC")
    return ask(kind, Question(found.params, found.window, AS_OF), refresh=True)


def alike(frame: Frame) -> Any:
    """Return an answer without its cost; sums of floats depend on their order."""
    return rounded([list(cells) for cells in frame.values]), rounded(frame.extra)


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value


@dataclass
class TwoEngines:
    """Two engines with half of the persons each, and the suite's, which has them all and merges."""

    shards: list[Client]
    merged: list[str] = field(default_factory=list)  # of each query that was asked of them
    made: list[str] = field(default_factory=list)  # tables of answers

    def run(self, query: Query) -> client.Result:
        return client.run(self.gathered(query))

    def read_columns(self, query: Query) -> client.Columns:
        return client.read_columns(self.gathered(query))

    def gathered(self, query: Query) -> Query:
        """Ask the shards, put their answers into one table, and return what reads it.

        What shards cannot answer alone reads all rows, as a Distributed table does.
        """
        if query.sharded is None:
            return query
        each = query.sharded.each or query.sql
        is_settled = Epoch.current().pending_overrides == 0
        there, here = Cluster("portal", "default"), Cluster("portal", nodes.database())
        own = on_shard(each, there, is_settled=is_settled)
        table = f"answers_{next(_number)}"
        values = dict(query.params)
        described = self.shards[0].query(f"DESCRIBE TABLE (\n{own}\n)", parameters=values)
        made = ", ".join(f"`{row[0]}` {row[1]}" for row in described.result_rows)
        client.command(f"CREATE TABLE {table} ({made}) ENGINE = Memory")
        answers = [shard.raw_query(own, parameters=values, fmt="Native") for shard in self.shards]
        if not is_settled:
            rest = of_unsettled(each, here)
            answers.append(client.connection().raw_query(rest, parameters=values, fmt="Native"))
        for answer in answers:
            if answer:
                client.connection().raw_insert(table, insert_block=answer, fmt="Native")
        self.merged.append(query.sql)
        self.made.append(table)
        merge = query.sharded.merge.replace("FROM shards", f"FROM {table} AS shards")
        return Query(merge, query.params, query.settings)


def shard_of(event: Event) -> int:
    """Return where the engine's own hash puts a person."""
    ((found,),) = client.run(
        Query(f"SELECT cityHash64(toUInt64({event.person})) % {SHARDS}")
    ).rows()
    return int(found)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[EngineProcess]]:
    with ExitStack() as running:
        yield [
            running.enter_context(running_engine(tmp_path_factory.mktemp(f"shard-{number}")))
            for number in range(SHARDS)
        ]


@pytest.fixture
def everything(db: None, store_schema: None, empty_cache: None) -> list[Event]:
    loaded = load(history())
    client.command("TRUNCATE TABLE person_overrides")
    for number, user in enumerate(USERS[:25]):
        # At different times: of two joined persons the latest value counts.
        told_at = at("2026-02-01") + timedelta(minutes=number)
        person_property(user, "country", ["DE", "US", "FR"][number % 3], told_at)
    return loaded


@pytest.fixture
def two_engines(engines: list[EngineProcess], everything: list[Event]) -> Iterator[TwoEngines]:
    """Deal what the suite's engine holds to two engines, by the rule."""
    opened = [engine.client() for engine in engines]
    homes = {one.person: shard_of(one) for one in {e.person: e for e in everything}.values()}
    for number, shard in enumerate(opened):
        for table in TABLES:
            shard.command(f"DROP TABLE IF EXISTS {stored(table)}")
            made = client.connection().query(f"SHOW CREATE TABLE {table}").result_rows[0][0]
            shard.command(str(made).replace(f"{nodes.database()}.{table}", stored(table), 1))
        copy(shard, [person for person, home in homes.items() if home == number])
    found = TwoEngines(opened)
    yield found
    for table in found.made:
        client.command(f"DROP TABLE {table}")


def stored(table: str) -> str:
    return local(table) if SPREAD[table] else table


def copy(shard: Client, people: Sequence[int]) -> None:
    for table, condition in (
        ("events", "actor IN {people:Array(UInt64)}"),
        ("person_properties", "person IN {people:Array(UInt64)}"),
        ("person_overrides", "1"),
    ):
        rows = client.connection().raw_query(
            f"SELECT * FROM {table} WHERE {condition}", parameters={"people": people}, fmt="Native"
        )
        if rows:
            shard.raw_insert(stored(table), insert_block=rows, fmt="Native")


@pytest.fixture
def merge_persons(everything: list[Event]) -> Callable[[], None]:
    """Join some persons as the writer does, before their rows are moved."""

    def merge() -> None:
        pairs = [(person_of(loser), person_of(winner)) for loser, winner in MERGED.items()]
        rows = {"loser": [a for a, _ in pairs], "winner": [b for _, b in pairs],
                "version": [1] * len(pairs), "is_deleted": [0] * len(pairs)}  # fmt: skip
        client.insert("person_overrides", rows, token=f"merge-{next(_number)}")
        Epoch.move(pending_overrides=len(pairs))

    return merge


def cohort() -> dict[str, Any]:
    now = clock.now()
    row = Cohort.objects.create(name="X", definition=BEHAVED, created_at=now, updated_at=now)
    return {"cohort": row.pk}


def listed() -> dict[str, Any]:
    """Return a filter by a list of persons, which goes with the query as a table."""
    now = clock.now()
    row = Cohort.objects.create(
        name=f"List {next(_number)}",
        definition={"kind": "static"},
        user_ids=USERS[::2],
        listed=20,
        created_at=now,
        updated_at=now,
    )
    return {"cohort": row.pk}


def all_questions() -> list[tuple[str, dict[str, Any]]]:
    filtered = [cohort()]
    return [
        *QUESTIONS,
        ("trend", trend("unique_users", where=filtered)[1]),
        ("trend", trend("total", where=filtered)[1]),
        ("trend", trend("avg", where=filtered)[1]),
        ("funnel", {"steps": STEPS, "where": filtered}),
    ]


@pytest.mark.parametrize("is_settled", [True, False], ids=["at home", "merged a moment ago"])
def test_two_engines_of_half_the_persons_answer_like_one(
    everything: list[Event], merge_persons: Callable[[], None], engines: list[EngineProcess],
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Settings,
    is_settled: bool,
) -> None:  # fmt: skip
    if not is_settled:
        merge_persons()
    questions = all_questions()
    expected = [alike(asked(kind, body)) for kind, body in questions]
    cluster: TwoEngines = request.getfixturevalue("two_engines")
    monkeypatch.setattr(sources, "client", cluster)
    monkeypatch.setattr(sources, "placed", lambda query, *_, **__: query)
    settings.CLICKHOUSE_CLUSTER = "portal"

    found = [alike(asked(kind, body)) for kind, body in questions]

    for question, one, other in zip(questions, found, expected, strict=True):
        assert one == other, title(question)
    assert len(cluster.merged) > len(questions) * 2 / 3


@pytest.fixture(scope="module")
def two_shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    path = tmp_path_factory.mktemp("two-shards")
    with running_engine(path, module="tests.store.two_shards") as process:
        yield process


def spread(engine: EngineProcess) -> str:
    """Give an engine that is two shards all rows, and return the URL of its two databases.

    Database `whole` holds them; in `spread` a shard's own table is a view that looks at the shard's
    number, and the tables that queries name are Distributed, as on any cluster.
    """
    with engine.client() as opened:
        for database in ("whole", "spread"):
            opened.command(f"DROP DATABASE IF EXISTS {database} SYNC")
            opened.command(f"CREATE DATABASE {database}")
        for table in TABLES:
            made = client.connection().query(f"SHOW CREATE TABLE {table}").result_rows[0][0]
            home = "whole" if SPREAD[table] else "spread"
            opened.command(made.replace(f"{nodes.database()}.{table}", f"{home}.{table}", 1))
            rows = client.connection().raw_query(f"SELECT * FROM {table}", fmt="Native")
            if rows:
                opened.raw_insert(f"{home}.{table}", insert_block=rows, fmt="Native")
            if key := SPREAD[table]:
                opened.command(
                    f"CREATE VIEW spread.{table}_local AS SELECT * FROM whole.{table}"
                    f" WHERE {key} % {SHARDS} = shardNum() - 1"
                )
                opened.command(
                    f"CREATE TABLE spread.{table} AS whole.{table}"
                    f" ENGINE = Distributed('portal', 'spread', '{table}_local', {key})"
                )
    return f"http://default:@127.0.0.1:{engine.port}/spread"


@pytest.mark.parametrize("is_settled", [True, False], ids=["at home", "merged a moment ago"])
def test_a_cluster_of_two_shards_answers_like_one_engine(
    everything: list[Event], merge_persons: Callable[[], None], two_shards: EngineProcess,
    settings: Settings, is_settled: bool,
) -> None:  # fmt: skip
    if not is_settled:
        merge_persons()
    questions = [
        *all_questions(),
        ("trend", trend("unique_users", where=[listed()])[1]),
        ("trend", trend("avg", where=[listed()])[1]),
        ("funnel", {"steps": STEPS, "where": [listed()]}),
    ]
    expected = [alike(asked(kind, body)) for kind, body in questions]
    settings.CLICKHOUSE_URL = spread(two_shards)
    settings.CLICKHOUSE_CLUSTER = "portal"

    found = [alike(asked(kind, body)) for kind, body in questions]

    for question, one, other in zip(questions, found, expected, strict=True):
        assert one == other, title(question)
