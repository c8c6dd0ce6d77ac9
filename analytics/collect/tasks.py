from __future__ import annotations

import logging

from celery import shared_task

from analytics.collect import actions
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=False)  # lost with its worker: the next is near
def collect_own_metrics() -> None:
    """Every 10 s. What cannot be kept now is dropped: the next slot brings fresh figures."""
    try:
        actions.collect_own_metrics(clock.now())
    except (EngineUnavailable, QueryFailed) as error:
        log.warning("Own metrics were not kept.", extra={"reason": str(error)})
