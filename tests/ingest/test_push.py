"""Metrics that jobs push: what replaces what, and how long they stay visible."""

from __future__ import annotations

import base64
import gzip
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from analytics.ingest import pushing, sample_spool
from analytics.ingest.models import PushedGroup
from analytics.ingest.pushed_protobuf import messages, number_text
from analytics.ingest.pushing import Pushes
from analytics.ingest.writer import Writer
from analytics.series import metadata
from analytics.series.samples import STALE_BITS
from portal.lib import clock
from portal.store.client import EngineUnavailable
from tests.ingest.conftest import DoorClient
from tests.ingest.metrics import insert_all, key, recorded, replay, stored
from tests.ingest.test_crashes import Crash, crash_around
from tests.ingest.test_remote_write import bits

GROUP = "/metrics/job/nightly/instance/h1"
WHO = {"job": "nightly", "instance": "h1"}
MINUTE = 0  # in which the test began
TEXT = 'rows_total 3\nage_seconds{table="a"} 1.5\n'


@pytest.fixture(autouse=True)
def began(samples_tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without samples, in a minute that stays the same while a test runs."""
    monkeypatch.setattr(sys.modules[__name__], "MINUTE", int(clock.now().timestamp()) // 60 * 60)


@pytest.fixture
def pushes(writer: Writer) -> Pushes:
    return Pushes(writer.spool)


def push(door: DoorClient, method: str = "PUT", path: str = GROUP, text: str = TEXT) -> int:
    return door.request(method, path, content=text.encode()).status_code


def at(minute: int) -> datetime:
    """Return a moment in the minutes to come: samples of the door are of now."""
    return datetime.fromtimestamp(MINUTE + 60 * minute, UTC)


def visible(minute: int) -> dict[str, float]:
    """Return each series' value at a slot; ended ones are left out."""
    ts = int(at(minute).timestamp() * 1000)
    return {
        dict(labels)["__name__"]: value
        for labels, samples in stored().items()
        for moment, value in samples
        if moment == ts and bits(value) != STALE_BITS
    }


def test_the_recorded_push_is_stored_once_however_often_it_comes(
    door: DoorClient, pushes: Pushes
) -> None:
    (request,) = recorded("prom-pushgateway-*.json")
    for _ in range(2):
        assert replay(door, request).status_code == 200
        pushes.step(at(1))
    insert_all()

    assert visible(1).keys() == {
        "job_last_success_unixtime", "orders_total", "orders_created", "push_time_seconds"
    }  # fmt: skip
    (samples,) = [
        samples for labels, samples in stored("orders_total").items()
        if labels == key(metric="orders_total", plan="pro", **WHO)
    ]  # fmt: skip
    assert {value for _, value in samples} == {3.0}
    assert metadata.read("orders_total")["orders_total"][0].type == "counter"
    assert PushedGroup.objects.count() == 1


def test_pushed_values_are_seen_at_once_and_then_every_minute(
    door: DoorClient, pushes: Pushes
) -> None:
    assert push(door) == 200
    insert_all()
    assert {value for ((_, value),) in stored("rows_total").values()} == {3.0}

    for minute in (1, 1, 2, 5):
        pushes.step(at(minute) + timedelta(seconds=20))
        pushes.step(at(minute) + timedelta(seconds=40))

    (samples,) = stored("rows_total").values()
    moments = [int(at(minute).timestamp() * 1000) for minute in (1, 2, 5)]
    assert samples[1:] == [(moment, 3.0) for moment in moments]


def test_put_replaces_the_group_post_what_has_its_names_and_delete_ends_it(
    door: DoorClient, pushes: Pushes
) -> None:
    push(door, text="a 1\nb 2\n")
    pushes.step(at(1))
    push(door, "POST", text='b{x="1"} 3\nc 4\n')
    pushes.step(at(2))
    assert {k: v for k, v in visible(2).items() if k in "abc"} == {"a": 1.0, "b": 3.0, "c": 4.0}

    push(door, "PUT", text="c 5\n")
    pushes.step(at(3))
    assert {k: v for k, v in visible(3).items() if k in "abc"} == {"c": 5.0}
    push(door, "PUT", path="/metrics/job/nightly", text="a 9\n")
    assert push(door, "DELETE") == 202
    pushes.step(at(4))
    assert {k: v for k, v in visible(4).items() if k in "abc"} == {"a": 9.0}

    # What went is marked as ended, so that it is gone at once.
    ended = {
        dict(labels)["__name__"]: bits(samples[-1][1]) == STALE_BITS
        for labels, samples in stored("b", "c", "push_time_seconds").items()
        if dict(labels).get("instance")
    }
    assert ended == {"b": True, "c": True, "push_time_seconds": True}


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [(pushing, "write", 1), (pushing, "apply", 2), (sample_spool, "forget_pushes", 2)],
)
def test_a_crash_loses_no_push_and_applies_none_twice(
    door: DoorClient,
    pushes: Pushes,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    call: int,
    is_after: bool,
) -> None:
    push(door, text="a 1\nb 2\n")
    push(door, "PUT", text="c 3\n")
    push(door, "POST", text="a 4\n")

    with monkeypatch.context() as patches:
        crash_around(patches, owner, name, call, is_after=is_after)
        with pytest.raises(Crash):
            pushes.step(at(1))
    Pushes(pushes.spool).step(at(1) + timedelta(seconds=1))

    assert {k: v for k, v in visible(1).items() if k in "abc"} == {"a": 4.0, "c": 3.0}


