"""Wake up and look which requests are due; the rows are the truth."""

from __future__ import annotations

from celery import shared_task

from analytics.privacy import carrying, retention
from portal.lib import clock


@shared_task
def carry_on_requests() -> None:
    """Carry out exports, and the worker's part of erasures."""
    carrying.carry_on(clock.now)


@shared_task
def expire_exports() -> None:
    """Delete the files of old exports."""
    carrying.expire(clock.now())


@shared_task
def apply_retention() -> None:
    """Delete what is older than it is to be kept."""
    retention.apply(clock.now())
