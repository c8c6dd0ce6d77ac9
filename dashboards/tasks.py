"""What the clock does to dashboards."""

from __future__ import annotations

from celery import shared_task

from dashboards.models import Snapshot
from dashboards.open import actions
from portal.lib import clock


@shared_task
def delete_old_snapshots() -> None:
    """Delete snapshots whose time is over."""
    for snapshot in Snapshot.objects.filter(expires_at__lte=clock.now()):
        actions.delete_snapshot(None, snapshot)
