"""The portal as a target of its own: the page of web, and that of the embedded engine."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from analytics.collect import processes, scrape
from analytics.collect.scraping.endpoints import Found
from analytics.collect.scraping.fetching import Address
from analytics.collect.scraping.models import Endpoint, ScrapeTarget

NAME = "portal"
INTERVAL_S, TIMEOUT_S = 10, 4.0
PLAIN = "text/plain;version=0.0.4"  # OpenMetrics would add a series of when each counter began


def ensure(now: datetime) -> None:
    """Let the portal be among the targets."""
    if not ScrapeTarget.objects.filter(discovery=ScrapeTarget.Discovery.OWN).exists():
        taken = ScrapeTarget.objects.filter(name__iexact=NAME).exists()
        ScrapeTarget.objects.create(
            name=f"{NAME} itself" if taken else NAME,
            discovery=ScrapeTarget.Discovery.OWN,
            interval_s=INTERVAL_S,
            timeout_s=TIMEOUT_S,
            refresh_at=now,
        )


def found() -> list[Found]:
    """Return the pages that there are: a real ClickHouse has none."""
    targets = [scrape.web_target()]
    if any(child.name == "engine" for child in processes.children(settings.DATA_DIR)):
        targets.append(scrape.engine_target())
    return [Found(one.url, one.labels) for one in targets]


def address_of(endpoint: Endpoint) -> Address:
    """Return where one of them is, and what opens it."""
    is_engine = endpoint.labels.get("instance") == "engine"
    target = scrape.engine_target() if is_engine else scrape.web_target()
    host = urlsplit(target.url).hostname or ""
    headers = {**target.headers, "Accept": PLAIN}
    return Address(target.url, TIMEOUT_S, headers, named=(host,))
