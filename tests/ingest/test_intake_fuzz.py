"""Whatever bytes come: no 5xx, little memory, little time.

A few hundred in the suite. All of them:
    FUZZ_BODIES=5000 .venv/bin/python -m pytest -n 0 tests/ingest/test_intake_fuzz.py
"""

from __future__ import annotations

import base64
import gzip
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cramjam
import orjson
import pytest

from analytics.ingest.keys import KeyHolder, Keys
from tests.ingest.bodies import NOW, TWO, WRITE, body_one, body_two, one, packed, two
from tests.ingest.conftest import KEY, DoorClient
from tests.ingest.metrics import recorded, write

BODIES = int(os.environ.get("FUZZ_BODIES", "250"))
MAX_S = 2.0  # of one body; the machine is shared
SEED = os.environ.get("FUZZ_SEED", "samples")
UP = {"__name__": "up", "job": "node", "instance": "a:9100"}
ODD = {"__name__": "größe", "x": "", "🙂": "é" * 300}
TEXT = b"""# HELP a b
# TYPE a counter
a_total{b="c\\n"} 1
# TYPE h histogram
h_bucket{le="1.0"} 2
h_bucket{le="+Inf"} 3
h_sum 4.5e3
h_count 3
"""
PUSHED = (
    bytes([30, 10, 1, 97, 18, 1, 98, 34, 22, 10, 6, 10, 1, 108, 18, 1, 118, 26, 9, 9])
    + bytes(8)
    + b"\x5a\x01\x78"
)
QUOTED = TEXT + b'{"x.y",z="1"} NaN\n'
ENDED = TEXT + b"# EOF\n"


@dataclass(frozen=True)
class Kind:
    """A way in: where it is, how its bodies are called, and bodies that it takes."""

    method: str
    path: str
    content_type: str
    valid: tuple[bytes, ...]
    pack: Callable[[bytes], bytes] = bytes
    encoding: str = ""


def otlp(kind: str) -> tuple[bytes, ...]:
    document = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "a"}},
                    {"key": "l", "value": {"arrayValue": {"values": [{"intValue": "5"}, {"kvlistValue": {"values": []}}]}}}]},
                "scopeMetrics": [{"metrics": [
                    {"name": "a.b", "unit": "By/s", "gauge": {"dataPoints": [{"timeUnixNano": str(NOW * 10**6), "asInt": "5"}]}},
                    {"name": "c", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{"timeUnixNano": str(NOW * 10**6), "asDouble": "NaN"}]}},
                    {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [{"timeUnixNano": str(NOW * 10**6), "count": 3, "sum": 1e300, "bucketCounts": ["1", "2"], "explicitBounds": [0.5]}]}},
                    {"name": "s", "summary": {"dataPoints": [{"timeUnixNano": str(NOW * 10**6), "quantileValues": [{"quantile": 0.5, "value": 2}]}]}},
                ]}],
            }
        ]
    }  # fmt: skip
    if kind == "json":
        return (orjson.dumps(document),)
    from analytics.ingest.otlp_json import as_protobuf  # noqa: PLC0415

    return (as_protobuf(orjson.dumps(document)),)


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def raw(body: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(body))


KINDS = {
    "remote write 1.0": Kind(
        "POST", WRITE, "application/x-protobuf",
        (raw(body_one((UP, [(NOW, 1.0)]), (ODD, [(NOW, 0.0), (NOW + 1, -1.5)]))),), snappy, "snappy",
    ),
    "remote write 2.0": Kind(
        "POST", WRITE, TWO, (raw(body_two((UP, [(NOW, 1.0)]), (ODD, [(NOW, 0.0)]), kind=1, about="help")),),
        snappy, "snappy",
    ),
    "otlp protobuf": Kind("POST", "/v1/metrics", "application/x-protobuf", otlp("protobuf")),
    "otlp json": Kind("POST", "/v1/metrics", "application/json", otlp("json")),
    "push text": Kind("PUT", "/metrics/job/a/b/c", "text/plain", (QUOTED,)),
    "push protobuf": Kind("PUT", "/metrics/job/a", "application/vnd.google.protobuf", (PUSHED,)),
    "push openmetrics": Kind("POST", "/metrics/job/a", "application/openmetrics-text", (ENDED,)),
}  # fmt: skip


