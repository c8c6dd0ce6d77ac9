"""OpenTelemetry's metrics: what becomes of names, kinds and attributes."""

from __future__ import annotations

import gzip
import threading
from typing import Any

import orjson
import pytest

from analytics.ingest.otlp_names import label_name, metric_name, plain_number
from analytics.ingest.protocols.otlp_metrics import OtlpMetrics, answers
from analytics.series import metadata
from analytics.series.samples import STALE_BITS
from portal.lib import clock
from tests.ingest.conftest import DoorClient
from tests.ingest.metrics import insert_all, key, recorded, replay, stored
from tests.ingest.test_remote_write import bits

JSON = {"Content-Type": "application/json"}
NOW = int(clock.now().timestamp()) * 1000
NANO = str(NOW * 1_000_000)
SHOP: dict[str, Any] = {
    "attributes": [
        {"key": "service.name", "value": {"stringValue": "shop"}},
        {"key": "service.namespace", "value": {"stringValue": "web"}},
        {"key": "service.instance.id", "value": {"stringValue": "i-1"}},
        {"key": "host.name", "value": {"stringValue": "h"}},
    ]
}
WHO = {"job": "web/shop", "instance": "i-1"}


@pytest.fixture(autouse=True)
def empty_tables(samples_tables: None) -> None:
    """Begin without samples."""


def send(door: DoorClient, *metrics: dict[str, Any], resource: dict[str, Any] | None = None) -> Any:
    """Send metrics of one resource as JSON; returns the answer, which must be 200."""
    body = {
        "resourceMetrics": [
            {"resource": resource or {}, "scopeMetrics": [{"metrics": list(metrics)}]}
        ]
    }
    answer = door.request("POST", "/v1/metrics", content=orjson.dumps(body), headers=JSON)
    assert answer.status_code == 200, answer.text
    insert_all()
    return answer.json()


def test_a_few_bytes_that_stand_for_many_do_not_hold_up_others(
    door: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    decode = OtlpMetrics.decode

    def noted(self: OtlpMetrics, *given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return decode(self, *given)

    monkeypatch.setattr(OtlpMetrics, "decode", noted)
    headers = JSON | {"Content-Encoding": "gzip"}
    for size in (1, 1 << 20):
        body = gzip.compress(b'{"resourceMetrics":[]}' + b" " * size)
        answer = door.request("POST", "/v1/metrics", content=body, headers=headers)
        assert answer.status_code == 200

    of_loop, of_pool = threads
    assert of_pool.startswith("asyncio")
    assert not of_loop.startswith("asyncio")


def test_recorded_requests_are_stored_once_however_often_they_come(door: DoorClient) -> None:
    requests = [one for one in recorded("otlp-python-*.json") if one["path"] == "/v1/metrics"]
    for _ in range(2):
        for request in requests:
            answer = replay(door, request)
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"] == "application/x-protobuf"
        insert_all()

    found = stored()
    who = {"job": "checkout", "instance": "916a520e-498c-45cf-ab83-c832aad6b143"}
    times = [1_795_427_697_770, 1_795_427_697_774]
    times = sorted({ts for samples in found.values() for ts, _ in samples})
    assert len(times) == 2
    assert found[key(metric="orders_total", plan="pro", **who)] == [(ts, 5.0) for ts in times]
    assert found[key(metric="latency_seconds_sum", route="/x", **who)] == [
        (ts, 0.25) for ts in times
    ]
    buckets = {
        dict(labels)["le"]: samples[0][1]
        for labels, samples in found.items()
        if dict(labels)["__name__"] == "latency_seconds_bucket"
    }
    assert len(buckets) == 16
    assert (buckets["0"], buckets["5"], buckets["+Inf"]) == (0.0, 1.0, 1.0)
    (target,) = [labels for labels in found if dict(labels)["__name__"] == "target_info"]
    assert dict(target) == {
        "__name__": "target_info", **who, "deployment_environment_name": "prod",
        "service_version": "1.4.2", "telemetry_sdk_language": "python",
        "telemetry_sdk_name": "opentelemetry", "telemetry_sdk_version": "1.45.2",
    }  # fmt: skip
    assert metadata.read("orders_total")["orders_total"][0].type == "counter"


def test_the_path_that_prometheus_has_works_too(door: DoorClient) -> None:
    answer = door.request("POST", "/prometheus/api/v1/otlp/v1/metrics", content=b"{}", headers=JSON)

    assert (answer.status_code, answer.json()) == (200, {})


def test_each_kind_becomes_what_prometheus_makes_of_it(door: DoorClient) -> None:
    at = {"timeUnixNano": NANO}
    send(
        door,
        {"name": "queue.length", "unit": "{items}", "gauge": {"dataPoints": [{**at, "asInt": "7"}]}},
        {"name": "load", "unit": "1", "gauge": {"dataPoints": [{**at, "asDouble": "NaN"}]}},
        {"name": "in.flight", "sum": {"aggregationTemporality": 2, "dataPoints": [{**at, "asDouble": -1.5}]}},
        {"name": "io", "unit": "By", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{**at, "asInt": 9}]}},
        {"name": "took", "unit": "ms", "histogram": {"aggregationTemporality": 2, "dataPoints": [
            {**at, "count": "6", "bucketCounts": ["1", "2", "3"], "explicitBounds": [0.005, 1]}]}},
        {"name": "old", "summary": {"dataPoints": [
            {**at, "count": 4, "sum": 8.5, "quantileValues": [{"quantile": 0.99, "value": 3}]}]}},
        resource=SHOP,
    )  # fmt: skip

    found = {
        tuple(label for label in labels if label[0] not in WHO): samples[0][1]
        for labels, samples in stored().items()
    }
    assert bits(found.pop(key(metric="load_ratio"))) == bits(float("nan"))
    assert found == {
        key(metric="queue_length"): 7.0,
        key(metric="in_flight"): -1.5,
        key(metric="io_bytes_total"): 9.0,
        key(metric="took_milliseconds_bucket", le="0.005"): 1.0,
        key(metric="took_milliseconds_bucket", le="1"): 3.0,
        key(metric="took_milliseconds_bucket", le="+Inf"): 6.0,
        key(metric="took_milliseconds_count"): 6.0,
        key(metric="old", quantile="0.99"): 3.0,
        key(metric="old_sum"): 8.5,
        key(metric="old_count"): 4.0,
        key(metric="target_info", host_name="h"): 1.0,
    }
    assert all(samples == [(NOW, samples[0][1])] for samples in stored("io_bytes_total").values())


