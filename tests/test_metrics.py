"""GET /metrics: the portal's own figures, for those who may read them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from analytics.collect import figures, scrape
from analytics.collect.models import BusinessMetric
from portal.lib import clock, instruments
from portal.lib.named_instruments import count_event, record_gauge
from portal.lib.postgres.base import described
from tests.factories import make_token
from tests.people import People

PREFIX = instruments.PREFIX


@pytest.fixture
def listed_processes() -> Iterator[None]:
    """Write this test's own process down, as the supervisor does with its children."""
    file = settings.DATA_DIR / "run" / "processes.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text() if file.exists() else None
    file.write_text(json.dumps([{"name": "web", "pid": os.getpid(), "restarts": 2}]))
    yield
    if before is None:
        file.unlink()
    else:
        file.write_text(before)


def samples_in(body: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return each sample's value by its name and its labels' values."""
    return {
        (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def asked(client: Client, **headers: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return samples_in(answer.content)


@pytest.mark.django_db
def test_a_request_is_counted_under_its_route_and_not_its_path(client: Client) -> None:
    key = ("http_requests_total", ("/metrics", "200", "GET", "web"))
    client.get("/metrics")
    before = asked(client)[tuple_of(key)]

    client.get("/metrics?with=anything")

    assert asked(client)[tuple_of(key)] == before + 2


def tuple_of(key: tuple[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    return key[0], tuple(sorted(key[1]))


@pytest.mark.django_db
def test_paths_that_nothing_serves_share_one_route(client: Client) -> None:
    for number in range(3):
        client.get(f"/no/such/page/{number}")

    routes = {labels for name, labels in asked(client) if name == "http_requests_total"}

    assert any("unmatched" in labels for labels in routes)
    assert not any("/no/such" in value for labels in routes for value in labels)


@pytest.mark.django_db
def test_a_client_may_name_its_platform_but_not_invent_one(client: Client) -> None:
    client.get("/metrics", headers={"X-Platform": "iOS"})
    client.get("/metrics", headers={"X-Platform": "toaster"})

    values = {v for name, labels in asked(client) if name == "http_requests_total" for v in labels}

    assert "ios" in values
    assert "toaster" not in values


@pytest.mark.django_db
def test_memory_and_cpu_of_each_process_are_shown(client: Client, listed_processes: None) -> None:
    found = asked(client)

    assert found["process_resident_memory_bytes", ("web",)] > 1_000_000
    assert found["process_proportional_memory_bytes", ("web",)] > 0
    assert found["process_cpu_seconds_total", ("web",)] > 0
    assert found["cpu_usage_percent", ("web",)] > 0
    assert (
        0 < found["memory_heap_used", ("web",)] <= found["process_resident_memory_bytes", ("web",)]
    )
    assert found["process_open_fds", ("web",)] > 0
    assert found["process_restarts_total", ("web",)] == 2


@pytest.mark.django_db
def test_cache_look_ups_give_a_hit_rate_between_0_and_1(client: Client) -> None:
    cache.set("frame:known", 1)
    cache.get("frame:known")
    cache.get("frame:unknown")

    found = asked(client)

    assert 0 < found["cache_hit_rate", ("local", "result")] < 1
    assert found["cache_operation_duration_seconds_count", ("get", "result")] >= 2


@pytest.mark.django_db
def test_database_queries_are_timed_by_operation_and_table(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "PATIENCE_S", 20)
    asked(client)  # asks the database, which the next answer tells of

    found = asked(client)

    assert any(
        name == "db_query_duration_seconds_count" and "pg_stat_activity" in labels
        for name, labels in found
    )
    assert any(name == "db_connections_active" for name, _ in found)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "a"."id" FROM "accounts_user" WHERE x', ("select", "accounts_user")),
        ('INSERT INTO "audit_auditentry" ("at") VALUES (%s)', ("insert", "audit_auditentry")),
        ('UPDATE "accounts_apitoken" SET "name" = %s', ("update", "accounts_apitoken")),
        ('DELETE FROM "django_session"', ("delete", "django_session")),
        ("SAVEPOINT s1", ("other", "other")),
        ("SELECT 1", ("select", "other")),
        ("", ("other", "other")),
    ],
)
def test_a_query_is_described_by_operation_and_first_table(
    sql: str, expected: tuple[str, str]
) -> None:
    assert described(sql) == expected


@pytest.mark.django_db
def test_logged_errors_are_counted_by_type_severity_and_component(client: Client) -> None:
    try:
        1 // 0  # noqa: B018  # only for its exception
    except ZeroDivisionError:
        logging.getLogger("analytics.ingest.made.up").exception("It broke.")

    found = asked(client)

    key = ("errors_total", tuple(sorted(("ZeroDivisionError", "error", "analytics.ingest"))))
    assert found[key] >= 1


@pytest.mark.django_db
def test_answers_that_fail_are_counted_from_zero_so_that_the_first_is_an_increase(
    client: Client,
) -> None:
    key = ("errors_total", tuple(sorted(("logged", "error", "django.request"))))

    assert key in asked(client)


@pytest.mark.django_db
def test_openmetrics_is_answered_when_asked_for(client: Client) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")
    assert list(openmetrics_families(answer.content.decode()))  # type: ignore[no-untyped-call]  # the library


@pytest.mark.django_db
def test_no_metric_name_appears_twice(client: Client) -> None:
    lines = client.get("/metrics").content.decode().splitlines()

    named = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    samples = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]

    assert len(named) == len(set(named))
    assert len(samples) == len(set(samples))


@pytest.mark.django_db
def test_metrics_answer_while_the_database_and_the_engine_are_away(
    client: Client, settings: Settings
) -> None:
    settings.CLICKHOUSE_URL = "http://127.0.0.1:9/nothing"
    client.get("/metrics")

    found = asked(client)

    assert any(name == "http_requests_total" for name, _ in found)
    assert not any(name.startswith("engine_") for name, _ in found)


# What the system that this portal replaces counted: type, labels, and a histogram's buckets.
REPLACED: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "http_request_duration_seconds": (
        "histogram", ("method", "route", "status_code", "platform"),
        (0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10),
    ),
    "http_requests_total": ("counter", ("method", "route", "status_code", "platform"), ()),
    "db_connections_active": ("gauge", ("database", "pool"), ()),
    "db_query_duration_seconds": (
        "histogram", ("operation", "table", "status"), (0.001, 0.01, 0.1, 0.5, 1, 2, 5),
    ),
    "active_users_total": ("gauge", ("platform", "region"), ()),
    "revenue_total": ("counter", ("platform", "currency", "payment_method"), ()),
    "conversion_rate": ("gauge", ("platform", "funnel_stage"), ()),
    "errors_total": ("counter", ("type", "severity", "component"), ()),
    "cache_hit_rate": ("gauge", ("cache_type", "region"), ()),
    "cache_operation_duration_seconds": (
        "histogram", ("operation", "cache_type"), (0.0001, 0.001, 0.01, 0.1, 0.5, 1),
    ),
    "event_page_view_total": ("counter", ("platform",), ()),
    "custom_queue_depth": ("gauge", (), ()),
}  # fmt: skip
# The name is the replaced system's: a gauge that is called a total.
MISNAMED = f'{PREFIX}active_users_total non-counter metrics should not have "_total" suffix'


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be something of everything."""
    monkeypatch.setattr(figures, "PATIENCE_S", 20)
    cache.get("frame:unknown")
    logging.getLogger("analytics.ingest.made.up").error("It broke.")
    count_event("page_view", "web")
    record_gauge("queue_depth", 3)
    connection.cursor().execute("SELECT 1")
    now = clock.now()
    for name, labels in (
        ("active_users_total", {"platform": "web", "region": "DE"}),
        ("conversion_rate", {"platform": "web", "funnel_stage": "purchase"}),
        ("revenue_total", {"platform": "web", "currency": "EUR", "payment_method": "card"}),
    ):
        kind = "counter" if name == "revenue_total" else "gauge"
        row, _ = BusinessMetric.objects.get_or_create(
            name=name,
            defaults={
                "interval_s": 300, "due_at": now, "created_at": now, "updated_at": now, "type": kind
            },
        )  # fmt: skip
        row.figures, row.collected_at = [[labels, 2]], now
        row.save()


@pytest.mark.django_db(transaction=True)
def test_everything_that_the_replaced_system_counted_is_there_with_its_labels_and_buckets(
    client: Client, counted: None
) -> None:
    client.get("/metrics")
    text = client.get("/metrics").content.decode()

    found = {family.name: family for family in text_string_to_metric_families(text)}
    for name, (kind, labels, buckets) in REPLACED.items():
        family = found[PREFIX + name.removesuffix("_total") if kind == "counter" else PREFIX + name]
        told = {label for one in family.samples for label in one.labels} - {"le"}
        bounds = {float(one.labels["le"]) for one in family.samples if "le" in one.labels}
        assert (family.type, told) == (kind, set(labels)), name
        assert bounds == ({*buckets, float("inf")} if buckets else set()), name


@pytest.mark.django_db(transaction=True)
def test_both_formats_are_what_their_parsers_and_promtool_take(
    client: Client, counted: None
) -> None:
    wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
    client.get("/metrics")
    text = client.get("/metrics").content
    openmetrics = client.get("/metrics", headers=wanted).content.decode()

    assert len(list(openmetrics_families(openmetrics))) > len(REPLACED)  # type: ignore[no-untyped-call]  # the library
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus); both parsers took the page")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    said = (done.stdout + done.stderr).decode().strip().splitlines()
    # What other tests of this process called their events is not ours to name.
    ours = [line for line in said if not line.startswith(f"{PREFIX}event_")]
    assert [line for line in ours if line != MISNAMED] == []


