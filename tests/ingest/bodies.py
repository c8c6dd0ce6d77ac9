"""Bodies of remote write, built as Prometheus builds them. Needs no Django: benchmarks use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cramjam

from analytics.ingest.wire import define

WRITE = "/prometheus/api/v1/write"
TWO = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
NOW = 1_795_428_161_632
Samples = Sequence[tuple[int, float]]
Labels = Mapping[str, str]

sample = {"value": (1, "double"), "timestamp": (2, "int64"), "start": (3, "int64")}
one = define(
    "tests.one",
    {
        "Body": {"timeseries": (1, "Series*"), "metadata": (3, "Metadata*")},
        "Series": {
            "labels": (1, "Label*"), "samples": (2, "Sample*"), "exemplars": (3, "bytes*"),
            "histograms": (4, "bytes*"),
        },
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": sample,
        "Metadata": {
            "kind": (1, "int32"), "name": (2, "string"), "help": (4, "string"),
            "unit": (5, "string"),
        },
    },
)  # fmt: skip
two = define(
    "tests.two",
    {
        "Body": {"symbols": (4, "string*"), "timeseries": (5, "Series*")},
        "Series": {
            "labels_refs": (1, "uint32*"), "samples": (2, "Sample*"),
            "histograms": (3, "bytes*"), "exemplars": (4, "bytes*"), "metadata": (5, "Metadata"),
            "created": (6, "int64"),
        },
        "Sample": sample,
        "Metadata": {"kind": (1, "int32"), "help": (3, "uint32"), "unit": (4, "uint32")},
    },
)  # fmt: skip


def body_one(*series: tuple[Labels | list[tuple[str, str]], Samples]) -> bytes:
    """Make a body of remote write 1.0, packed; labels in the order given."""
    body = one["Body"]()
    for labels, samples in series:
        made = body.timeseries.add()
        pairs = labels if isinstance(labels, list) else sorted(labels.items())
        for name, value in pairs:
            made.labels.add(name=name, value=value)
        for ts, number in samples:
            made.samples.add(value=number, timestamp=ts)
    return packed(body)


def body_two(*series: tuple[Labels, Samples], kind: int = 0, about: str = "") -> bytes:
    """Make a body of remote write 2.0, packed."""
    symbols: dict[str, int] = {"": 0}
    body = two["Body"]()
    for labels, samples in series:
        made = body.timeseries.add()
        for text in (text for pair in sorted(labels.items()) for text in pair):
            made.labels_refs.append(symbols.setdefault(text, len(symbols)))
        for ts, number in samples:
            made.samples.add(value=number, timestamp=ts)
        made.metadata.kind = kind
        made.metadata.help = symbols.setdefault(about, len(symbols))
    body.symbols.extend(symbols)
    return packed(body)


def packed(message: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))
