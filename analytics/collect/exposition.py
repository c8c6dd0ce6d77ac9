"""The page of /metrics: everything counted and gathered, in the format that was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from analytics.collect import figures
from portal.lib import instruments


class _Found(Collector):
    """Metrics in hand, in the form that the encoders want."""

    def __init__(self, found: list[Metric]) -> None:
        self.found = found

    def collect(self) -> Iterable[Metric]:
        return self.found


def page(accept: str, *, without: Collection[str] = ()) -> tuple[bytes, str]:
    """Return the body and its content type: OpenMetrics when `accept` asks, else Prometheus text.

    Gatherers named in `without` are left out.
    """
    encode, content_type = choose_encoder(accept)
    counted = list(instruments.collected())
    # Before anything was counted an instrument is there without samples, so that it can be found.
    found = {family.name: family for family in instruments.described()}
    found |= {family.name: family for family in counted}
    # What is read now is truer than what a process wrote down, and is there when it is not.
    found |= {family.name: family for family in figures.of_cache(counted)}
    found |= {family.name: family for family in figures.gathered(without=without)}
    return encode(_Found(list(found.values()))), content_type
