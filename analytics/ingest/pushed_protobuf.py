"""Samples in the protobuf that Prometheus's client library for Go writes when it pushes. Pure.

A body is one MetricFamily after the other, each behind its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from google.protobuf.message import DecodeError

from analytics.ingest.measured import NAME, shown
from analytics.ingest.pushed_text import (
    MAX_HELP,
    NO_TIMESTAMPS,
    BadText,
    Found,
    checked_series,
    collected,
)
from analytics.ingest.wire import define
from analytics.series.identity import Series
from analytics.series.metadata import Metadata

MAX_FAMILIES = 10_000
TYPES = ("counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram")
messages = define(
    "portal.push",
    {
        "Family": {
            "name": (1, "string"), "help": (2, "string"), "kind": (3, "int32"),
            "metrics": (4, "bytes*"), "unit": (5, "string"),
        },
        "Metric": {
            "labels": (1, "Label*"), "gauge": (2, "Value"), "counter": (3, "Value"),
            "summary": (4, "Summary"), "untyped": (5, "Value"), "timestamp_ms": (6, "int64"),
            "histogram": (7, "Histogram"),
        },
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Value": {"value": (1, "double")},
        "Summary": {"count": (1, "uint64"), "sum": (2, "double"), "quantiles": (3, "Quantile*")},
        "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
        "Histogram": {
            "count": (1, "uint64"), "sum": (2, "double"), "buckets": (3, "Bucket*"),
            "schema": (5, "sint32?"),
        },
        "Bucket": {"below": (1, "uint64"), "bound": (2, "double")},
    },
)  # fmt: skip
Labels = dict[str, str]
Rows = Iterator[tuple[str, Labels, float]]


def samples_in(body: bytes, group: Labels) -> Found:
    """Read a body's samples and metadata; the group's labels replace its own. Raises BadText."""
    try:
        families = [messages["Family"].FromString(part) for part in parts_of(body)]
    except DecodeError as error:
        raise BadText("The body is no MetricFamily messages, each behind its length.") from error
    return collected((about(family), samples_of(family, group)) for family in families)


def parts_of(body: bytes) -> list[bytes]:
    """Split where each part's length says. Raises BadText."""
    found: list[bytes] = []
    at = 0
    while at < len(body):
        length, at = length_at(body, at)
        found.append(body[at : at + length])
        at += length
    if at > len(body) or len(found) > MAX_FAMILIES:
        raise BadText(f"The body ends too early, or has more than {MAX_FAMILIES} metrics.")
    return found


def length_at(body: bytes, at: int) -> tuple[int, int]:
    """Read a varint; returns where it ends, too. Raises BadText."""
    length = 0
    for shift in range(0, 35, 7):
        if at == len(body):
            break
        byte = body[at]
        length |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return length, at
    raise BadText("The body is no MetricFamily messages, each behind its length.")


def about(family: Any) -> Metadata:
    kind = TYPES[family.kind] if 0 <= family.kind < len(TYPES) else "unknown"
    return Metadata(family.name, kind, family.help[:MAX_HELP], family.unit)


def samples_of(family: Any, group: Labels) -> Iterator[tuple[Series, float]]:
    for raw in family.metrics:
        metric = messages["Metric"].FromString(raw)
        if metric.timestamp_ms:
            raise BadText(NO_TIMESTAMPS)
        own = {label.name: label.value for label in metric.labels}
        for name, more, value in values_of(family.name, metric):
            yield checked_series({**own, **more, **group, NAME: name}), value


def values_of(name: str, metric: Any) -> Rows:
    for kind in ("gauge", "counter", "untyped"):
        if metric.HasField(kind):
            yield name, {}, getattr(metric, kind).value
    if metric.HasField("summary"):
        for one in metric.summary.quantiles:
            yield name, {"quantile": number_text(one.quantile)}, one.value
        yield from totals(name, metric.summary)
    if metric.HasField("histogram"):
        yield from buckets(name, metric.histogram)


def buckets(name: str, histogram: Any) -> Rows:
    if histogram.HasField("schema") and not histogram.buckets:
        raise BadText(f"{shown(name)} is a native histogram; these are not stored.")
    for one in histogram.buckets:
        if one.bound != float("inf"):
            yield f"{name}_bucket", {"le": number_text(one.bound)}, float(one.below)
    yield f"{name}_bucket", {"le": "+Inf"}, float(histogram.count)
    yield from totals(name, histogram)


def totals(name: str, found: Any) -> Rows:
    yield f"{name}_sum", {}, found.sum
    yield f"{name}_count", {}, float(found.count)


def number_text(value: float) -> str:
    """Write a bound as Go's text format does, so that a series is the same in both: 1e+06, 0.5."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if -4 <= power < 6 or not value:  # Go's own bounds
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    text = "".join(str(digit) for digit in digits)
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{power:+03d}"
