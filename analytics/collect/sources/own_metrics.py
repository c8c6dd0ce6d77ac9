"""Named datasets over the portal's own metrics: what the "Data flow" dashboard shows.

Each answers with columns `t`, `series`, `value`, one row a point. A step that still runs is left
out: half a step's increase would look like a fall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.collect.sql import samples
from analytics.collect.sql.samples import Selection
from portal.lib.instruments import PREFIX
from portal.store.client import Result
from portal.store.frame import Column, Frame
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, dataset, sources

USUAL_WINDOW = timedelta(hours=1)
Point = tuple[datetime, str, float]
Build = Callable[[Selection, TimeRange], Query]
Read = Callable[[Result, str], Iterable[tuple[datetime, str, float, datetime]]]


@dataclass(frozen=True)
class OwnMetric:
    """One metric read in one way. `unit` is that of the values."""

    name: str
    label: str
    selection: Selection
    build: Build
    read: Read
    unit: str
    counted: str
    series: str = ""  # what to call the one series of a metric that is not split by a label

    @property
    def kind(self) -> str:
        return dataset(self.name)

    def run(self, question: Question) -> Frame:
        window = question.window or TimeRange(question.as_of - USUAL_WINDOW, question.as_of)
        query = self.build(self.selection, window)
        result, meta = question.run(query)
        points = complete(list(self.read(result, self.series or self.label)), window)
        meta = meta.plus(type(meta)(as_of=question.as_of, counted=(self.counted,)))
        return Frame(
            columns=(
                Column("t", "time"),
                Column("series", "string"),
                Column("value", "number", self.label, self.unit),
            ),
            values=columns_of(points),
            meta=meta,
        )


def complete(
    rows: Sequence[tuple[datetime, str, float, datetime]], window: TimeRange
) -> list[Point]:
    """Drop the last step when its last sample has not come yet."""
    if not rows:
        return []
    step = timedelta(seconds=samples.step_of(window))
    last = max(t for t, _, _, _ in rows)
    is_running = max(newest for t, _, _, newest in rows if t == last) < last + step
    return [(t, name, value) for t, name, value, _ in rows if not (is_running and t == last)]


def columns_of(points: Sequence[Point]) -> tuple[list[Any], list[Any], list[Any]]:
    return (
        [point[0] for point in points],
        [point[1] for point in points],
        [point[2] for point in points],
    )


def by_label(result: Result, otherwise: str) -> Iterable[tuple[datetime, str, float, datetime]]:
    """Read rows of `samples.gauge` and `samples.rate`: one series a label."""
    for t, label, value, newest in result.rows():
        yield utc(t), label or otherwise, value, utc(newest)


def as_quantiles(result: Result, otherwise: str) -> Iterable[tuple[datetime, str, float, datetime]]:
    """Read rows of `samples.buckets` as median and 95th percentile; empty steps have none."""
    for t, bounds, counts, newest in result.rows():
        for name, share in (("median", 0.5), ("95th percentile", 0.95)):
            value = samples.quantile(share, bounds, counts)
            if value is not None:
                yield utc(t), name, value, utc(newest)


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


COUNTED_EVERY = "The portal reads its own /metrics every 10 seconds."

for one in (
    OwnMetric(
        "events_accepted",
        "Events accepted",
        Selection(f"{PREFIX}ingest_events_accepted_total", by="source"),
        samples.rate,
        by_label,
        "per_s",
        f"{COUNTED_EVERY} Events per second and source that the intake put on disk, repeats"
        " left out.",
    ),
    OwnMetric(
        "events_rejected",
        "Events rejected",
        Selection(f"{PREFIX}ingest_events_rejected_total"),
        samples.rate,
        by_label,
        "per_s",
        f"{COUNTED_EVERY} Events per second that could not be taken; clients heard why.",
    ),
    OwnMetric(
        "writer_lag",
        "Writer lag",
        Selection(f"{PREFIX}ingest_writer_lag_seconds"),
        samples.gauge,
        by_label,
        "s",
        f"{COUNTED_EVERY} Age of the oldest accepted batch that the engine has not confirmed;"
        " 0 when nothing waits.",
    ),
    OwnMetric(
        "spool_size",
        "Spool",
        Selection(f"{PREFIX}ingest_spool_bytes"),
        samples.gauge,
        by_label,
        "bytes",
        f"{COUNTED_EVERY} What accepted events that wait for the writer take on the disk.",
    ),
    OwnMetric(
        "query_times",
        "Query time",
        Selection(f"{PREFIX}store_query_duration_seconds", labels={"operation": "query"}),
        samples.buckets,
        as_quantiles,
        "s",
        f"{COUNTED_EVERY} Median and 95th percentile of the engine's queries as the portal waits"
        " for them, estimated from a histogram.",
    ),
    OwnMetric(
        "request_times",
        "Answer time",
        Selection(f"{PREFIX}http_request_duration_seconds"),
        samples.buckets,
        as_quantiles,
        "s",
        f"{COUNTED_EVERY} Median and 95th percentile of all HTTP answers, estimated from a"
        " histogram.",
    ),
    OwnMetric(
        "requests",
        "Requests",
        Selection(f"{PREFIX}http_requests_total", by="status_code"),
        samples.rate,
        by_label,
        "per_s",
        f"{COUNTED_EVERY} HTTP requests answered per second, by status code.",
    ),
    OwnMetric(
        "process_memory",
        "Memory",
        Selection(f"{PREFIX}process_proportional_memory_bytes", by="process"),
        samples.gauge,
        by_label,
        "bytes",
        f"{COUNTED_EVERY} Proportional set size: pages shared between processes are shared out,"
        " so that the lines add up.",
    ),
    OwnMetric(
        "process_cpu",
        "CPU",
        Selection(f"{PREFIX}process_cpu_seconds_total", by="process"),
        samples.rate,
        by_label,
        "cores",
        f"{COUNTED_EVERY} CPU seconds used per second; 1 is one core.",
    ),
    OwnMetric(
        "errors_logged",
        "Errors",
        Selection(f"{PREFIX}errors_total", by="component"),
        samples.rate,
        by_label,
        "per_s",
        f"{COUNTED_EVERY} Lines logged as errors per second, by component.",
    ),
):
    sources.add(one)
