"""Fetch one page of metrics over HTTP, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3
from django.conf import settings
from django.utils.crypto import salted_hmac
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

LARGEST_PAGE_BYTES = 8 * 1024 * 1024
OWN_SCRAPE_HEADER = "X-Portal-Collector"

_http = urllib3.PoolManager(num_pools=2, maxsize=2, retries=False)


class ScrapeFailed(Exception):
    """A page of metrics could not be had or read; the text says why."""


@dataclass(frozen=True)
class Target:
    """Where one page of metrics is, and the labels its series get."""

    url: str
    labels: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)


def own_signature() -> str:
    """Return what the portal's own collector shows at the door of /metrics."""
    return salted_hmac("analytics.collect", "own metrics", algorithm="sha256").hexdigest()


def web_target() -> Target:
    """Return the portal's own /metrics, without the engine's part (it is a target of its own)."""
    host = "127.0.0.1" if settings.HOST in {"0.0.0.0", "::", "localhost"} else settings.HOST  # noqa: S104
    headers = {OWN_SCRAPE_HEADER: own_signature(), "Host": f"127.0.0.1:{settings.PORT}"}
    if settings.SERVED_BY_HTTPS:
        headers["X-Forwarded-Proto"] = "https"
    return Target(
        f"http://{host}:{settings.PORT}/metrics?without=engine",
        {"job": "portal", "instance": "web"},
        headers,
    )


def port_of(parts: SplitResult) -> int:
    return parts.port or (8443 if parts.scheme == "https" else 8123)


def engine_target() -> Target:
    """Return the embedded engine's page; a real ClickHouse answers 404 there."""
    parts = urlsplit(settings.CLICKHOUSE_URL)
    login = f"{unquote(parts.username or 'default')}:{unquote(parts.password or '')}"
    return Target(
        f"{parts.scheme}://{parts.hostname}:{port_of(parts)}/metrics",
        {"job": "portal", "instance": "engine"},
        urllib3.make_headers(basic_auth=login),
    )


def fetch(target: Target, *, timeout_s: float) -> str:
    """Return the page's text. Raises ScrapeFailed."""
    try:
        answer = _http.request(
            "GET",
            target.url,
            headers={"Accept": "text/plain; version=0.0.4", **target.headers},
            timeout=timeout_s,
            redirect=False,
            preload_content=False,
        )
        body = answer.read(LARGEST_PAGE_BYTES + 1)
        answer.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ScrapeFailed(f"{target.url} does not answer: {error}") from error
    if answer.status != 200:
        raise ScrapeFailed(f"{target.url} answers {answer.status}.")
    if len(body) > LARGEST_PAGE_BYTES:
        raise ScrapeFailed(f"{target.url} sends more than {LARGEST_PAGE_BYTES} bytes.")
    return body.decode(errors="replace")


def is_answering(url: str, *, timeout_s: float) -> bool:
    """Tell whether an engine answers its /ping."""
    parts = urlsplit(url)
    try:
        answer = _http.request(
            "GET",
            f"{parts.scheme}://{parts.hostname}:{port_of(parts)}/ping",
            timeout=timeout_s,
            redirect=False,
        )
    except (urllib3.exceptions.HTTPError, OSError):
        return False
    return answer.status == 200


def families(text: str) -> Iterator[Metric]:
    """Parse Prometheus text. Raises ScrapeFailed."""
    try:
        yield from text_string_to_metric_families(text)
    except ValueError as error:
        raise ScrapeFailed(f"This is not Prometheus text: {error}") from error