@pytest.mark.django_db
def test_an_instrument_is_there_before_it_counted_anything(client: Client) -> None:
    text = client.get("/metrics").content.decode()

    assert f"# TYPE {PREFIX}ingest_writer_failures_total counter" in text


@pytest.mark.django_db
def test_the_collectors_own_page_leaves_out_what_is_written_as_series_already(
    client: Client, counted: None
) -> None:
    signed = {"X-Portal-Collector": scrape.own_signature()}

    own = client.get("/metrics", headers=signed).content.decode()

    assert f"{PREFIX}revenue_total" not in own
    assert f"{PREFIX}health_check_status" not in own


@pytest.mark.django_db
def test_a_stranger_on_another_host_may_not_read_metrics(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_a_request_that_a_proxy_passed_on_is_not_from_this_host(
    client: Client, header: str
) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


@pytest.mark.django_db
def test_behind_a_public_url_nobody_counts_as_being_on_this_host(
    client: Client, settings: Settings
) -> None:
    settings.BASE_URL = "http://portal.example.com"

    assert client.get("/metrics").status_code == 401


@pytest.mark.django_db
def test_a_token_with_read_scope_reads_metrics_from_anywhere(
    client: Client, people: People
) -> None:
    _, reader = make_token(people.viewer, scopes=("read",))
    _, writer = make_token(people.viewer, scopes=("write",))

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/metrics", headers=headers, REMOTE_ADDR="203.0.113.9").status_code

    assert [status(reader), status(writer), status("ptk_wrong")] == [200, 401, 401]


@pytest.mark.django_db
def test_staff_read_metrics_from_anywhere(client: Client, people: People) -> None:
    client.force_login(people.viewer)

    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200


@pytest.mark.django_db
def test_a_forged_collector_signature_is_refused_even_on_this_host(client: Client) -> None:
    assert client.get("/metrics", headers={"X-Portal-Collector": "0" * 64}).status_code == 401
