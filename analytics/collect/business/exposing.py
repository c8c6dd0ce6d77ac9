"""The last figures of business metrics on /metrics."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from analytics.collect.business import keeping
from analytics.collect.business.models import BusinessMetric
from analytics.collect.business.shaping import Figure
from portal.lib import clock


def of_business() -> list[Metric]:
    """Tell the figures that are not older than two intervals: others are not true any more, and
    their metric stands there without figures.
    """
    try:
        now, rows = clock.now(), list(BusinessMetric.objects.filter(is_on=True))
        return [
            family_of(row, keeping.read(row.figures if is_current(row, now) else []))
            for row in rows
        ]
    finally:
        connection.close()  # this thread serves no request that would close it


def is_current(row: BusinessMetric, now: datetime) -> bool:
    collected_at = row.collected_at
    return collected_at is not None and now - collected_at < timedelta(seconds=2 * row.interval_s)


def family_of(row: BusinessMetric, figures: list[Figure]) -> Metric:
    names = sorted({name for figure in figures for name, _ in figure.key})
    is_counter = row.type == BusinessMetric.Type.COUNTER
    made = CounterMetricFamily if is_counter else GaugeMetricFamily
    family = made(row.metric, row.description or row.name, labels=names)
    for figure in figures:
        family.add_metric([dict(figure.key).get(name, "") for name in names], figure.value)
    return family
