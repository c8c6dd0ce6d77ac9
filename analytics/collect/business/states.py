"""How a business metric is, in one word."""

from __future__ import annotations

from datetime import datetime, timedelta

from analytics.collect.business.models import BusinessMetric

WORDS = {
    "ok": ("Collected", "success", "circle-check"),
    "failing": ("Failing", "critical", "circle-alert"),
    "late": ("Late", "warning", "hourglass"),
    "waiting": ("First collection to come", "info", "clock"),
    "off": ("Off", "", "pause"),
}


def state_of(metric: BusinessMetric, now: datetime) -> str:
    """Return ok, failing, late (a slot was missed), waiting (none was collected yet) or off."""
    if not metric.is_on:
        return "off"
    if metric.error:
        return "failing"
    if metric.collected_at is None:
        return "waiting"
    is_late = now - metric.collected_at > timedelta(seconds=2 * metric.interval_s)
    return "late" if is_late else "ok"
