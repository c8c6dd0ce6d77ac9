"""Prometheus's remote write, 1.0 and 2.0: what comes in is what is stored."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import cramjam
import numpy as np
import pytest

from analytics.ingest import keys, spool
from analytics.ingest.keys import KeyHolder, Keys
from analytics.ingest.known_series import KnownSeries
from analytics.series import metadata
from analytics.series.metadata import Metadata
from analytics.series.samples import STALE_BITS
from portal.lib.secrets import digest_of
from tests.ingest.bodies import NOW, TWO, WRITE, body_one, body_two, one, packed, two
from tests.ingest.conftest import DoorClient, rows
from tests.ingest.metrics import insert_all, key, recorded, replay, stored, write

UP = {"__name__": "up", "job": "node", "instance": "a:9100"}
STALE = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]


@pytest.fixture(autouse=True)
def empty_tables(samples_tables: None) -> None:
    """Begin without samples."""


def test_recorded_requests_are_stored_once_however_often_they_come(door: DoorClient) -> None:
    requests = recorded("prometheus-remote-write-*.json")
    sent: dict[tuple[tuple[str, str], ...], dict[int, int]] = {}
    for request in requests:
        body = one["Body"].FromString(
            cramjam.snappy.decompress_raw(base64.b64decode(request["raw_body_base64"])).read()
        )
        for series in body.timeseries:
            labels = tuple(sorted((label.name, label.value) for label in series.labels))
            for sample in series.samples:
                sent.setdefault(labels, {})[sample.timestamp] = bits(sample.value)

    for _ in range(2):
        for request in requests:
            answer = replay(door, request, WRITE)
            assert (answer.status_code, answer.content) == (204, b"")
        insert_all()

    found = {
        labels: {ts: bits(value) for ts, value in samples} for labels, samples in stored().items()
    }
    assert found == sent
    assert len(found) > 400


def bits(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_values_are_kept_bit_by_bit(door: DoorClient, version: str) -> None:
    values = [1.5, 0.0, -0.0, STALE, float("nan"), float("inf"), -5e-324, 1e308]
    rounds = [[(UP, [(NOW + 1000 * at, value)])] for at, value in enumerate(values)]
    for series in rounds:
        if version == "1.0":
            answer = write(door, body_one(*series))
        else:
            answer = write(door, body_two(*series), TWO)
        assert answer.status_code == 204
    insert_all()

    (samples,) = stored("up").values()
    kept = [bits(value) for _, value in samples]
    # Protobuf leaves a negative zero out, as it does any other.
    assert kept == [bits(0.0 if value == 0 and bits(value) != bits(kept_) else value)
                    for value, kept_ in zip(values, [s[1] for s in samples], strict=True)]  # fmt: skip
    assert kept[3] == STALE_BITS


def test_several_samples_of_one_series_may_come_in_any_order(door: DoorClient) -> None:
    write(door, body_one((UP, [(NOW + 2000, 2.0), (NOW, 0.0), (NOW + 1000, 1.0)])))
    write(door, body_one((UP, [(NOW - 3_600_000, 7.0)])))
    insert_all()

    assert stored("up") == {
        key(metric="up", job="node", instance="a:9100"): [
            (NOW - 3_600_000, 7.0), (NOW, 0.0), (NOW + 1000, 1.0), (NOW + 2000, 2.0)
        ]
    }  # fmt: skip
    # A question about that hour finds the series, too.
    (first,) = rows("SELECT toUnixTimestamp64Milli(min(first_at)) FROM series WHERE name = 'up'")[0]
    assert first == NOW - 3_600_000


def test_of_two_samples_of_one_moment_the_later_counts(door: DoorClient) -> None:
    write(door, body_one((UP, [(NOW, 1.0)])))
    write(door, body_one((UP, [(NOW, 2.0)])))
    insert_all()

    assert list(stored("up").values()) == [[(NOW, 2.0)]]


def test_known_series_are_read_whatever_follows_their_labels(door: DoorClient) -> None:
    """A year far away makes a longer timestamp, an exemplar comes behind the sample."""
    write(door, body_one((UP, [(NOW, 1.0)])))
    odd = one["Body"].FromString(
        cramjam.snappy.decompress_raw(body_one((UP, [(NOW + 1, 0.0), (NOW + 2, 3.0)]))).read()
    )
    odd.timeseries[0].exemplars.append(b"")
    assert write(door, packed(odd)).status_code == 204
    old = body_one((UP, [(1 << 40, 4.0)]), (UP, [(1 << 34, 5.0)]))
    assert write(door, old).status_code == 400
    insert_all()

    assert list(stored("up").values()) == [[(NOW, 1.0), (NOW + 1, 0.0), (NOW + 2, 3.0)]]


def test_names_are_any_utf_8_and_labels_without_value_do_not_exist(door: DoorClient) -> None:
    labels = {"__name__": "größe.in m²", "http.route": "/ä", "empty": "", "🙂": "\n\x00"}
    write(door, body_one((labels, [(NOW, 1.0)])))
    write(door, body_two((labels, [(NOW + 1, 2.0)])), TWO)
    insert_all()

    expected = tuple(sorted((k, v) for k, v in labels.items() if v))
    assert stored() == {expected: [(NOW, 1.0), (NOW + 1, 2.0)]}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([("job", "x")], "no metric name"),
        ([("__name__", "")], "no metric name"),
        ([("__name__", "a"), ("", "x")], "a label has no name"),
        ([("__name__", "a"), ("x", "1"), ("x", "2")], "a label comes twice"),
        ([("__name__", "a" * 2000)], "1024 characters at most"),
        ([("__name__", "a"), ("x", "y" * 9000)], "8192"),
        ([("__name__", "a"), *[(f"l{n}", "v") for n in range(101)]], "100 labels at most"),
    ],
)
def test_a_bad_series_is_refused_and_named_and_its_neighbours_are_not(
    door: DoorClient, labels: list[tuple[str, str]], reason: str
) -> None:
    answer = write(
        door,
        body_one(
            (UP, [(NOW, 1.0)]), (labels, [(NOW, 1.0), (NOW + 1, 1.0)]), (UP, [(NOW + 9, 2.0)])
        ),
    )
    insert_all()

    assert answer.status_code == 400
    assert reason in answer.text
    assert "Written: 2 samples. Not written: 2 x" in answer.text
    assert answer.headers["X-Prometheus-Remote-Write-Samples-Written"] == "2"
    assert list(stored().values()) == [[(NOW, 1.0), (NOW + 9, 2.0)]]


def test_labels_that_are_not_utf_8_are_refused_alone(door: DoorClient) -> None:
    good = one["Body"].FromString(
        cramjam.snappy.decompress_raw(body_one((UP, [(NOW, 1.0)]))).read()
    ).timeseries[0].SerializeToString()  # fmt: skip
    bad = good.replace(b"node", b"n\xffde")
    body = b"".join(b"\x0a" + bytes([len(part)]) + part for part in (bad, good))

    answer = write(door, bytes(cramjam.snappy.compress_raw(body)))

    assert answer.status_code == 400
    assert "1 x" in answer.text
    insert_all()
    assert len(stored()) == 1


def test_a_2_0_body_cannot_pass_one_series_off_as_another(door: DoorClient) -> None:
    """Symbols that hold the byte between texts would read as other labels."""
    write(door, body_two((UP, [(NOW, 1.0)])), TWO)
    body = two["Body"].FromString(
        cramjam.snappy.decompress_raw(body_two(({"__name__": "x"}, [(NOW, 1.0)]))).read()
    ).SerializeToString()  # fmt: skip
    joined = b"instance\xffa:9100\xffjob\xffnode"
    forged = body.replace(b"\x22\x01x", b"\x22" + bytes([len(joined)]) + joined)

    answer = write(door, bytes(cramjam.snappy.compress_raw(forged)), TWO)

    assert answer.status_code == 400
    insert_all()
    assert list(stored().values()) == [[(NOW, 1.0)]]


@pytest.mark.parametrize("refs", [[1], [1, 99], [1, 2, 3], [2**32 - 1, 0], []])
def test_references_to_nothing_are_refused(door: DoorClient, refs: list[int]) -> None:
    body = two["Body"](symbols=["", "__name__", "up"])
    for labels in (refs, [1, 2]):
        made = body.timeseries.add(labels_refs=labels)
        made.samples.add(value=1.0, timestamp=NOW)

    answer = write(door, packed(body), TWO)

    assert answer.status_code == 400
    assert answer.headers["X-Prometheus-Remote-Write-Samples-Written"] == "1"


def test_a_sample_of_an_impossible_time_is_refused(door: DoorClient) -> None:
    year = 365 * 86_400_000
    times = (NOW, NOW * 1000, -5, 0, NOW - 3 * year, NOW - year)

    answer = write(door, body_one((UP, [(ts, 1.0) for ts in times])))

    assert answer.status_code == 400
    assert "4 x the time is more than a day ahead" in answer.text
    insert_all()
    assert [ts for samples in stored().values() for ts, _ in samples] == [NOW - year, NOW]


def test_native_histograms_and_exemplars_are_counted_and_named(door: DoorClient) -> None:
    body = two["Body"](symbols=["", "__name__", "up"])
    made = body.timeseries.add(labels_refs=[1, 2])
    made.samples.add(value=1.0, timestamp=NOW, start=NOW - 60_000)
    made.exemplars.append(b"")
    body.timeseries.add(labels_refs=[1, 2], histograms=[b"", b""])

    answer = write(door, packed(body), TWO)

    assert answer.status_code == 400
    assert "2 x native histograms are not stored; 1 x exemplars are not stored" in answer.text
    assert {
        name: answer.headers[f"X-Prometheus-Remote-Write-{name}-Written"]
        for name in ("Samples", "Histograms", "Exemplars")
    } == {"Samples": "1", "Histograms": "0", "Exemplars": "0"}


def test_metadata_are_kept_of_both_versions(door: DoorClient) -> None:
    body = one["Body"]()
    body.metadata.add(kind=1, name="requests_total", help="Requests", unit="")
    body.metadata.add(kind=99, name="future", help="of a kind to come")
    assert write(door, packed(body)).status_code == 204
    body_of_two = body_two(
        ({"__name__": "latency_bucket", "le": "1"}, [(NOW, 1.0)]), kind=3, about="How long"
    )
    assert write(door, body_of_two, TWO).status_code == 204
    insert_all()

    assert metadata.read() == {
        "latency": [Metadata("latency", "histogram", "How long")],
        "requests_total": [Metadata("requests_total", "counter", "Requests")],
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v9.Request"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/x-protobuf; proto=prometheus.WriteRequest"}, 204),
        ({"Content-Type": ""}, 204),
    ],
)
def test_what_is_not_spoken_here_is_a_415(
    door: DoorClient, headers: dict[str, str], status: int
) -> None:
    sent = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"} | headers

    answer = door.request("POST", WRITE, content=body_one((UP, [(NOW, 1.0)])), headers=sent)

    assert answer.status_code == status


@pytest.mark.parametrize("way", ["basic", "x-portal-key", "none"])
def test_prometheus_may_give_its_key_as_a_password(door: DoorClient, way: str) -> None:
    text = door._headers["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"anybody:{text}".encode()).decode()
    headers = {
        "basic": {"Authorization": f"Basic {basic}"},
        "x-portal-key": {"Authorization": "", "X-Portal-Key": text},
        "none": {"Authorization": "Basic !"},
    }[way]

    answer = door.request("POST", WRITE, content=body_one((UP, [(NOW, 1.0)])), headers=headers)

    assert answer.status_code == (401 if way == "none" else 204)


def test_a_series_is_told_once_an_hour_and_when_the_spool_could_not_keep_it(
    door: DoorClient, settings: object, tmp_path: Path
) -> None:
    def told() -> list[bool]:
        opened = spool.Spool(spool.path())
        found = [bool(told) for (told,) in opened.rows("SELECT told FROM samples ORDER BY number")]
        opened.close()
        return found

    settings.SPOOL_MAX_BYTES = 1  # type: ignore[attr-defined]
    assert write(door, body_one((UP, [(NOW, 1.0)]))).status_code == 507
    settings.SPOOL_MAX_BYTES = 1 << 40  # type: ignore[attr-defined]
    door.intake.door.committer._room_until = float("inf")
    for ts in (NOW, NOW + 60_000, NOW + 3_600_000, NOW + 3_600_001, NOW + 3_700_000):
        assert write(door, body_one((UP, [(ts, 1.0)]))).status_code == 204

    assert told() == [True, False, False, True, False]


def test_over_its_quota_of_samples_a_source_is_told_when_to_come_back(door: DoorClient) -> None:
    text = door._headers["Authorization"].removeprefix("Bearer ")
    holder = KeyHolder(1, "shop", "web", "test", None, samples_per_minute=60)
    door.intake.door.keys = Keys(keys.file(), lambda: {digest_of(text): holder})
    many = body_one((UP, [(NOW + n, 1.0) for n in range(90)]))

    assert write(door, many).status_code == 204
    answer = write(door, many)

    assert answer.status_code == 429
    assert "60 samples a minute" in answer.text
    assert 25 <= int(answer.headers["Retry-After"]) <= 32


def test_more_series_than_are_remembered_are_stored_all_the_same(door: DoorClient) -> None:
    door.intake.door.series = KnownSeries(most=10)
    for _ in range(2):
        for start in range(0, 60, 15):
            series = [({**UP, "n": str(n)}, [(NOW, float(n))]) for n in range(start, start + 15)]
            assert write(door, body_one(*series)).status_code == 204
    insert_all()

    assert sorted(samples[0][1] for samples in stored("up").values()) == list(range(60))
