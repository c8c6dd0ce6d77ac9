"""The portal's own metrics: what is counted, in every process, and shown at /metrics.

Names, labels and buckets of the first group are those of the system this portal replaces, so that
dashboards and rules written for it keep working. Every label has a bounded set of values: never
put an id, a raw path, an e-mail address or the text of an error into one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import prometheus_client
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

PREFIX: str = settings.METRIC_PREFIX
# `manage.py up` sets PROMETHEUS_MULTIPROC_DIR to this for its children: each process writes its
# own file there, and whoever is asked adds all of them up.
SHARED_BY_PROCESSES: Path = settings.DATA_DIR / "run" / "metrics"
QUICK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# A "created" series beside each counter would double their number for nothing that we read.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library
registry = CollectorRegistry()


def counter(name: str, explanation: str, labels: Iterable[str] = ()) -> Counter:
    """Make a counter; `name` comes without the prefix and ends in _total."""
    return Counter(PREFIX + name, explanation, tuple(labels), registry=registry)


def histogram(
    name: str,
    explanation: str,
    labels: Iterable[str] = (),
    *,
    buckets: tuple[float, ...] = QUICK_BUCKETS,
) -> Histogram:
    """Make a histogram; `name` comes without the prefix and ends in its unit."""
    return Histogram(PREFIX + name, explanation, tuple(labels), buckets=buckets, registry=registry)


def gauge(
    name: str, explanation: str, labels: Iterable[str] = (), *, mode: str = "livemostrecent"
) -> Gauge:
    """Make a gauge. `mode` says what several processes' values make: by default that of the
    living process that wrote last; `livesum` adds the living ones up.
    """
    return Gauge(
        PREFIX + name,
        explanation,
        tuple(labels),
        multiprocess_mode=mode,  # type: ignore[arg-type]  # checked by the library
        registry=registry,
    )


http_duration = histogram(
    "http_request_duration_seconds",
    "Duration of HTTP requests in seconds",
    ("method", "route", "status_code", "platform"),
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10),
)
http_requests = counter(
    "http_requests_total",
    "Total number of HTTP requests",
    ("method", "route", "status_code", "platform"),
)
db_duration = histogram(
    "db_query_duration_seconds",
    "Duration of database queries in seconds",
    ("operation", "table", "status"),
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 2, 5),
)
errors = counter("errors_total", "Total number of errors", ("type", "severity", "component"))
# A series that is born with its first error never increased to it: answers that fail begin at 0.
errors.labels("logged", "error", "django.request")
cache_duration = histogram(
    "cache_operation_duration_seconds",
    "Duration of cache operations in seconds",
    ("operation", "cache_type"),
    buckets=(0.0001, 0.001, 0.01, 0.1, 0.5, 1),
)
cache_lookups = counter(
    "cache_lookups_total",
    "Cache look-ups by outcome: hit, miss, unreachable",
    ("cache_type", "outcome"),
)
store_duration = histogram(
    "store_query_duration_seconds",
    "Duration of the engine's queries as seen by the client",
    ("operation", "status"),
)
event_loop_lag = histogram(
    "event_loop_lag_seconds",
    "How much later than asked for a timer of the web process fired",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


@contextmanager
def store_query(operation: str) -> Iterator[None]:
    """Time one call of the engine; `operation` is query, look_up, command or insert."""
    began = time.perf_counter()
    status = "error"
    try:
        yield
        status = "success"
    finally:
        store_duration.labels(operation, status).observe(time.perf_counter() - began)


class CountErrors(logging.Handler):
    """Count what is logged as an error, by exception type and the logger's first two names."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        component = ".".join(record.name.split(".")[:2])
        errors.labels(
            kind.__name__ if kind else "logged", record.levelname.lower(), component
        ).inc()


def names() -> set[str]:
    """Return what the instruments are called, without the prefix, as series begin their names."""
    found = {family.name.removeprefix(PREFIX) for family in registry.collect()}
    return found | {f"{name}_total" for name in found}


def described() -> Iterator[Metric]:
    """Return the instruments of this process without what they counted: what there can be."""
    for family in registry.collect():
        yield Metric(family.name, family.documentation, family.type, family.unit)


def collected() -> Iterator[Metric]:
    """Return all instruments, added up over all processes where there are several."""
    if ValueClass._multiprocess:
        files = MultiProcessCollector(None, str(SHARED_BY_PROCESSES))  # type: ignore[no-untyped-call]  # the library
        return iter(files.collect())  # type: ignore[no-untyped-call]  # the library
    return iter(registry.collect())