def test_attributes_become_labels_and_those_of_one_name_are_joined(door: DoorClient) -> None:
    attributes = [
        {"key": "http.route", "value": {"stringValue": "/a"}},
        {"key": "http/route", "value": {"stringValue": "/b"}},
        {"key": "1st", "value": {"boolValue": True}},
        {"key": "_x", "value": {"intValue": "12"}},
        {"key": "y", "value": {"doubleValue": 1.0}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "é"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"doubleValue": 0.5}}]}}},
        {"key": "raw", "value": {"bytesValue": "AAE="}},
        {"key": "none", "value": {}},
    ]  # fmt: skip
    send(door, {"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": NANO, "asInt": 1, "attributes": attributes}]}})  # fmt: skip

    (labels,) = stored("m")
    assert dict(labels) == {
        "__name__": "m", "http_route": "/a;/b", "key_1st": "true", "key_x": "12", "y": "1",
        "list": '[1,"é"]', "map": '{"k":0.5}', "raw": "AAE=",
    }  # fmt: skip


def test_a_point_that_was_not_recorded_ends_its_series(door: DoorClient) -> None:
    send(door, {"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": NANO, "flags": 1}]}})

    ((_, value),) = next(iter(stored("m").values()))
    assert bits(value) == STALE_BITS


GOOD = {"name": "good", "gauge": {"dataPoints": [{"timeUnixNano": NANO, "asInt": 1}]}}
POINT = {"timeUnixNano": NANO, "count": "1"}


