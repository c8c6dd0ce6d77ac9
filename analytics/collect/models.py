"""What people set up to be collected; each model stands beside its subject."""

from __future__ import annotations

from analytics.collect.business.models import BusinessMetric
from analytics.collect.scraping.models import Endpoint, ScrapeTarget

__all__ = ["BusinessMetric", "Endpoint", "ScrapeTarget"]
