from __future__ import annotations

import logging

from celery import shared_task

from analytics.collect.business import collecting
from analytics.collect.scraping import refreshing
from analytics.collect.scraping.scraper import scraper
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=False)  # lost with its worker: the next is near
def wake_scraper() -> None:
    """Let this worker scrape; it goes on by itself, also while nobody wakes it."""
    scraper.wake()


@shared_task(ignore_result=True, acks_late=False)
def refresh_scrape_targets() -> None:
    """Look up the endpoints of targets with a list, and the portal's own."""
    refreshing.refresh_due(clock.now())


@shared_task(ignore_result=True, acks_late=False)
def collect_business_metrics() -> None:
    """Every 5 s: collect what is due, and hold what was collected."""
    try:
        collecting.hold(clock.now())
    except (EngineUnavailable, QueryFailed) as error:
        log.warning("Business metrics were not held.", extra={"reason": str(error)})
    collecting.collect_due(clock.now)
