"""Collecting a page of metrics into the engine, once per slot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.collect import scrape
from analytics.collect.actions import collect, slot_of
from analytics.collect.series import Series
from portal.celery import app
from portal.store import client
from portal.store.query import Query
from tests.collect.conftest import Page

# Samples older than 30 days are dropped by the engine at once, so the past has to be near.
AT = datetime.now(tz=UTC).replace(hour=10, minute=42, second=10, microsecond=0) - timedelta(days=2)
RECORDED = (
    Path(__file__).resolve().parents[3] / "shared/data/metrics/node_exporter_1.5.0_metrics.txt"
)


def kept(labels: Mapping[str, str]) -> dict[str, list[tuple[datetime, float]]]:
    """Return the kept samples of one instance, by metric name."""
    rows = client.run(
        Query(
            "SELECT name, ts, value FROM samples FINAL INNER JOIN (SELECT * FROM series FINAL)"
            " AS known ON samples.series = known.id"
            " WHERE labels['instance'] = {instance:String} ORDER BY name, ts",
            {"instance": labels["instance"]},
        )
    ).rows()
    found: dict[str, list[tuple[datetime, float]]] = {}
    for name, ts, value in rows:
        found.setdefault(name, []).append((ts, value))
    return found


def test_a_slot_is_the_beginning_of_ten_seconds() -> None:
    assert slot_of(AT + timedelta(seconds=3.7)) == AT
    assert slot_of(AT + timedelta(seconds=9.999)) == AT
    assert slot_of(AT + timedelta(seconds=10)) == AT + timedelta(seconds=10)


def test_samples_bear_the_slots_time_and_the_targets_labels(page: Page) -> None:
    page.text = 'orders_total{shop="a"} 5\norders_total{shop="b"} 7\n'

    collect(page.target, AT)

    found = kept(page.target.labels)
    assert sorted(found["orders_total"]) == [(AT, 5.0), (AT, 7.0)]
    assert found["up"] == [(AT, 1.0)]
    assert found["scrape_samples_scraped"] == [(AT, 2.0)]


def test_a_job_that_runs_twice_in_a_slot_keeps_one_sample(page: Page) -> None:
    page.text = "orders_total 5\n"
    collect(page.target, AT)
    page.text = "orders_total 6\n"

    collect(page.target, AT)

    assert kept(page.target.labels)["orders_total"] == [(AT, 5.0)]


def test_a_target_that_is_away_leaves_only_that_it_is_not_up(page: Page) -> None:
    page.text, page.status = "orders_total 5\n", 503

    collect(page.target, AT)

    found = kept(page.target.labels)
    assert found["up"] == [(AT, 0.0)]
    assert "orders_total" not in found


def test_a_target_that_comes_back_in_the_same_slot_counts_as_up(page: Page) -> None:
    page.text, page.status = "orders_total 5\n", 503
    collect(page.target, AT)
    page.status = 200

    collect(page.target, AT)

    found = kept(page.target.labels)
    assert found["up"] == [(AT, 1.0)]
    assert found["orders_total"] == [(AT, 5.0)]


@pytest.mark.parametrize("text", ["this is { not a metric\n", "a 1\n" * 20_001])
def test_a_page_that_cannot_be_read_or_is_too_long_keeps_nothing(page: Page, text: str) -> None:
    page.text = text

    collect(page.target, AT)

    assert kept(page.target.labels)["up"] == [(AT, 0.0)]
    assert "a" not in kept(page.target.labels)


def test_a_page_of_many_megabytes_is_refused(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "LARGEST_PAGE_BYTES", 1000)
    page.text = "# " + "x" * 2000

    with pytest.raises(scrape.ScrapeFailed, match="more than 1000 bytes"):
        scrape.fetch(page.target, timeout_s=2)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded page is not on this machine")
def test_a_recorded_page_of_node_exporter_is_kept_whole(page: Page) -> None:
    page.text = RECORDED.read_text()
    lines = [line for line in page.text.splitlines() if line and not line.startswith("#")]

    count = collect(page.target, AT)

    found = kept(page.target.labels)
    assert count == len(lines) + 3
    assert sum(len(samples) for samples in found.values()) == count


def test_a_series_is_the_same_whatever_the_order_of_its_labels() -> None:
    first = Series.of("up", {"job": "a", "instance": "b"})
    second = Series.of("up", {"instance": "b"}, {"job": "a", "empty": ""})

    assert first == second
    assert first.id == second.id
    assert first.id != Series.of("up", {"job": "ab"}).id


def test_the_job_stands_in_the_table_of_periodic_jobs_and_runs_every_ten_seconds() -> None:
    entry = app.conf.beat_schedule["collect own metrics"]

    assert entry["task"] in {*app.tasks, "analytics.collect.tasks.collect_own_metrics"}
    assert entry["schedule"].run_every == timedelta(seconds=10)
    assert entry["options"]["expires"] < 10
