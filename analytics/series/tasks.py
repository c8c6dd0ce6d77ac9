"""Wake up and look what is due; the rows are the truth."""

from __future__ import annotations

import logging

from celery import shared_task

from analytics.series import downsampling
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)


@shared_task
def downsample() -> None:
    """Bring samples into buckets of five minutes and of an hour."""
    try:
        downsampling.run(clock.now)
    except (QueryFailed, EngineUnavailable) as error:
        log.warning("Downsampling waits.", extra={"reason": str(error).splitlines()[0]})
