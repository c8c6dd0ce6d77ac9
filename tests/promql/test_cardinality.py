"""The page of cardinality: what makes most series, who is near the limit, and what to do."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from pytest_django.fixtures import Settings

from analytics.promql.parse import parse
from analytics.series import advice, cardinality
from analytics.series.announcing import announcer
from analytics.series.cardinality import Pair
from analytics.series.identity import Series
from analytics.series.limits import limits
from analytics.series.models import SeriesLimit
from analytics.series.writing import Batch, write
from portal.audit.models import AuditEntry
from portal.store import client
from tests.conftest import PageClient, TokenClient
from tests.factories import make_staff

PAGE, LIMIT = "/metrics/cardinality/", "/metrics/cardinality/limit/"


@pytest.fixture(autouse=True)
def none_yet(store_schema: None) -> Iterator[None]:
    client.command("TRUNCATE TABLE series")
    announcer.forget()
    limits.forget()
    yield
    announcer.forget()
    limits.forget()


def send(metric: str, count: int, source: str, *, label: str = "user_id") -> None:
    rows = [(Series.of(metric, {label: f"u{n}", "env": "live"}), 1.0) for n in range(count)]
    write(
        Batch.of_instant(rows, datetime.now(tz=UTC)), token=uuid.uuid4().hex, source=source
    )  # fmt: skip


@pytest.mark.django_db
def test_metrics_labels_pairs_and_sources_are_counted() -> None:
    send("requests_total", 200, "scrape:shop")
    send("up_total", 30, "intake:app", label="host")

    found = cardinality.totals()

    assert (found.live, found.new_in_hour, found.metrics) == (230, 230, 2)
    assert [(one.name, one.live) for one in cardinality.metrics(9)] == [
        ("requests_total", 200), ("up_total", 30)
    ]  # fmt: skip
    held = cardinality.labels(9)
    labels = {one.name: (one.values, one.live) for one in held.labels}
    assert labels == {"user_id": (200, 200), "host": (30, 30), "env": (1, 230)}
    assert held.pairs_in_all == 200 + 30 + 1
    assert held.pairs[0] == Pair("env", "live", 230)
    senders = {one.source: (one.live, one.new_in_day) for one in cardinality.senders()}
    assert senders == {"scrape:shop": (200, 200), "intake:app": (30, 30)}


def test_what_nobody_sends_any_more_is_not_counted_and_growth_orders() -> None:
    send("old_total", 5, "scrape:a")
    send("gone_total", 7, "scrape:a")
    send("fresh_total", 3, "scrape:a")
    client.command(
        "ALTER TABLE series UPDATE"
        " heard_first = now() - INTERVAL 3 DAY,"
        " heard_last = if(name = 'gone_total', now() - INTERVAL 1 DAY, heard_last)"
        " WHERE name IN ('old_total', 'gone_total')",
        settings_={"mutations_sync": 1},
    )

    assert [one.name for one in cardinality.metrics(9)] == ["old_total", "fresh_total"]
    assert [one.name for one in cardinality.metrics(9, order="day")] == ["fresh_total", "old_total"]


@pytest.mark.django_db
def test_prometheuss_own_status_tells_the_same(call: TokenClient) -> None:
    send("requests_total", 20, "scrape:shop")
    send("up_total", 3, "intake:app", label="host")
    asked = call(make_staff("viewer"))

    found = asked.get("/prometheus/api/v1/status/tsdb?limit=2").json()["data"]

    assert found["headStats"]["numSeries"] == 23
    assert found["headStats"]["maxTime"] > 1_700_000_000_000
    assert found["seriesCountByMetricName"][0] == {"name": "requests_total", "value": 20}
    assert found["labelValueCountByLabelName"] == [
        {"name": "user_id", "value": 20}, {"name": "host", "value": 3}
    ]  # fmt: skip
    assert found["seriesCountByLabelValuePair"][0] == {"name": "env=live", "value": 23}
    assert found["memoryInBytesByLabelName"][0]["name"] == "user_id"
    refused = asked.get("/prometheus/api/v1/status/tsdb?limit=0")
    assert (refused.status_code, refused.json()["errorType"]) == (400, "bad_data")


@pytest.mark.django_db
def test_the_page_says_what_to_do_and_who_is_full(browse: PageClient, settings: Settings) -> None:
    settings.MOST_SERIES_PER_SOURCE = 150
    send("requests_total", 200, "scrape:shop")

    shown = browse(make_staff("viewer")).get(PAGE).text

    assert "requests_total" in shown
    assert "Scrape job shop" in shown
    assert "Full: its new series are refused" in shown
    assert "Holds ids: drop it (labeldrop)" in shown
    assert LIMIT not in shown  # a viewer may not change it


@pytest.mark.django_db
def test_what_is_listed_can_be_explored(browse: PageClient) -> None:
    send("requests_total", 3, "scrape:shop", label="http.status")

    page = browse(make_staff("viewer")).get(PAGE).text

    links = re.findall(r'href="/metrics/explore/\?([^"]*)"', page)
    queries = [parse_qs(html.unescape(link))["query"][0] for link in links]
    assert any("http.status" in query for query in queries)
    for query in queries:
        parse(query)


@pytest.mark.django_db
def test_nothing_sent_is_said(browse: PageClient) -> None:
    assert "No series are live" in browse(make_staff("viewer")).get(PAGE).text


@pytest.mark.django_db(transaction=True)
def test_an_admin_raises_a_limit_and_takes_it_back(browse: PageClient, settings: Settings) -> None:
    settings.MOST_SERIES_PER_SOURCE = 1_000
    send("requests_total", 1_200, "scrape:shop")
    page = browse(make_staff("admin"))
    assert cardinality.metrics(1)[0].live == 1_000

    page.post(LIMIT, {"source": "scrape:shop", "most": "1500"})
    send("requests_total", 1_200, "scrape:shop")

    assert cardinality.metrics(1)[0].live == 1_200
    entry = AuditEntry.objects.get(action="series_limit.change")
    assert entry.after == {"source": "scrape:shop", "most": 1500}
    page.post(LIMIT, {"source": "scrape:shop", "most": ""})
    assert not SeriesLimit.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "scrape:shop", "most": "7"}, "1,000 to"),
        ({"source": "scrape:shop", "most": "x"}, "whole number"),
        ({"source": "", "most": "5000"}, "required"),
    ],
)
def test_a_wrong_limit_is_refused(browse: PageClient, given: dict[str, str], said: str) -> None:
    answer = browse(make_staff("admin")).post(LIMIT, given, follow=True)

    assert said in answer.text
    assert not SeriesLimit.objects.exists()


@pytest.mark.parametrize(
    ("name", "examples", "what"),
    [
        ("user_id", ("a",), "ids"),
        ("customer", ("a@b.de", "c@d.com"), "e-mail addresses"),
        ("x", ("550e8400-e29b-41d4-a716-446655440000",), "ids"),
        ("x", ("/orders/17", "/orders/9"), "paths with ids in them"),
        ("x", ("17001", "99123"), "numbers"),
        ("method", ("GET", "POST"), ""),
        ("grid", ("a", "b"), ""),
        ("instance", ("10001", "10002"), "numbers"),
    ],
)
def test_what_a_label_holds_is_guessed(name: str, examples: tuple[str, ...], what: str) -> None:
    assert advice.kind_of(name, examples) == what


def test_advice_is_given_where_something_is_to_be_done() -> None:
    assert advice.on_metric(500, 200, 400).startswith("Grows by the hour")
    assert advice.on_metric(2_000, 10, 1_500).startswith("Most of its series")
    assert advice.on_metric(20_000, 0, 0).startswith("Large but steady")
    assert advice.on_metric(50, 50, 50) == ""
    assert advice.on_label("route", 5_000, ("a", "b")).startswith("Many values")
    assert advice.on_label("pod", 5_000, ("a", "b")).startswith("Comes with collection")
    assert advice.on_label("route", 50, ("a", "b")) == ""
    assert advice.on_source(30, 100, 5) == "At this pace it is full within a day."
    assert advice.on_source(10, 1000, 2) == ""
    assert advice.on_source(50, 100, 50) == ""  # it has just begun
