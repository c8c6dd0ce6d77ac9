"""Collect the portal's own metrics, one slot at a time."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from analytics.collect import scrape
from analytics.collect.scrape import ScrapeFailed, Target
from analytics.collect.series import Series, write

log = logging.getLogger(__name__)
INTERVAL = timedelta(seconds=10)
PATIENCE_S = 4.0  # for each target: both fit into one interval


def slot_of(now: datetime) -> datetime:
    """Return the beginning of the interval that `now` lies in; all its samples bear this time."""
    seconds = INTERVAL.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=UTC)


def collect_own_metrics(now: datetime) -> int:
    """Scrape web and engine and keep their samples; returns how many.

    Run twice in a slot, the second one changes nothing. Raises client.QueryFailed and
    client.EngineUnavailable: then this slot's samples are lost, the next slot's are not.
    """
    at = slot_of(now)
    return sum(collect(target, at) for target in (scrape.web_target(), scrape.engine_target()))


def collect(target: Target, at: datetime) -> int:
    """Scrape one target as of `at`. A target that fails leaves `up` at 0 and nothing else."""
    began = time.monotonic()
    try:
        samples = samples_of(target)
    except ScrapeFailed as error:
        log.warning("Own metrics were not collected.", extra={"reason": str(error)})
        samples = []
    samples += [
        (Series.of("up", target.labels), float(bool(samples))),
        (Series.of("scrape_duration_seconds", target.labels), time.monotonic() - began),
        (Series.of("scrape_samples_scraped", target.labels), float(len(samples))),
    ]
    # The result is part of the token: a failed attempt must not keep a good one out.
    outcome = "up" if len(samples) > 3 else "down"
    token = f"samples:{sorted(target.labels.items())}:{at.isoformat()}:{outcome}"
    write(samples, at, token=token)
    return len(samples)


def samples_of(target: Target) -> list[tuple[Series, float]]:
    """Fetch and parse one page. Raises ScrapeFailed."""
    page = scrape.fetch(target, timeout_s=PATIENCE_S)
    return [
        (Series.of(name, labels, target.labels), value)
        for name, labels, value in scrape.flat(scrape.families(page))
    ]