@pytest.mark.parametrize(
    ("metric", "points", "reason"),
    [
        ({"name": "d", "sum": {"aggregationTemporality": 1, "dataPoints": [POINT, POINT]}}, 2, "only cumulative"),
        ({"name": "d", "histogram": {"dataPoints": [POINT]}}, 1, "only cumulative"),
        ({"name": "e", "exponentialHistogram": {"dataPoints": [POINT]}}, 1, "native"),
        ({"name": "!", "gauge": {"dataPoints": [POINT]}}, 1, "no letter or digit"),
        ({"name": "old", "gauge": {"dataPoints": [{"asInt": 5}]}}, 1, "the time"),
        ({"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [{**POINT, "explicitBounds": [1, 2], "bucketCounts": [1]}]}}, 1, "one count more"),
        ({"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [{**POINT, "explicitBounds": [2, 1], "bucketCounts": [1, 1, 1]}]}}, 1, "bounds rise"),
        ({"name": "a", "gauge": {"dataPoints": [{**POINT, "attributes": [{"key": "??"}]}]}}, 1, "attribute"),
    ],
)  # fmt: skip
def test_what_is_not_stored_is_named_and_its_neighbours_are_stored(
    door: DoorClient, metric: dict[str, Any], points: int, reason: str
) -> None:
    told = send(door, metric, GOOD)["partialSuccess"]

    assert told["rejectedDataPoints"] == str(points)
    assert reason in told["errorMessage"]
    assert [dict(labels)["__name__"] for labels in stored()] == ["good"]


def test_protobuf_hears_of_it_in_protobuf(door: DoorClient) -> None:
    """A resource with one metric, whose one point cannot be read: its attribute is not UTF-8."""
    point = b"\x3a\x04\x0a\x02\xff\xfe"
    body = b""
    for field, inner in ((b"\x0a", point), (b"\x2a", None), (b"\x12", None), (b"\x12", None), (b"\x0a", None)):  # fmt: skip
        content = body if inner is None else inner
        if field == b"\x2a":
            content = b"\x0a\x01m" + b"\x2a" + bytes([len(body)]) + body
            body = content
            continue
        body = field + bytes([len(content)]) + content

    answer = door.request(
        "POST", "/v1/metrics", content=gzip.compress(body),
        headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"},
    )  # fmt: skip

    assert answer.status_code == 200
    partial = answers["Done"].FromString(answer.content).partial_success
    assert (partial.rejected, partial.message) == (1, "1 x a Number is not readable")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (JSON, b"{", 400),
        (JSON, b"[]", 400),
        (JSON, b'{"resourceMetrics":5}', 400),
        (JSON, b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":7}]}]}]}', 400),
        (JSON, b"[" * 5000, 400),
        ({"Content-Type": "application/x-protobuf"}, b"\xff", 400),
        ({"Content-Type": "text/plain"}, b"", 415),
    ],
)
def test_a_body_that_is_none_is_told_so_in_its_own_language(
    door: DoorClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = door.request("POST", "/v1/metrics", content=body, headers=headers)

    assert answer.status_code == status
    if headers is JSON:
        assert answer.json()["code"] == 3
    else:
        assert answers["Status"].FromString(answer.content).code == 3


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
        ("requests", "1", "counter", "requests_total"),
        ("requests.total", "", "counter", "requests_total"),
        ("total.requests", "", "counter", "requests_total"),
        ("cpu_usage", "1", "gauge", "cpu_usage_ratio"),
        ("cpu_usage_ratio", "1", "gauge", "cpu_usage_ratio"),
        ("items", "1", "updown", "items"),
        ("memory.usage", "By", "gauge", "memory_usage_bytes"),
        ("response_time_seconds", "s", "gauge", "response_time_seconds"),
        ("throughput", "By/s", "gauge", "throughput_bytes_per_second"),
        ("rate", "1/s", "gauge", "rate_per_second"),
        ("rate", "{requests}/s", "counter", "rate_per_second_total"),
        ("rate", "By/{shop}", "gauge", "rate_bytes"),
        ("custom", "unit@with#special/chars", "gauge", "custom_unit_with_special_per_chars"),
        ("a__b--c", "", "gauge", "a_b_c"),
        ("2nd", "", "gauge", "_2nd"),
        ("größe", "", "gauge", "gr_e"),
        ("job:rate", "", "gauge", "job:rate"),
        ("@#$%", "", "gauge", ""),
    ],
)  # fmt: skip
def test_names_are_translated_as_prometheus_3_does(
    name: str, unit: str, kind: str, expected: str
) -> None:
    assert metric_name(name, unit, kind) == expected


def test_labels_and_bounds_are_written_as_prometheus_does() -> None:
    assert [label_name(name) for name in ("a.b", "1a", "_a", "__a", "ä", "a--b")] == [
        "a_b", "key_1a", "key_a", "__a", "", "a__b"
    ]  # fmt: skip
    assert [plain_number(v) for v in (1.0, 0.1, 1e-7, 1e21, float("inf"), 2.5)] == [
        "1", "0.1", "0.0000001", "1000000000000000000000", "+Inf", "2.5"
    ]  # fmt: skip