def mutated(body: bytes, chance: random.Random) -> bytes:
    """Change a body in one to four places, as cosmic rays or an adversary would."""
    found = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0:
                found[at:at] = chance.randbytes(chance.randint(1, 9))
            case 1:
                del found[at : at + chance.randint(1, 9)]
            case 2 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 3:
                found[at:at] = found[chance.randrange(len(found) + 1) :][: chance.randint(1, 60)]
            case 4:
                found[at:at] = chance.choice(
                    (
                        b"\xff" * 9 + b"\x01",
                        b"\x80" * 11,
                        b"\x00",
                        b"[",
                        b"{",
                        b"-1",
                        b"1e999",
                        b"\xed\xa0\x80",
                    )
                )
            case _:
                del found[at:]
    return bytes(found)


def bodies_of(kind: Kind, chance: random.Random) -> Iterator[tuple[bytes, str]]:
    """Give bodies and their encodings: random bytes, and valid bodies that were changed."""
    for number in range(BODIES):
        if number % 5 == 0:
            yield chance.randbytes(chance.randint(0, 400)), kind.encoding
        elif number % 5 == 1:
            yield kind.pack(chance.randbytes(chance.randint(0, 400))), kind.encoding
        elif number % 5 == 2 and not kind.encoding:
            yield mutated(gzip.compress(chance.choice(kind.valid)), chance), "gzip"
        else:
            yield kind.pack(mutated(chance.choice(kind.valid), chance)), kind.encoding


@pytest.fixture(autouse=True)
def empty_tables(samples_tables: None) -> None:
    """Have the engine count no series."""


@pytest.mark.parametrize("name", KINDS)
def test_random_and_changed_bodies_are_taken_or_refused_but_break_nothing(
    door: DoorClient, name: str
) -> None:
    kind, chance = KINDS[name], random.Random(f"{SEED} {name}")
    statuses: dict[int, int] = {}
    slowest = 0.0
    for body, encoding in bodies_of(kind, chance):
        headers = {"Content-Type": kind.content_type, "Content-Encoding": encoding}
        began = time.perf_counter()
        answer = door.request(kind.method, kind.path, content=body, headers=headers)
        slowest = max(slowest, time.perf_counter() - began)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (name, base64.b64encode(body), answer.text)

    assert slowest < MAX_S
    assert statuses.keys() & {200, 204}, "nothing was taken: the mutations are too wild"
    assert 400 in statuses


