"""Whatever clients send: a 4xx, or a rejected entry that names field and reason."""

from __future__ import annotations

import gzip
import resource
import zlib
from typing import Any

import brotli
import orjson
import pytest
import zstandard

from analytics.ingest import quarantine, spool
from analytics.ingest.models import Quarantined
from analytics.ingest.writer import Writer
from tests.ingest.conftest import DoorClient, rows, write_all

GOOD = {"id": "good", "name": "good"}
DEEP: Any = "end"
for _ in range(500):
    DEEP = {"in": DEEP}


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (7, "event"),
        (None, "event"),
        ([], "event"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": 5}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a", "id": 5}, "id"),
        ({"name": "a", "id": "i" * 201}, "id"),
        ({"name": "a", "userId": 42}, "userId"),
        ({"name": "a", "userId": {"x": 1}}, "userId"),
        ({"name": "a", "sessionId": True}, "sessionId"),
        ({"name": "a", "platform": "p" * 201}, "platform"),
        ({"name": "a", "timestamp": 1700000000}, "timestamp"),
        ({"name": "a", "timestamp": "yesterday"}, "timestamp"),
        ({"name": "a", "timestamp": "30000-01-01T00:00:00Z"}, "timestamp"),
        ({"name": "a", "timestamp": "2026-01-01T00:00:00"}, "timestamp"),
        ({"name": "a", "timestamp": "2026-01-01"}, "timestamp"),
        ({"name": "a", "timestamp": "2026-W01-1T00:00:00Z"}, "timestamp"),
        ({"name": "a", "timestamp": "2026-02-30T00:00:00Z"}, "timestamp"),
        ({"name": "a", "timestamp": "1899-12-31T23:59:59Z"}, "timestamp"),
        ({"name": "a", "properties": []}, "properties"),
        ({"name": "a", "properties": "x"}, "properties"),
        ({"name": "a", "properties": {"big": "x" * 1_000_000}}, "properties.big"),
        ({"name": "a", "properties": {"k" * 201: 1}}, "properties"),
        ({"name": "a", "properties": {f"k{n}": 1 for n in range(1001)}}, "properties"),
        ({"name": "a", "properties": {"nul": "a\0b"}}, "properties.nul"),
        ({"name": "a", "properties": {"list": ["a\0b"]}}, "properties.list"),
        ({"name": "a", "properties": {"b\0": 1}}, "properties.b\\0"),
        ({"name": "user_identified", "anonymousId": "x"}, "userId"),
        ({"name": "alias", "userId": "x"}, "properties.alias"),
        ({"name": "alias", "userId": "x", "properties": {"alias": 5}}, "properties.alias"),
        ({"name": "alias", "properties": {"alias": "y"}}, "userId"),
    ],
)
def test_a_bad_event_is_rejected_by_field_and_its_neighbours_are_not(
    door: DoorClient, event: Any, field: str
) -> None:
    answer = door.send(GOOD, event, {"name": "also good"})

    assert answer["accepted"] == 2
    (rejection,) = answer["rejected"]
    assert (rejection["index"], rejection["field"]) == (1, field)
    assert rejection["message"]


@pytest.mark.parametrize("extra", [{}, {"id": "deep"}])
def test_an_event_nested_500_deep_is_rejected(door: DoorClient, extra: dict[str, str]) -> None:
    text = b'{"in":' * 500 + b"1" + b"}" * 500
    for name in (b"properties", b"unknown"):
        event = orjson.dumps({"name": "a", **extra})[:-1] + b',"%b":%b}' % (name, text)

        answer = door.post(content=b'{"events":[%b,{"name":"good"}]}' % event)

        assert answer.status_code == 200
        accepted = answer.json()["accepted"]
        assert accepted == 1 or (name == b"unknown" and extra and accepted == 2)


def test_a_value_nested_21_deep_is_rejected_and_20_deep_is_not(door: DoorClient) -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    answer = door.send(
        {"name": "a", "properties": {"fits": nested(20)}},
        {"name": "a", "properties": {"deep": nested(21)}},
    )

    assert answer["accepted"] == 1
    assert answer["rejected"][0]["field"] == "properties.deep"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"events":[{"name":"\xff"}]}',
        b'{"events":[{"name":"a","properties":{"x":NaN}}]}',
        b'{"events":[{"name":"a","properties":{"x":Infinity}}]}',
        b'{"events":[{"name":"a","properties":{"x":1e999}}]}',
        b'{"events":[{"name":"\x00"}]}', b'{"events":[{"name":"\\ud800"}]}',
        b'{"events":{}}', b"{}", b'{"events":null}', b'{"events":[],"service":5}',
        b'{"events":[],"timestamp":"noon"}', b'{"events":[],"environment":"a\\u0000"}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_body_that_is_no_batch_is_a_400_in_the_contracts_shape(
    door: DoorClient, body: bytes
) -> None:
    answer = door.post(content=body)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) >= {"code", "message"}


def test_10001_events_are_too_many_and_10000_are_not(door: DoorClient) -> None:
    assert door.post({"events": [{"name": "a"}] * 10_001}).status_code == 413
    assert door.send(*[{"name": "a"}] * 10_000)["accepted"] == 10_000


