"""From OpenTelemetry's metrics to samples. Pure.

A body is taken apart level by level: what one level holds stays packed until the next, so that a
point that cannot be read is refused alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import orjson
from google.protobuf.message import DecodeError

from analytics.ingest.measured import (
    IMPOSSIBLE_TIME,
    NAME,
    BadSeries,
    Gathering,
    possible_times,
    series_from,
    shown,
)
from analytics.ingest.otlp_names import label_name, metric_name, plain_number, unit_words
from analytics.ingest.wire import define
from analytics.series.metadata import Metadata
from analytics.series.samples import STALE

MAX_PARTS = 200_000  # of any one level
MAX_HELP = 4_000
CUMULATIVE = 2
NOT_RECORDED = 1  # a flag: the series ended here
POINTS = {"points": (1, "bytes*")}
STREAM = POINTS | {"temporality": (2, "int32")}
VALUE = {
    "string": (1, "string?"), "boolean": (2, "bool?"), "integer": (3, "int64?"),
    "number": (4, "double?"), "array": (5, "Array"), "pairs": (6, "Pairs"), "bytes": (7, "bytes?"),
}  # fmt: skip
messages = define(
    "portal.otlp.metrics",
    {
        "Body": {"resources": (1, "bytes*")},
        "ResourceMetrics": {"resource": (1, "Resource"), "scopes": (2, "bytes*")},
        "Resource": {"attributes": (1, "Pair*")},
        "ScopeMetrics": {"metrics": (2, "bytes*")},
        "Metric": {
            "name": (1, "string"), "description": (2, "string"), "unit": (3, "string"),
            "gauge": (5, "Points"), "sum": (7, "Sum"), "histogram": (9, "Stream"),
            "exponential_histogram": (10, "Stream"), "summary": (11, "Points"),
        },
        "Points": POINTS,
        "Stream": STREAM,
        "Sum": STREAM | {"is_monotonic": (3, "bool")},
        "Number": {
            "attributes": (7, "Pair*"), "time": (3, "fixed64"), "number": (4, "double"),
            "integer": (6, "sfixed64"), "flags": (8, "uint32"),
        },
        "Histogram": {
            "attributes": (9, "Pair*"), "time": (3, "fixed64"), "count": (4, "fixed64"),
            "sum": (5, "double?"), "counts": (6, "fixed64*"), "bounds": (7, "double*"),
            "flags": (10, "uint32"),
        },
        "Summary": {
            "attributes": (7, "Pair*"), "time": (3, "fixed64"), "count": (4, "fixed64"),
            "sum": (5, "double"), "quantiles": (6, "Quantile*"), "flags": (8, "uint32"),
        },
        "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
        "Pair": {"key": (1, "string"), "value": (2, "Value")},
        "Value": VALUE,
        "Array": {"values": (1, "Value*")},
        "Pairs": {"values": (1, "Pair*")},
    },
)  # fmt: skip
Labels = dict[str, str]


class TooManyParts(Exception):
    """A level of a body has more parts than are taken at once."""


@dataclass(frozen=True)
class Reading:
    """What the points of one resource share."""

    gathering: Gathering
    at_ms: int
    resource: Labels = field(default_factory=dict)  # job and instance


@dataclass(frozen=True)
class Metric:
    """One metric on its way to samples; `name` is Prometheus's."""

    name: str
    kind: str
    points: Sequence[bytes]


def read(body: bytes, gathering: Gathering, at_ms: int) -> None:
    """Gather the samples of an ExportMetricsServiceRequest.

    Raises DecodeError, TooManyParts, measured.TooManyLabels.
    """
    for raw in limited(messages["Body"].FromString(body).resources):
        resource = parsed("ResourceMetrics", raw, gathering)
        if resource is not None:
            attributes = attributes_of(resource.resource.attributes)
            reading = Reading(gathering, at_ms, identity_of(attributes))
            times = [
                time for scope in limited(resource.scopes) for time in read_scope(scope, reading)
            ]
            tell_target(attributes, reading, times)


def limited(parts: Sequence[bytes]) -> Sequence[bytes]:
    """Count before anything is made of it."""
    if len(parts) > MAX_PARTS:
        raise TooManyParts(f"A body has {MAX_PARTS} points, metrics or resources at most.")
    return parts


def parsed(kind: str, raw: bytes, gathering: Gathering) -> Any:
    """Read one part; None, and counted as refused, where it cannot be read."""
    try:
        return messages[kind].FromString(raw)
    except DecodeError:
        gathering.untaken.add(f"a {kind} is not readable", 1, "")
        return None


def read_scope(raw: bytes, reading: Reading) -> Iterator[int]:
    """Gather a scope's samples; gives the times of its points."""
    scope = parsed("ScopeMetrics", raw, reading.gathering)
    for part in limited(scope.metrics) if scope is not None else ():
        metric = parsed("Metric", part, reading.gathering)
        if metric is not None:
            yield from read_metric(metric, reading)


def read_metric(sent: Any, reading: Reading) -> Iterator[int]:
    gathering = reading.gathering
    try:
        metric = metric_of(sent)
    except BadSeries as error:
        points = sum(len(getattr(sent, part).points) for part in PARTS)
        gathering.untaken.add(str(error), points, shown(sent.name))
        return
    unit = "_".join(unit_words(sent.unit))
    kind = "gauge" if metric.kind == "updown" else metric.kind
    gathering.metadata[metric.name] = Metadata(metric.name, kind, sent.description[:MAX_HELP], unit)
    spread, message = SPREAD[metric.kind]
    for raw in limited(metric.points):
        point = parsed(message, raw, gathering)
        if point is not None and read_point(metric, point, spread, reading):
            yield point.time // 1_000_000


