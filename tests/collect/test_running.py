"""The collecting job of a running portal: it tells of every process, and outlives Valkey."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.collect.conftest import Page
from tests.running import RunningPortal, eventually, free_port, running_portal
from tests.test_metrics import PREFIX, REPLACED

pytestmark = [pytest.mark.slow]  # one portal for all

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
CONFIG = """
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: openmetrics
    static_configs: [{{targets: ["127.0.0.1:{portal}"]}}]
  - job_name: text
    static_configs: [{{targets: ["127.0.0.1:{text}"]}}]
"""
READY = " ready."  # what a worker logs
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


@pytest.fixture(scope="module")
def api(portal: RunningPortal) -> Iterator[httpx.Client]:
    portal.command("create_staff", "scraping@example.com", "--role", "admin")
    token = portal.command("create_token", "scraping@example.com")
    with httpx.Client(
        base_url=portal.url, headers={"Authorization": f"Bearer {token}"}, timeout=20
    ) as found:
        yield found


def points(api: httpx.Client, query: str) -> list[tuple[float, str]]:
    """Ask PromQL for one series, now or over a range: its times and values."""
    answer = api.get("/prometheus/api/v1/query", params={"query": query})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["data"]["result"] or [{"value": []}]
    return [(ts, value) for ts, value in found.get("values") or filter(None, [found["value"]])]


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server of others; skip where it is not installed."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def worker_killed(portal: RunningPortal) -> tuple[float, float]:
    """Kill the worker and wait for the next one; return when it ended, and when that was ready."""
    log = portal.data_dir / "output.log"
    before = log.read_text(errors="replace").count(READY)
    ended = datetime.now(tz=UTC).timestamp()
    portal.kill("worker")  # beat is a thread of it, and dies with it
    eventually(
        lambda: log.read_text(errors="replace").count(READY) > before,
        within_s=60, what="another worker is ready",
    )  # fmt: skip
    return ended, datetime.now(tz=UTC).timestamp()


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


def test_all_that_the_replaced_system_counted_is_there_from_the_start(
    portal: RunningPortal,
) -> None:
    def told() -> set[str]:
        text = httpx.get(f"{portal.url}/metrics").text
        return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}

    by_name = ("event_", "custom_")  # there once something of that name came
    wanted = {f"{PREFIX}{name}" for name in REPLACED if not name.startswith(by_name)}
    eventually(lambda: told() >= wanted, within_s=20, what="all of them are on /metrics")


def test_a_killed_worker_costs_at_most_one_round_of_health_checks(portal: RunningPortal) -> None:
    def rounds() -> list[list[object]]:
        return asked(
            portal,
            "SELECT toUnixTimestamp(ts), count(), sum(value) FROM samples FINAL WHERE series IN"
            " (SELECT id FROM series WHERE name LIKE '%health_check_status') GROUP BY ts ORDER BY ts",
        )

    def since(moment: float) -> list[tuple[int, int, int]]:
        found = [(int(str(at)), int(str(all_)), int(str(well))) for at, all_, well in rounds()]
        return [one for one in found if one[0] > moment]

    eventually(rounds, within_s=45, what="the first round of checks")
    text = httpx.get(f"{portal.url}/metrics").text
    ended, ready = worker_killed(portal)
    eventually(lambda: since(ready), within_s=60, what="the next round")

    assert 'health_check_status{check="valkey"} 1.0' in text
    assert {at % 30 for at, _, _ in since(0)} == {0}
    assert since(ready)[0][0] < ready + 30  # the first slot that there was somebody for
    # A gap, and no false zero.
    assert {(checks, well) for _, checks, well in since(ended - 30)} == {(3, 3)}


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


def test_a_real_node_exporter_is_scraped_and_its_end_is_seen(api: httpx.Client) -> None:
    address = f"127.0.0.1:{free_port()}"
    target = {"name": "node", "url": f"http://{address}/metrics", "interval": 5}

    with running("prometheus-node-exporter", f"--web.listen-address={address}"):
        path = (
            f"/api/v1/scrape_targets/{api.post('/api/v1/scrape_targets', json=target).json()['id']}"
        )
        eventually(lambda: points(api, "node_load1"), within_s=30, what="its series are there")
        found = api.get(path).json()
        assert (found["state"], found["last_error"]) == ("up", "")
        assert found["samples"] > 200
        before = points(api, 'count({job="node"})')[0][1]
    eventually(
        lambda: api.get(path).json()["state"] == "down", within_s=30, what="it is seen to be down"
    )

    eventually(lambda: not points(api, "node_load1"), within_s=10, what="its series are stale")
    assert int(before) > 200
    assert points(api, 'up{job="node"}')[0][1] == "0"
    assert points(api, 'count({job="node"})')[0][1] == "5"  # what the portal says of it
    assert "could not be called" in api.get(path).json()["last_error"]
    api.delete(path)


def test_a_killed_worker_costs_one_slot_at_most_and_no_false_zero(
    portal: RunningPortal, api: httpx.Client
) -> None:
    up = 'up{job="portal",instance="web"}[5m]'
    eventually(lambda: points(api, up), within_s=40, what="the portal is scraped")

    ended, ready = worker_killed(portal)
    eventually(
        lambda: len([at for at, _ in points(api, up) if at > ready]) >= 2,
        within_s=60, what="it goes on",
    )  # fmt: skip

    found = [(at, value) for at, value in points(api, up) if at > ended - 10]
    assert {value for _, value in found} == {"1"}
    slots = [at // 10 for at, _ in found]  # one that was scraped late bears its own time
    assert len(set(slots)) == len(slots)
    # One, or on a slow machine as many as were due (or at hand) while there was no worker.
    nobody_there = range(int(ended - 2) // 10 + 1, int(ready) // 10 + 1)
    missed = set(range(int(min(slots)), int(max(slots)))) - set(slots)
    assert len(missed) <= max(1, len(nobody_there))


def test_a_real_prometheus_scrapes_the_portal_in_both_formats(
    portal: RunningPortal, page: Page, tmp_path: Path
) -> None:
    text = httpx.get(f"{portal.url}/metrics", headers={"Accept": "text/plain;version=0.0.4"})
    page.body, page.headers = text.content, {"Content-Type": text.headers["Content-Type"]}
    openmetrics = httpx.get(f"{portal.url}/metrics", headers={"Accept": OPENMETRICS})
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text")
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.format(portal=portal.port, text=page.port))
    port = free_port()

    def scraped() -> dict[str, float]:
        """Return how many samples it took by job, of those that are up."""
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{port}/api/v1/query",
                params={"query": "scrape_samples_scraped and on (job) up == 1"},
            ).json()
        except httpx.HTTPError:
            return {}
        rows = answer["data"]["result"]
        return {row["metric"]["job"]: float(row["value"][1]) for row in rows}

    with running(
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ):  # fmt: skip
        eventually(lambda: len(scraped()) == 2, within_s=30, what="both are up")
        assert min(scraped().values()) > 50


def test_an_audit_entry_is_sealed_within_seconds_and_verified_from_a_second_terminal(
    portal: RunningPortal,
) -> None:
    portal.command("create_source", "shop-of-the-audit")

    def head() -> int:
        file = portal.data_dir / "audit" / "heads.ndjson"
        lines = file.read_text().splitlines() if file.exists() else []
        return int(json.loads(lines[-1])["position"]) if lines else 0

    eventually(lambda: head() >= 2, within_s=10, what="a signed head over the new entries")
    eventually(
        lambda: " 0 wait" in portal.command("audit", "verify"), within_s=10, what="all is sealed"
    )
