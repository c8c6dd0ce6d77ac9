"""Series on a cluster of two shards are read, looked up and computed as on one engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Range
from analytics.promql.pushdown import PushingStorage
from analytics.series.announcing import announcer
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import SETTINGS, EngineStorage
from portal.store import client, migrate
from portal.store.cluster import SPREAD, local
from portal.store.restricting import SETTING, written
from tests.series.conftest import T0, keep, rows_of
from tests.store.engines import running_engine

HOUR = 3_600_000
TABLES = ("series", "samples")
# Both shards are the engine itself: this leaves each its own rows.
OF_SHARD = {f"default.{local(table)}": f"{SPREAD[table]} % 2 = shardNum() - 1" for table in TABLES}


@pytest.fixture
def engine_of_two_shards(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """Ask an engine that is two shards, before its tables are spread."""
    with running_engine(tmp_path, module="tests.store.two_shards") as engine:
        settings.CLICKHOUSE_URL = f"http://default:@127.0.0.1:{engine.port}/default"
        for text in (file.read_text() for file in migrate.files()):
            for one in migrate.statements(text):
                if re.search(rf"TABLE (IF NOT EXISTS )?({'|'.join(TABLES)})\b", one):
                    client.command(one)
        announcer.forget()
        yield
    announcer.forget()


def spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each shard have its own half of what was written."""
    for table in TABLES:
        client.command(f"RENAME TABLE {table} TO {local(table)}")
        client.command(
            f"CREATE TABLE {table} AS {local(table)}"
            f" ENGINE = Distributed('portal', 'default', '{local(table)}', {SPREAD[table]})"
        )
    filters = {SETTING: written(OF_SHARD)}
    monkeypatch.setattr("analytics.series.reading.SETTINGS", {**SETTINGS, **filters})


@pytest.mark.usefixtures("engine_of_two_shards")
def test_two_shards_answer_like_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        Series.of("orders_total", {"n": str(n)}): [(s, float(n * s)) for s in range(0, 3600, 10)]
        for n in range(20)
    }
    keep({one: [(second, 7.0) for second, _ in rows] for one, rows in wanted.items()})
    keep(wanted)
    spread(monkeypatch)
    named, storage = [Matcher("__name__", "=", "orders_total")], EngineStorage()

    found = storage.select(named, T0 - 1, T0 + HOUR)
    outcome = evaluate(
        "sum(rate(orders_total[5m]))",
        Range(T0 + 600_000, T0 + 3_000_000, 300_000),
        PushingStorage(),
    )

    assert rows_of(found) == wanted
    assert storage.label_values("n", [named], T0, T0 + HOUR) == sorted(str(n) for n in range(20))
    assert storage.find_series([named], T0, T0 + HOUR) == sorted(wanted, key=lambda one: one.labels)
    assert outcome.stats.pushed_down == 1
    assert outcome.values.tolist() == [pytest.approx([190.0] * 9)]
