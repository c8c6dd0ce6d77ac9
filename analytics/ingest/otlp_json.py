"""OpenTelemetry's metrics as JSON, turned into the protobuf message that they stand for. Pure."""

from __future__ import annotations

import orjson
from google.protobuf import json_format

from analytics.ingest.wire import define

POINTS = {"start_time_unix_nano": (2, "fixed64"), "time_unix_nano": (3, "fixed64")}
VALUE = {
    "string_value": (1, "string?"), "bool_value": (2, "bool?"), "int_value": (3, "int64?"),
    "double_value": (4, "double?"), "array_value": (5, "ArrayValue"),
    "kvlist_value": (6, "KeyValueList"), "bytes_value": (7, "bytes?"),
}  # fmt: skip
messages = define(
    "portal.otlp.json",
    {
        "Body": {"resource_metrics": (1, "ResourceMetrics*")},
        "ResourceMetrics": {"resource": (1, "Resource"), "scope_metrics": (2, "ScopeMetrics*")},
        "Resource": {"attributes": (1, "KeyValue*")},
        "ScopeMetrics": {"metrics": (2, "Metric*")},
        "Metric": {
            "name": (1, "string"), "description": (2, "string"), "unit": (3, "string"),
            "gauge": (5, "Gauge"), "sum": (7, "Sum"), "histogram": (9, "Histogram"),
            "exponential_histogram": (10, "ExponentialHistogram"), "summary": (11, "Summary"),
        },
        "Gauge": {"data_points": (1, "NumberDataPoint*")},
        "Sum": {
            "data_points": (1, "NumberDataPoint*"), "aggregation_temporality": (2, "int32"),
            "is_monotonic": (3, "bool"),
        },
        "Histogram": {
            "data_points": (1, "HistogramDataPoint*"), "aggregation_temporality": (2, "int32"),
        },
        "ExponentialHistogram": {
            "data_points": (1, "Empty*"), "aggregation_temporality": (2, "int32"),
        },
        "Empty": {},
        "Summary": {"data_points": (1, "SummaryDataPoint*")},
        "NumberDataPoint": POINTS | {
            "attributes": (7, "KeyValue*"), "as_double": (4, "double"), "as_int": (6, "sfixed64"),
            "flags": (8, "uint32"),
        },
        "HistogramDataPoint": POINTS | {
            "attributes": (9, "KeyValue*"), "count": (4, "fixed64"), "sum": (5, "double?"),
            "bucket_counts": (6, "fixed64*"), "explicit_bounds": (7, "double*"),
            "flags": (10, "uint32"),
        },
        "SummaryDataPoint": POINTS | {
            "attributes": (7, "KeyValue*"), "count": (4, "fixed64"), "sum": (5, "double"),
            "quantile_values": (6, "ValueAtQuantile*"), "flags": (8, "uint32"),
        },
        "ValueAtQuantile": {"quantile": (1, "double"), "value": (2, "double")},
        "KeyValue": {"key": (1, "string"), "value": (2, "AnyValue")},
        "AnyValue": VALUE,
        "ArrayValue": {"values": (1, "AnyValue*")},
        "KeyValueList": {"values": (1, "KeyValue*")},
    },
)  # fmt: skip


class NotOtlp(ValueError):
    """The body is no ExportMetricsServiceRequest in JSON; the text says where."""


def as_protobuf(body: bytes) -> bytes:
    """Return the same message in protobuf. Raises NotOtlp."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotOtlp(f"The body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise NotOtlp("The body is an object with `resourceMetrics`.")
    message = messages["Body"]()
    try:
        json_format.ParseDict(document, message, ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise NotOtlp(f"The body is no ExportMetricsServiceRequest: {str(error)[:300]}") from error
    packed: bytes = message.SerializeToString()
    return packed
