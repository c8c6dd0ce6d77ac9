"""The queries of the system that the portal replaces, against what the portal measures of itself."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.evaluate import Look, evaluate
from dashboards.models import Widget
from dashboards.provision import provision
from dashboards.shipped.metrics import ERROR_TRACKING, PERFORMANCE, SYSTEM_OVERVIEW
from portal.lib import clock
from portal.lib.row_rights import ALL
from tests.conftest import TokenClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
BOARDS = (SYSTEM_OVERVIEW, ERROR_TRACKING, PERFORMANCE)
SHORT = timedelta(seconds=10)

# As they stand there, word for word.
GIVEN = (
    "tanqory_active_users_total",
    "rate(tanqory_http_requests_total[1m])",
    "histogram_quantile(0.95, tanqory_http_request_duration_seconds_bucket)",
    "increase(tanqory_errors_total[1h])",
    "rate(tanqory_errors_total[5m])",
    "tanqory_cpu_usage_percent",
    "tanqory_memory_heap_used",
    "histogram_quantile(0.95, tanqory_db_query_duration_seconds_bucket)",
)
MATCHES_NOTHING = "(rate(tanqory_errors_total[1m]) / rate(tanqory_http_requests_total[1m])) * 100"
CORRECTED = "sum(rate(tanqory_errors_total[1m])) / sum(rate(tanqory_http_requests_total[1m])) * 100"


@pytest.fixture
def listed_process() -> Iterator[None]:
    """Write this test's own process down, as the supervisor does with its children."""
    file = settings.DATA_DIR / "run" / "processes.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text() if file.exists() else None
    file.write_text(json.dumps([{"name": "web", "pid": os.getpid(), "restarts": 0}]))
    yield
    file.unlink() if before is None else file.write_text(before)


def collect(instance: str, at: datetime) -> None:
    """Read /metrics as the portal's collector does, and keep it as of a moment."""
    text = Client().get("/metrics").text
    labels = {"job": "portal", "instance": instance}
    found = [
        (Series.of(sample.name, sample.labels, labels), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    # What events say is computed every five minutes; one figure of it is enough here.
    users = Series.of("tanqory_active_users_total", {"platform": "web", "region": "DE"}, labels)
    write(Batch.of_instant([*found, (users, 3.0)], at), token=uuid4().hex)


@pytest.fixture
def instance(listed_process: None, people: People, call: TokenClient) -> str:
    """Collect seven times within the last minute, while there are requests and errors."""
    name, now, program = uuid4().hex, clock.now(), call(people.viewer)
    for round_ in range(7, 0, -1):
        program.get("/api/v1/schema")
        logging.getLogger("dashboards").error("Something broke, for the test.")
        collect(name, now - round_ * SHORT)
    return name


def answers(program: APIClient, query: str, instance: str) -> list[dict[str, Any]]:
    """Ask as of now; of the metrics that the other tests kept nothing is wanted."""
    own = query.replace("_total[", f'_total{{instance="{instance}"}}[')
    for metric in ("active_users_total", "bucket", "cpu_usage_percent", "memory_heap_used"):
        if own.partition("_")[2].rstrip(")").endswith(metric):
            own = own.replace(metric, f'{metric}{{instance="{instance}"}}')
    answer = program.get("/prometheus/api/v1/query", {"query": own})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def test_the_queries_run_as_given(instance: str, people: People, call: TokenClient) -> None:
    program = call(people.viewer, ["read"])

    empty = [query for query in GIVEN if not answers(program, query, instance)]

    assert empty == []


def test_the_one_that_matches_nothing_is_corrected(
    instance: str, people: People, call: TokenClient
) -> None:
    program = call(people.viewer, ["read"])

    as_given = answers(program, MATCHES_NOTHING, instance)
    ((corrected,),) = [answers(program, CORRECTED, instance)]

    assert as_given == []
    assert float(corrected["value"][1]) > 0


def test_the_boards_ask_them(db: None) -> None:
    asked = {box.query for board in BOARDS for box in board.boxes if box.source == "promql"}

    assert asked == {*GIVEN, CORRECTED}


def test_every_widget_of_the_boards_shows_something(instance: str) -> None:
    provision()
    now = clock.now()
    widgets = Widget.objects.filter(dashboard__uid__in=[board.uid for board in BOARDS])

    shown = {one.key: evaluate(one, Look({"from": "-1h"}, ALL, "UTC"), now) for one in widgets}

    assert len(shown) == sum(len(board.boxes) for board in BOARDS)
    # The events of errors are none in this test.
    assert {key: box["state"] for key, box in shown.items() if box["state"] != "ok"} == {
        "recent-errors": "empty"
    }
