"""The collecting job of a running portal: it tells of every process, and outlives Valkey."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.running import RunningPortal, eventually, running_portal

pytestmark = [pytest.mark.slow]  # one portal for all

PROCESSES = {"up", "engine", "postgres", "valkey", "web", "writer", "worker"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("collecting"), "--no-demo") as found:
        yield found


def asked(portal: RunningPortal, sql: str) -> list[list[object]]:
    """Ask the portal's engine itself."""
    endpoints = json.loads((portal.data_dir / "run" / "endpoints.json").read_text())
    parts = urlsplit(endpoints["CLICKHOUSE_URL"])
    answer = httpx.post(
        f"http://{parts.hostname}:{parts.port}/",
        params={"database": parts.path.strip("/"), "default_format": "JSONCompact"},
        content=sql, auth=(parts.username or "default", parts.password or ""),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    rows: list[list[object]] = answer.json()["data"]
    return rows


def slots_since(portal: RunningPortal, moment: datetime) -> int:
    found = asked(
        portal,
        "SELECT uniqExact(ts) FROM samples INNER JOIN series ON samples.series = series.id"
        f" WHERE name = 'up' AND value = 1 AND ts > toDateTime({int(moment.timestamp())}, 'UTC')",
    )
    return int(str(found[0][0]))


def test_metrics_tell_of_every_process(portal: RunningPortal) -> None:
    def seen() -> set[str]:
        text = httpx.get(f"{portal.url}/metrics").text
        return {
            sample.labels["process"]
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.endswith("process_resident_memory_bytes")
        }

    eventually(lambda: seen() >= PROCESSES, within_s=10, what="all processes are shown")


def test_figures_of_other_processes_than_web_are_in_its_page(portal: RunningPortal) -> None:
    def text() -> str:
        return httpx.get(f"{portal.url}/metrics").text

    # The writer looks after merges and the worker inserts samples; web does neither.
    eventually(lambda: 'table="ingest_merge"' in text(), within_s=15, what="the writer's queries")
    eventually(
        lambda: 'store_query_duration_seconds_count{operation="insert"' in text(),
        within_s=30, what="the worker's inserts",
    )  # fmt: skip


def test_counters_outlive_the_process_that_counted(portal: RunningPortal) -> None:
    def counted() -> float:
        text = httpx.get(f"{portal.url}/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.endswith("http_requests_total")
        )

    for _ in range(20):
        httpx.get(f"{portal.url}/healthz")
    before = counted()
    old = portal.processes()["web"]
    portal.kill("web")

    eventually(lambda: portal.processes().get("web", old) != old, within_s=20, what="a new web")
    eventually(portal.is_ready, within_s=20, what="web is back")
    assert counted() >= before


def test_without_valkey_only_the_slots_of_that_time_are_missing(portal: RunningPortal) -> None:
    began = datetime.now(tz=UTC)
    eventually(lambda: slots_since(portal, began) >= 1, within_s=40, what="samples come")

    portal.kill("valkey")
    after = datetime.now(tz=UTC)

    eventually(lambda: slots_since(portal, after) >= 1, within_s=60, what="samples come again")


def test_a_stopped_engine_costs_its_slots_and_nothing_more(portal: RunningPortal) -> None:
    engine = portal.processes()["engine"]
    os.kill(engine, signal.SIGSTOP)
    try:
        answer = httpx.get(f"{portal.url}/metrics", timeout=5)
        assert answer.status_code == 200
        assert "process_resident_memory_bytes" in answer.text
    finally:
        os.kill(engine, signal.SIGCONT)
    resumed = datetime.now(tz=UTC)

    eventually(lambda: slots_since(portal, resumed) >= 1, within_s=60, what="samples come again")
