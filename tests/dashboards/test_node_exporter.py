"""The best known public dashboard, imported, shows the figures of a real node exporter."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from analytics.promql.completing import metrics_of
from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.grafana.expressions import sampled
from portal.lib import clock
from tests.conftest import TokenClient
from tests.people import People
from tests.running import eventually, free_port

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
FILE = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "grafana" / "node-exporter-full.json"
)
SCRAPED_EVERY, SCRAPES = timedelta(seconds=15), 16


@pytest.fixture
def exporter() -> Iterator[str]:
    """Run a node exporter; gives where it listens."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        ["prometheus-node-exporter", f"--web.listen-address={address}"], stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: is_there(address), within_s=30, what="the exporter answers")
        yield address
    finally:
        process.kill()
        process.wait()


def scraped(url: str, labels: dict[str, str]) -> set[str]:
    """Fetch the exporter's page many times, and keep it as of a quarter of a minute each."""
    now, names = clock.now(), set()
    for index in range(SCRAPES, 0, -1):
        text = httpx.get(url, timeout=10).text
        found = [
            (Series.of(sample.name, sample.labels, labels), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
        names |= {series.name for series, _ in found}
        up = (Series.of("up", {}, labels), 1.0)
        write(Batch.of_instant([*found, up], now - (index - 1) * SCRAPED_EVERY), token=uuid4().hex)
    return names


@pytest.mark.skipif(shutil.which("prometheus-node-exporter") is None, reason="needs the package")
@pytest.mark.skipif(not FILE.exists(), reason="the dashboard is beside the project")
def test_every_panel_whose_metrics_are_there_shows_them(
    exporter: str, people: People, call: TokenClient
) -> None:
    api, job = call(people.editor), uuid4().hex
    there = scraped(f"http://{exporter}/metrics", {"job": job, "instance": exporter}) | {"up"}

    board = api.post(
        "/api/v1/dashboards/import", FILE.read_bytes(), content_type="application/json"
    ).json()["dashboard"]
    answer = api.get(
        f"/api/v1/dashboards/{board['uid']}/data",
        {"from": "-15m", "var-job": job, "var-node": exporter},
    ).json()

    asked = [one for one in board["widgets"] if one["source"] == "promql"]
    due = [one for one in asked if any(metrics <= there for metrics in metrics_in(one))]
    states = {one["title"]: answer["data"][one["id"]]["data"]["state"] for one in due}
    failed = {
        tuple(found["meta"]["warnings"])
        for one in asked
        if (found := answer["data"][one["id"]]["data"])["state"] == "error"
    }
    without = sorted(title for title, state in states.items() if state != "ok")
    # On a machine that is busy with other tests a query may run out of time.
    assert {one for one in failed if "timed out" not in one[0]} == set()
    assert len(due) > 60
    assert failed or len(without) <= len(due) // 10, without


def is_there(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/metrics", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def metrics_in(widget: dict[str, Any]) -> list[set[str]]:
    queries = [widget["query"], *(one["query"] for one in widget["config"].get("also", ()))]
    return [set(metrics_of(sampled(query))) for query in queries]
