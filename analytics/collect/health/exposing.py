"""The last health checks on /metrics."""

from __future__ import annotations

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from analytics.collect.health import standing
from analytics.collect.health.checking import RESPONSE_TIME, STATUS, TOLD
from portal.lib import clock


def of_health() -> list[Metric]:
    """Tell how the checks went; nothing when nobody checks any more."""
    help_of = {one.name: one.help for one in TOLD}
    status = GaugeMetricFamily(STATUS, help_of[STATUS], labels=["check"])
    took = GaugeMetricFamily(RESPONSE_TIME, help_of[RESPONSE_TIME], labels=["check"])
    now = clock.now()
    for one in standing.read():
        if one.is_current(now):
            status.add_metric([one.name], float(one.is_up))
            if one.took_s is not None:
                took.add_metric([one.name], one.took_s)
    return [status, took]
