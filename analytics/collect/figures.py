"""Figures that nobody counts but that can be read: gathered when /metrics is asked for.

Each gatherer has one second. One that is late, or still busy from the last time, is left out, so
that /metrics answers whatever is down.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
)
from prometheus_client.metrics_core import Metric
from redis import Redis
from redis.exceptions import RedisError

from analytics.collect import processes, scrape
from analytics.collect.business.exposing import of_business
from analytics.collect.health.exposing import of_health
from analytics.ingest import state
from analytics.ingest.instruments import spool_batches, spool_bytes, writer_lag
from portal.lib import clock, instruments

log = logging.getLogger(__name__)
PREFIX = instruments.PREFIX
PATIENCE_S = 1.0
QUEUE = "celery"  # the broker's list of jobs
cpu_shares = processes.CpuShares()
CONNECTIONS = """
    SELECT coalesce(state, 'starting'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1
"""


def of_processes() -> list[Metric]:
    """Measure memory, CPU time, files, age and restarts, by process."""
    names = ["process"]
    resident = GaugeMetricFamily(
        PREFIX + "process_resident_memory_bytes", "Resident memory (RSS)", labels=names
    )
    shared_out = GaugeMetricFamily(
        PREFIX + "process_proportional_memory_bytes",
        "Memory with common pages shared out (PSS); these add up",
        labels=names,
    )
    cpu = CounterMetricFamily(
        PREFIX + "process_cpu_seconds", "CPU time, own and of children", labels=names
    )
    share = GaugeMetricFamily(
        PREFIX + "cpu_usage_percent",
        "CPU used since the last look; 100 is one core",
        labels=names,
    )
    own = GaugeMetricFamily(
        PREFIX + "memory_heap_used", "Memory that no other process has (USS), bytes", labels=names
    )
    files = GaugeMetricFamily(PREFIX + "process_open_fds", "Open files", labels=names)
    started = GaugeMetricFamily(
        PREFIX + "process_start_time_seconds", "When it started, Unix time", labels=names
    )
    restarts = CounterMetricFamily(
        PREFIX + "process_restarts", "How often the supervisor started it again", labels=names
    )
    now = clock.now().timestamp()
    for one in processes.usage(settings.DATA_DIR):
        label = [one.name]
        resident.add_metric(label, one.resident_bytes)
        shared_out.add_metric(label, one.proportional_bytes)
        cpu.add_metric(label, one.cpu_seconds)
        share.add_metric(label, cpu_shares.percent(one, now))
        own.add_metric(label, one.own_bytes)
        files.add_metric(label, one.open_files)
        started.add_metric(label, one.started_at)
        restarts.add_metric(label, one.restarts)
    return [resident, shared_out, cpu, share, own, files, started, restarts]


def of_database() -> list[Metric]:
    """Count PostgreSQL's connections to the portal's database; `pool` is their state."""
    found = GaugeMetricFamily(
        PREFIX + "db_connections_active",
        "Number of active database connections",
        labels=["database", "pool"],
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(CONNECTIONS)
            for state, count in cursor.fetchall():
                found.add_metric([settings.DATABASES["default"]["NAME"], state], count)
    finally:
        connection.close()  # this thread serves no request that would close it
    return [found]


def of_intake() -> list[Metric]:
    """Read what waits in the spool: also while the writer, which counts it too, is away."""
    size = state.spool_size()
    values = (
        (spool_batches, size.batches),
        (spool_bytes, size.bytes),
        (writer_lag, state.age_s(size, clock.now())),
    )
    return [
        GaugeMetricFamily(family.name, family.documentation, value)
        for gauge, value in values
        for family in gauge.describe()
    ]


def of_queue() -> list[Metric]:
    """Count the jobs that wait in the broker for a worker."""
    with Redis.from_url(
        settings.CACHES["default"]["LOCATION"], socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
    ) as broker:  # fmt: skip
        waiting = float(str(broker.llen(QUEUE)))
    found = GaugeMetricFamily(
        PREFIX + "job_queue_waiting", "Jobs that wait for a worker", labels=["queue"]
    )
    found.add_metric([QUEUE], waiting)
    return [found]


def of_engine() -> list[Metric]:
    """Read what the embedded engine counts itself."""
    return list(scrape.families(scrape.fetch(scrape.engine_target(), timeout_s=PATIENCE_S)))


def of_cache(counted: Iterable[Metric]) -> list[Metric]:
    """Compute the share of look-ups that hit since the start from the counted look-ups."""
    hits: dict[str, float] = {}
    lookups: dict[str, float] = {}
    for family in counted:
        if family.name != f"{PREFIX}cache_lookups":
            continue
        for sample in family.samples:
            kind = sample.labels["cache_type"]
            lookups[kind] = lookups.get(kind, 0) + sample.value
            if sample.labels["outcome"] == "hit":
                hits[kind] = hits.get(kind, 0) + sample.value
    rate = GaugeMetricFamily(
        PREFIX + "cache_hit_rate",
        "Cache hit rate, a fraction of 1, since the start",
        labels=["cache_type", "region"],
    )
    for kind, total in lookups.items():
        rate.add_metric([kind, settings.ENVIRONMENT_NAME or "local"], hits.get(kind, 0) / total)
    return [rate]


Gatherer = Callable[[], list[Metric]]
GATHERERS: dict[str, Gatherer] = {
    "processes": of_processes,
    "database": of_database,
    "intake": of_intake,
    "queue": of_queue,
    "engine": of_engine,
    "business": of_business,
    "health": of_health,
}
# What is written into series by whoever finds it; scraped from here, it would be there twice.
OWN_SERIES = ("business", "health")
EXPECTED = (DatabaseError, sqlite3.Error, OSError, scrape.ScrapeFailed, RedisError)

_pool = ThreadPoolExecutor(max_workers=len(GATHERERS), thread_name_prefix="figures")
_busy: dict[str, Future[list[Metric]]] = {}
_starting = threading.Lock()


def gathered(*, without: Iterable[str] = ()) -> Iterator[Metric]:
    """Return what the gatherers find within PATIENCE_S."""
    asked = {name: _started(name) for name in GATHERERS if name not in set(without)}
    futures = [future for future in asked.values() if future is not None]
    wait(futures, timeout=PATIENCE_S)
    for name, future in asked.items():
        yield from _answer(name, future)


def _started(name: str) -> Future[list[Metric]] | None:
    with _starting:
        if name in _busy and not _busy[name].done():
            return None
        _busy[name] = _pool.submit(GATHERERS[name])
        return _busy[name]


def _answer(name: str, future: Future[list[Metric]] | None) -> list[Metric]:
    if future is None or not future.done():
        log.warning("Figures were late and are left out.", extra={"gatherer": name})
        return []
    try:
        return future.result()
    except EXPECTED as error:
        log.warning(
            "Figures could not be gathered.", extra={"gatherer": name, "reason": str(error)}
        )
        return []
