"""Tell the provided metrics' past from the events, as if each had arrived when it happened.

A counter begins with its first slot, and a day's increase of it is 0 then, however much was sold.
Where many events of the past came or went at once (the sample company's), this says what would
have been collected meanwhile. What was collected before is replaced: it knew of other events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

import numpy as np
from django.conf import settings
from django.db.models import F

from analytics.collect.business import keeping
from analytics.collect.business.computing import Asked, figures
from analytics.collect.business.models import BusinessMetric
from analytics.collect.business.provided import PROVIDED, REVENUE_PAST
from analytics.collect.business.shaping import Figure
from analytics.collect.slots import slot_after, slot_of
from analytics.series import downsampling
from analytics.series.deleting import delete_samples
from analytics.series.identity import Series
from analytics.series.writing import Batch, milliseconds, write
from portal.lib.row_rights import ALL
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

STEP = timedelta(minutes=5)  # PromQL looks back as far
COUNTER_BACK = timedelta(hours=48)  # increase(…[24h]) at any moment of the last day
GAUGE_BACK = timedelta(hours=2)
Key = tuple[tuple[str, str], ...]
Past = dict[Key, list[tuple[datetime, float]]]


def rewrite(now: datetime) -> None:
    """Forget what the provided metrics collected, and tell their past until now.

    A metric that asks something else by now is left alone. Raises client.QueryFailed,
    client.EngineUnavailable.
    """
    queries = {one.name: one.query for one in PROVIDED}
    for metric in BusinessMetric.objects.filter(name__in=queries, is_on=True):
        if metric.query == queries[metric.name]:
            is_counter = metric.type == BusinessMetric.Type.COUNTER
            past = of_counter(metric, now) if is_counter else of_gauge(metric, now)
            delete_samples("name = {name:String}", {"name": metric.metric})
            put(metric, past, now)
            note(metric, past if is_counter else {}, now)
    downsampling.again(now - COUNTER_BACK)


def of_gauge(metric: BusinessMetric, now: datetime) -> Past:
    """Ask as of each of the last slots."""
    past: Past = defaultdict(list)
    last = slot_of(now, metric.interval_s)
    for ago in range(int(GAUGE_BACK / STEP), -1, -1):
        slot = last - ago * STEP
        for figure in figures(Asked.by(metric), slot, ALL):
            past[figure.key].append((slot, figure.value))
    return past


def of_counter(metric: BusinessMetric, now: datetime) -> Past:
    """Begin with what is older, and add what each step brought."""
    start = slot_of(now - COUNTER_BACK, int(STEP.total_seconds()))
    ends = [*steps(start, now), now]
    brought: dict[Key, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    window = TimeRange(start, now, settings.PORTAL_TIME_ZONE)
    question = Question({"query": REVENUE_PAST}, window, now, ALL)
    for row in ask("sql", question, refresh=True).dicts():
        step, value = int(row.pop("step")), float(row.pop("value") or 0)
        labels = Figure({name: str(cell or "") for name, cell in row.items()}, value).key
        brought[labels][min(step, len(ends) - 1)] += value
    return {
        key: list(zip(ends, accumulate(found[step] for step in range(len(ends))), strict=True))
        for key, found in brought.items()
    }


def steps(start: datetime, now: datetime) -> Iterator[datetime]:
    while start < now:
        yield start
        start += STEP


def put(metric: BusinessMetric, past: Past, now: datetime) -> None:
    """Write all of it at once."""
    series = [Series.of(metric.metric, dict(key)) for key in past]
    points = [(row, at, value) for row, found in enumerate(past.values()) for at, value in found]
    batch = Batch(
        series,
        np.array([row for row, _, _ in points], np.int64),
        np.array([milliseconds(at) for _, at, _ in points], np.int64),
        np.array([value for _, _, value in points], np.float64),
    )
    write(batch, token=f"business:past:{metric.pk}:{metric.version}:{now.isoformat()}")


def note(metric: BusinessMetric, past: Past, now: datetime) -> None:
    """Let a counter go on from here. Whoever collects by what was before notes nothing."""
    known = [Figure(dict(key), found[-1][1]) for key, found in past.items()]
    due_at = slot_after(slot_of(now, metric.interval_s), metric.interval_s) if known else now
    BusinessMetric.objects.filter(pk=metric.pk).update(
        version=F("version") + 1, due_at=due_at, leased_until=None, error="", failed_at=None,
        figures=keeping.stored(known), collected_at=now if known else None,
    )  # fmt: skip
