"""What the sample company's services tell: counters that agree with the events."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.collect.demo.history import History
from analytics.collect.demo.services import EVERY_S, Services, as_body, moment_of, past_of
from analytics.collect.demo.trickle import Shop

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
DAY_S = 86_400


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    days = History(NOW.date(), 1, told_days=2).days(NOW)
    told = [event for day in days for event in day]
    return [event for event in told if moment_of(event) >= NOW.timestamp() - DAY_S]


@pytest.fixture(scope="module")
def told(events: list[dict[str, Any]]) -> list[dict[str, list[dict[str, Any]]]]:
    return list(past_of(events, NOW.timestamp(), random.Random(1)))


def labels_of(point: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"]["stringValue"] for one in point["attributes"]}


def test_the_counters_of_errors_agree_with_the_events(
    events: list[dict[str, Any]], told: list[dict[str, list[dict[str, Any]]]]
) -> None:
    occurred = Counter(
        event["properties"]["type"] + event["properties"]["component"]
        for event in events
        if event["name"] == "error_occurred"
    )

    counted = {
        labels_of(point)["type"] + labels_of(point)["component"]: point["asDouble"]
        for point in told[-1]["errors_total"]
    }

    assert sum(occurred.values()) > 30
    assert counted == occurred
    assert all(point["asDouble"] == 0 for point in told[0]["errors_total"])  # births before errors


def test_counters_never_fall_and_the_last_hour_is_told_in_full(
    told: list[dict[str, list[dict[str, Any]]]],
) -> None:
    detailed = [sample for sample in told if "http_requests_total" in sample]
    asked = [sum(one["asDouble"] for one in sample["http_requests_total"]) for sample in detailed]

    assert len(told) > 24 * 60 - 80
    assert len(detailed) * EVERY_S >= 3_600
    assert asked == sorted(asked)
    assert asked[0] < asked[-1]
    assert set(detailed[-1]) == {
        "errors_total", "http_requests_total", "http_request_duration_seconds",
        "db_query_duration_seconds", "cpu_usage_percent", "memory_heap_used",
    }  # fmt: skip


def test_the_label_sets_are_few_enough_for_one_chart(
    told: list[dict[str, list[dict[str, Any]]]],
) -> None:
    assert len(told[-1]["http_requests_total"]) <= 24


class Noting:
    """Stands for the connection to the portal."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, events: Any) -> None:
        self.sent.append(events)

    def measure(self, metrics: Any) -> None:
        self.sent.append(metrics)


def test_the_living_shop_tells_its_metrics_once_in_each_slot(events: list[dict[str, Any]]) -> None:
    to = Noting()
    shop = Shop(to, Services(random.Random(1)), "tanqory_", 7)  # type: ignore[arg-type]  # a stand-in

    shop.tell(events[:3], 1_800_000_000.0)
    shop.tell([], 1_800_000_014.0)
    shop.tell([], 1_800_000_015.5)

    sent = [one for one in to.sent if isinstance(one, dict)]
    resource = sent[0]["resourceMetrics"][0]
    metrics = resource["scopeMetrics"][0]["metrics"]
    assert len(sent) == 2
    assert to.sent[0] == events[:3]
    assert {one["name"] for one in metrics} >= {"tanqory_errors_total", "tanqory_cpu_usage_percent"}
    assert labels_of(resource["resource"])["service.instance.id"] == "sample-7"
    times = {point["timeUnixNano"] for one in metrics for point in next(
        part for name, part in one.items() if name != "name")["dataPoints"]}  # fmt: skip
    assert times == {"1800000000000000000"}


def test_a_body_without_points_is_still_one_the_intake_takes() -> None:
    body = as_body(Services(random.Random(1)).sample(1_800_000_000.0), "x_", 1)

    assert body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