PARTS = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


def metric_of(sent: Any) -> Metric:
    """Tell what kind of metric was sent. Raises BadSeries for what is not stored."""
    part = next((name for name in PARTS if sent.HasField(name)), None)
    if part is None:
        raise BadSeries("a metric has no data")
    if part == "exponential_histogram":
        raise BadSeries("exponential (native) histograms are not stored; use explicit buckets")
    found = getattr(sent, part)
    if part in ("sum", "histogram") and found.temporality != CUMULATIVE:
        raise BadSeries(
            "only cumulative temporality is stored; set"
            " OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative"
        )
    kind = ("counter" if found.is_monotonic else "updown") if part == "sum" else part
    name = metric_name(sent.name, sent.unit, kind)
    if not name:
        raise BadSeries("a metric's name has no letter or digit")
    return Metric(name, kind, found.points)


def read_point(metric: Metric, point: Any, spread: Any, reading: Reading) -> bool:
    """Gather the samples that one point is; false where it is refused."""
    gathering, ts = reading.gathering, point.time // 1_000_000
    try:
        check_time(ts, reading.at_ms)
        labels = labels_of(attributes_of(point.attributes)) | reading.resource
        is_over = bool(point.flags & NOT_RECORDED)
        rows = [
            (gathering.slot(series_from({NAME: name, **labels, **more}.items())), value)
            for name, more, value in spread(metric.name, point)
        ]
    except BadSeries as error:
        gathering.untaken.add(str(error), 1, shown(metric.name))
        return False
    for slot, value in rows:
        gathering.add(slot, ts, float(STALE) if is_over else value)
    return True


def check_time(ts: int, at_ms: int) -> None:
    oldest, newest = possible_times(at_ms)
    if not oldest <= ts <= newest:
        raise BadSeries(IMPOSSIBLE_TIME)


Rows = Iterator[tuple[str, Labels, float]]


def number(name: str, point: Any) -> Rows:
    yield name, {}, point.number or float(point.integer)


def histogram(name: str, point: Any) -> Rows:
    """Give buckets, each with all below it, the sum where there is one, and the count."""
    if len(point.bounds) and len(point.counts) != len(point.bounds) + 1:
        raise BadSeries("a histogram has one count more than bounds")
    if list(point.bounds) != sorted(set(point.bounds)):
        raise BadSeries("a histogram's bounds rise")
    for bound, below in zip(point.bounds, accumulate(point.counts), strict=False):
        if bound != float("inf"):
            yield f"{name}_bucket", {"le": plain_number(bound)}, float(below)
    yield f"{name}_bucket", {"le": "+Inf"}, float(point.count)
    if point.HasField("sum"):
        yield f"{name}_sum", {}, point.sum
    yield f"{name}_count", {}, float(point.count)


def summary(name: str, point: Any) -> Rows:
    for one in point.quantiles:
        yield name, {"quantile": plain_number(one.quantile)}, one.value
    yield f"{name}_sum", {}, point.sum
    yield f"{name}_count", {}, float(point.count)


SPREAD = {
    "gauge": (number, "Number"), "counter": (number, "Number"), "updown": (number, "Number"),
    "histogram": (histogram, "Histogram"), "summary": (summary, "Summary"),
}  # fmt: skip


def labels_of(attributes: Mapping[str, str]) -> Labels:
    """Return attributes as labels; values of attributes whose names become one are joined."""
    found: Labels = {}
    for key, value in sorted(attributes.items()):
        name = label_name(key)
        if not name:
            raise BadSeries("an attribute's name has no letter or digit")
        found[name] = f"{found[name]};{value}" if name in found else value
    return found


def attributes_of(pairs: Iterable[Any]) -> dict[str, str]:
    return {pair.key: text_of(pair.value) for pair in pairs}


def text_of(value: Any) -> str:
    """Write an attribute's value as text, lists and maps as JSON."""
    plain = plain_of(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, float):
        return plain_number(plain)
    return "" if plain is None else orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def plain_of(value: Any) -> Any:
    fields = value.ListFields()
    if not fields:
        return None
    descriptor, found = fields[0]
    if descriptor.name == "array":
        return [plain_of(one) for one in found.values]
    if descriptor.name == "pairs":
        return {one.key: plain_of(one.value) for one in found.values}
    return base64.b64encode(found).decode() if descriptor.name == "bytes" else found


IDENTIFYING = ("service.name", "service.namespace", "service.instance.id")


def identity_of(attributes: Mapping[str, str]) -> Labels:
    """Return `job` and `instance`, where the resource says what it is."""
    name, namespace, instance = (attributes.get(key, "") for key in IDENTIFYING)
    job = f"{namespace}/{name}" if namespace and name else name
    return {k: v for k, v in (("job", job), ("instance", instance)) if v}


def tell_target(attributes: Mapping[str, str], reading: Reading, times: Sequence[int]) -> None:
    """Gather `target_info`, which holds what else is known of the resource."""
    others = {k: v for k, v in attributes.items() if k not in IDENTIFYING and v}
    if not (others and reading.resource and times):
        return
    gathering = reading.gathering
    try:
        labels = labels_of(others) | reading.resource
        slot = gathering.slot(series_from({NAME: "target_info", **labels}.items()))
    except BadSeries as error:
        gathering.untaken.add(str(error), 1, "target_info")
        return
    gathering.metadata["target_info"] = Metadata("target_info", "gauge", "Target metadata")
    gathering.add(slot, max(times), 1.0)