def test_recorded_bodies_cut_anywhere_break_nothing(door: DoorClient) -> None:
    request = recorded("prometheus-remote-write-02.json")[0]
    body = base64.b64decode(request["raw_body_base64"])
    for at in range(0, len(body), len(body) // 50):
        assert write(door, body[:at]).status_code in (204, 400)


def bombs() -> dict[str, tuple[str, str, str, bytes]]:
    """Small bodies that would come to much: path, type, encoding, body."""
    many = b"\x0a\x00" * (8 << 20)
    deep = b""
    for _ in range(2000):  # lists in lists
        deep = (
            b"\x2a"
            + varint(len(deep) + 1 + len(varint(len(deep))))
            + b"\x0a"
            + varint(len(deep))
            + deep
        )
    attribute = b"\x0a\x01a\x12" + varint(len(deep)) + deep
    point = b"\x3a" + varint(len(attribute)) + attribute
    for tag in (b"\x0a", b"\x2a"):
        point = tag + varint(len(point)) + point
    point = b"\x0a\x01m" + point
    for tag in (b"\x12", b"\x12", b"\x0a"):
        point = tag + varint(len(point)) + point
    labels = {"__name__": "m", **{f"l{n}": "v" * 8000 for n in range(99)}}
    wide = two["Body"](symbols=["", *dict.fromkeys(t for pair in labels.items() for t in pair)])
    refs = [wide.symbols[:].index(text) for pair in sorted(labels.items()) for text in pair]
    for n in range(2000):
        wide.symbols.append(f"shop{n}")
        made = wide.timeseries.add(labels_refs=[*refs[:-1], len(wide.symbols) - 1])
        made.samples.add(value=1.0, timestamp=NOW)
    refs_only = two["Body"](symbols=["", "x" * 8000])
    refs_only.timeseries.add(labels_refs=[1] * 2_000_000).samples.add(timestamp=NOW)
    one_long = one["Body"]()
    one_long.timeseries.add(samples=[{"timestamp": NOW}] * 400_000).labels.add(name="__name__", value="m")  # fmt: skip
    pb, js = "application/x-protobuf", "application/json"
    return {
        "snappy that says it is huge": (WRITE, pb, "snappy", varint((1 << 32) - 1) + b"\x00" * 9),
        "empty series without end": (WRITE, pb, "snappy", snappy(many[: 9 << 20])),
        "empty series of 2.0": (WRITE, TWO, "snappy", snappy(b"\x2a\x00" * (9 << 19))),
        "symbols without end": (WRITE, TWO, "snappy", snappy(b"\x22\x00" * (9 << 19))),
        "labels that multiply": (WRITE, TWO, "snappy", packed(wide)),
        "references that multiply": (WRITE, TWO, "snappy", packed(refs_only)),
        "one series of many samples": (WRITE, pb, "snappy", packed(one_long)),
        "gzip of zeros": ("/v1/metrics", pb, "gzip", gzip.compress(bytes(60 << 20), 1)),
        "empty resources": ("/v1/metrics", pb, "gzip", gzip.compress(many[: 9 << 20], 1)),
        "lists in lists": ("/v1/metrics", pb, "", point),
        "brackets": ("/v1/metrics", js, "", b"[" * (4 << 20)),
        "brackets in a body": ("/v1/metrics", js, "", b'{"resourceMetrics":' + b"[" * (4 << 20)),
        "objects": ("/v1/metrics", js, "", b'{"resourceMetrics":[' + b"{}," * 490_000 + b"{}]}"),
        "a text of nothing": ("/metrics/job/a", "text/plain", "gzip", gzip.compress(b"\n" * (50 << 20), 1)),
        "a text of a long line": ("/metrics/job/a", "text/plain", "", b"a{" + b'b="c",' * 400_000),
        "a text of backslashes": ("/metrics/job/a", "text/plain", "", b'a{b="' + b"\\" * 3_000_000),
    }  # fmt: skip


def varint(number: int) -> bytes:
    found = b""
    while number >= 0x80:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


MIB = 1 << 10  # in what getrusage counts


def test_bodies_that_would_come_to_much_are_refused_in_time_and_memory(door: DoorClient) -> None:
    made = bombs()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, (path, content_type, encoding, body) in made.items():
        began = time.process_time()
        headers = {"Content-Type": content_type, "Content-Encoding": encoding}
        answer = door.request("POST", path, content=body, headers=headers)
        took = time.process_time() - began
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert answer.status_code < 500, (name, answer.text)
        assert took < 5, (name, took)
        assert now - before < 400 * MIB, (name, (now - before) // MIB)


def test_a_known_key_is_needed_before_a_body_is_read(door: DoorClient) -> None:
    holder = KeyHolder(1, "shop", "web", "test", None)
    door.intake.door.keys = Keys(door.intake.door.keys._file, lambda: {"other": holder})
    door._headers = {"Authorization": f"Bearer {KEY}"}

    assert write(door, b"\xff" * 1000).status_code == 401
