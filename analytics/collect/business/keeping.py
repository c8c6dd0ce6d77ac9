"""Write a metric's figures into series, and let them end there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from analytics.collect.business.models import BusinessMetric
from analytics.collect.business.shaping import Figure
from analytics.series import metadata
from analytics.series.identity import Series
from analytics.series.metadata import Metadata
from analytics.series.samples import STALE
from analytics.series.writing import Batch, write
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
ENDED = float(STALE)


def stored(figures: Iterable[Figure]) -> list[Any]:
    """Write figures as the row keeps them."""
    return [[dict(figure.key), figure.value] for figure in figures]


def read(figures: Iterable[Any]) -> list[Figure]:
    return [Figure(labels, value) for labels, value in figures]


def samples_of(name: str, figures: Iterable[Figure]) -> list[tuple[Series, float]]:
    return [(Series.of(name, figure.labels), figure.value) for figure in figures]


def keep(metric: BusinessMetric, figures: Sequence[Figure], slot: datetime) -> str:
    """Write a slot's figures. Label sets that the slot before had and this one has not end.

    Returns what could not be kept, in words. Raises client.QueryFailed, client.EngineUnavailable.
    """
    have = {figure.key for figure in figures}
    gone = [figure for figure in read(metric.figures) if figure.key not in have]
    samples = samples_of(metric.metric, figures) + ended(metric.metric, gone)
    token = f"business:{metric.pk}:{metric.version}:{slot.isoformat()}"
    metadata.write([Metadata(metric.metric, metric.type, metric.description)], slot)
    return put(samples, slot, token=token)


def put(samples: Sequence[tuple[Series, float]], at: datetime, *, token: str) -> str:
    """Write samples of one moment, once; returns what was refused, in words."""
    return " ".join(map(str, write(Batch.of_instant(samples, at), token=token)))


def ended(name: str, figures: Iterable[Figure]) -> list[tuple[Series, float]]:
    return [(Series.of(name, figure.labels), ENDED) for figure in figures]


def end(name: str, figures: Iterable[Figure], at: datetime) -> None:
    """Let series end at a moment, as far as the engine can be told; else they fade in 5 minutes."""
    samples = ended(name, figures)
    try:
        put(samples, at, token=f"business:end:{name}:{at.isoformat()}")
    except (QueryFailed, EngineUnavailable) as problem:
        log.warning("Series were not ended.", extra={"metric": name, "reason": str(problem)})