def test_a_push_waits_while_the_engine_is_away(
    door: DoorClient, pushes: Pushes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise EngineUnavailable("away")

    push(door)
    with monkeypatch.context() as patches:
        patches.setattr(pushing, "write", away)
        with pytest.raises(EngineUnavailable):
            pushes.step(at(1))
    pushes.step(at(1))

    assert "rows_total" in visible(1)


def test_labels_of_the_path_win_and_may_be_base64(door: DoorClient) -> None:
    path = base64.urlsafe_b64encode("/var/ä?".encode()).decode().rstrip("=")
    for group, labels in (
        (f"/metrics/job/a%2Fb/path@base64/{path}", {"job": "a/b", "path": "/var/ä?"}),
        ("/metrics/job@base64/eA/empty@base64/=", {"job": "x"}),
    ):
        assert push(door, path=group, text='m{job="own",l="v"} 1\n') == 200
        insert_all()
        assert key(metric="m", l="v", **labels) in stored("m")


@pytest.mark.parametrize("language", ["text", "openmetrics", "gzip"])
def test_the_client_library_speaks_to_it(door: DoorClient, language: str) -> None:
    registry = CollectorRegistry()
    Counter("jobs", "Done", registry=registry).inc(2)
    Gauge("size", "in m²", ["raum"], registry=registry).labels("küche").set(12)
    text = (openmetrics if language == "openmetrics" else generate_latest)(registry)
    types = {"openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
    headers = {"Content-Type": types.get(language, "text/plain; version=0.0.4; charset=utf-8")}
    if language == "gzip":
        text, headers["Content-Encoding"] = gzip.compress(text), "gzip"

    answer = door.request("PUT", GROUP, content=text, headers=headers)
    insert_all()

    assert (answer.status_code, answer.content) == (200, b"")
    assert key(metric="jobs_total", **WHO) in stored()
    assert key(metric="size", raum="küche", **WHO) in stored()


@pytest.mark.parametrize(
    ("path", "text", "status"),
    [
        ("/metrics/job/", "a 1\n", 400),
        ("/metrics/job/x/y", "a 1\n", 400),
        ("/metrics/job/x/y/1/y/2", "a 1\n", 400),
        ("/metrics/job/x/__name__/y", "a 1\n", 400),
        ("/metrics/job/x/y@base64/!!!", "a 1\n", 400),
        ("/metrics/job/x/y@base64/_w", "a 1\n", 400),
        (GROUP, "a 1 1700000000000\n", 400),
        (GROUP, "a 1\na 2\n", 400),
        (GROUP, "a{\n", 400),
        (GROUP, "a one\n", 400),
        (GROUP, "# TYPE a nonsense\n", 400),
        (GROUP, "a" * 2000 + " 1\n", 400),
        (GROUP, "".join(f"a{n} 1\n" for n in range(10_001)), 400),
        (GROUP, "#" * (5 << 20), 413),
        (GROUP, "", 200),
    ],
)
def test_what_cannot_be_taken_changes_nothing(
    door: DoorClient, path: str, text: str, status: int
) -> None:
    answer = door.request("PUT", path, content=text.encode())

    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["message"]


def test_a_line_without_end_is_not_read(door: DoorClient) -> None:
    labels = ",".join(f'l{number}="b"' for number in range(8_000))

    answer = door.request("PUT", GROUP, content=f"a{{{labels}}} 1\n".encode())

    assert answer.status_code == 400
    assert "A line has 64 Ki characters" in answer.json()["error"]["message"]


def delimited(*families: dict[str, Any]) -> bytes:
    """Write families as the library for Go does when it pushes."""
    body = b""
    for family in families:
        metrics = [messages["Metric"](**one).SerializeToString() for one in family["metrics"]]
        packed = messages["Family"](**family | {"metrics": metrics}).SerializeToString()
        assert len(packed) < 1 << 14
        body += bytes([len(packed) & 0x7F | 0x80, len(packed) >> 7]) + packed
    return body


PROTOBUF = {
    "Content-Type": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
    " encoding=delimited"
}


def test_the_library_for_go_speaks_protobuf(door: DoorClient) -> None:
    labels = [{"name": "a", "value": "ü"}, {"name": "job", "value": "own"}]
    buckets = [{"below": 1, "bound": 0.005}, {"below": 2, "bound": 1e6}]
    body = delimited(
        {"name": "g", "help": "G", "kind": 1, "metrics": [{"labels": labels, "gauge": {"value": 0.0}}]},
        {"name": "c_total", "kind": 0, "metrics": [{"counter": {"value": 2.5}}]},
        {"name": "h", "kind": 4, "metrics": [{"histogram": {"count": 3, "sum": 9.5, "buckets": buckets}}]},
        {"name": "s", "kind": 2, "metrics": [{"summary": {"count": 4, "sum": 1.0, "quantiles": [{"quantile": 0.9, "value": 7.0}]}}]},
    )  # fmt: skip

    assert door.request("PUT", GROUP, content=body, headers=PROTOBUF).status_code == 200
    insert_all()

    assert {labels: samples[0][1] for labels, samples in stored("g", "c_total", "h_bucket", "h_count", "s", "s_sum").items()} == {
        key(metric="g", a="ü", **WHO): 0.0,
        key(metric="c_total", **WHO): 2.5,
        key(metric="h_bucket", le="0.005", **WHO): 1.0,
        key(metric="h_bucket", le="1e+06", **WHO): 2.0,
        key(metric="h_bucket", le="+Inf", **WHO): 3.0,
        key(metric="h_count", **WHO): 3.0,
        key(metric="s", quantile="0.9", **WHO): 7.0,
        key(metric="s_sum", **WHO): 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"\xff", b"\x05\x0a", b"\x80\x80\x80\x80\x80\x01", b"\x02\xff\xff",
        delimited({"name": "n", "kind": 4, "metrics": [{"histogram": {"schema": 3}}]}),
        delimited({"name": "t", "metrics": [{"gauge": {}, "timestamp_ms": 5}]}),
        delimited({"name": "", "metrics": [{"gauge": {}}]}),
        delimited({"name": "m", "metrics": [{"gauge": {}}, {"gauge": {}}]}),
    ],
)  # fmt: skip
def test_protobuf_that_cannot_be_taken_is_refused(door: DoorClient, body: bytes) -> None:
    answer = door.request("POST", GROUP, content=body, headers=PROTOBUF)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_bounds_are_written_as_in_gos_text() -> None:
    numbers = (0.5, 1.0, 100000.0, 1e6, 1234567.0, 0.0001, 0.00001, -2.5e-7, 0.0, float("inf"))
    assert [number_text(number) for number in numbers] == [
        "0.5", "1", "100000", "1e+06", "1.234567e+06", "0.0001", "1e-05", "-2.5e-07", "0", "+Inf"
    ]  # fmt: skip


def test_reading_metrics_is_not_the_doors(door: DoorClient) -> None:
    assert door.request("GET", GROUP).content == b"behind"