@pytest.mark.parametrize("label", ["gzip", "deflate", "br", "zstd", "raw deflate", "unlabelled"])
def test_compressed_bodies_are_read(door: DoorClient, label: str) -> None:
    body = orjson.dumps({"events": [{"name": "a"}, {"name": "a"}]})
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(body), "deflate": zlib.compress(body), "br": brotli.compress(body),
        "zstd": zstandard.compress(body), "raw deflate": raw.compress(body) + raw.flush(),
        "unlabelled": gzip.compress(body),
    }[label]  # fmt: skip
    encoding = {"unlabelled": "", "raw deflate": "deflate"}.get(label, label)

    answer = door.post(content=packed, headers={"Content-Encoding": encoding})

    assert answer.json() == {"accepted": 2, "rejected": []}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_not_packed_as_it_says_is_believed_when_it_is_json(
    door: DoorClient, encoding: str
) -> None:
    answer = door.post(content=b'{"events":[{"name":"a"}]}', headers={"Content-Encoding": encoding})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x01\x02", "gzip"), (b"\x1f\x8b\x08nonsense", "gzip"), (gzip.compress(b"{}", mtime=0)[:-9], ""),
        (b"\x01", "br"), (b"\x28\xb5\x2f\xfdnonsense", "zstd"), (b"x", "lzma"), (b"\x01", "deflate"),
    ],
)  # fmt: skip
def test_damaged_bodies_are_a_400(door: DoorClient, body: bytes, encoding: str) -> None:
    answer = door.post(content=body, headers={"Content-Encoding": encoding})

    assert answer.status_code == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_zip_bomb_is_a_413_and_takes_no_memory(door: DoorClient, encoding: str) -> None:
    packers: dict[str, Any] = {
        "gzip": lambda: zlib.compressobj(1, wbits=31), "deflate": lambda: zlib.compressobj(1),
        "br": lambda: brotli.Compressor(quality=1), "zstd": zstandard.ZstdCompressor().compressobj,
    }  # fmt: skip
    packer = packers[encoding]()
    pack, end = (
        (packer.process, packer.finish) if encoding == "br" else (packer.compress, packer.flush)
    )
    blank = b" " * (1 << 20)
    bomb = b"".join([*(pack(blank) for _ in range(200)), end()])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = door.post(content=bomb, headers={"Content-Encoding": encoding})

    assert answer.status_code == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_a_body_of_nothing_but_brackets_is_a_413(door: DoorClient) -> None:
    body = gzip.compress(b'{"events":[' + b"[]," * 10_000_000 + b"[]]}")

    answer = door.post(content=body)

    assert answer.status_code == 413


def test_a_body_over_5_mib_is_a_413(door: DoorClient) -> None:
    body = b'{"events":[]}' + b" " * (5 << 20)

    assert door.post(content=body).status_code == 413
    assert door.post(content=iter_async([body])).status_code == 413


async def iter_async(pieces: list[bytes]) -> Any:
    for piece in pieces:
        yield piece


def test_chunked_bodies_are_read(door: DoorClient) -> None:
    answer = door.post(content=iter_async([b'{"events":[{"na', b'me":"a"}]}']))

    assert answer.json()["accepted"] == 1


def test_an_unknown_field_is_told_and_the_event_is_taken(door: DoorClient) -> None:
    answer = door.send({"name": "a", "user_id": "ada", "context": {}})

    assert answer["accepted"] == 1
    assert {one["field"] for one in answer["warnings"]} == {"user_id", "context"}
    assert "userId" in next(w["message"] for w in answer["warnings"] if w["field"] == "user_id")


def test_properties_named_like_columns_are_only_properties(
    door: DoorClient, writer: Writer
) -> None:
    properties = {"person": "x", "ts": "y", "name": "z", "strings": "s", "id": "'); DROP", "": "e"}

    door.send({"id": "1", "name": "a", "userId": "ada", "properties": properties})
    write_all(writer)

    assert rows("SELECT id, name, strings FROM events") == [("1", "a", properties)]


def test_of_keys_that_repeat_the_last_one_counts(door: DoorClient, writer: Writer) -> None:
    door.post(content=b'{"events":[{"name":"a","name":"b"}]}')
    write_all(writer)

    assert rows("SELECT name FROM events") == [("b",)]


def test_what_was_rejected_waits_in_quarantine_with_its_reason(
    door: DoorClient, writer: Writer
) -> None:
    door.send(GOOD, {"name": 5, "note": "a\0b"}, {"name": "a", "timestamp": "noon"})

    quarantine.take_in(writer.spool)
    quarantine.take_in(writer.spool)

    found = Quarantined.objects.order_by("index")
    assert [(one.index, one.field) for one in found] == [(1, "name"), (2, "timestamp")]
    assert orjson.loads(found[1].event) == {"name": "a", "timestamp": "noon"}


def test_the_quarantine_keeps_the_newest(
    door: DoorClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEPT_PER_SOURCE", 3)
    for number in range(5):
        door.send({"name": number})

    quarantine.take_in(writer.spool)

    kept = [orjson.loads(one.event)["name"] for one in Quarantined.objects.order_by("pk")]
    assert kept == [2, 3, 4]


def test_a_batch_without_events_is_taken(door: DoorClient) -> None:
    assert door.send() == {"accepted": 0, "rejected": []}
    assert spool.Spool(spool.path()).size().batches == 0
