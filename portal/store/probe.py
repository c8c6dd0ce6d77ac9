"""Is the engine there? Asked past the client's lanes, retries and long patience."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import urllib3
from django.conf import settings


def ask_engine(*, timeout_s: float) -> None:
    """Let the engine answer a SELECT. Raises ConnectionError."""
    url = urlsplit(settings.CLICKHOUSE_URL)
    try:
        answer = urllib3.request(
            "GET",
            f"{url.scheme}://{url.hostname}:{url.port or 8123}/?query=SELECT%201",
            headers={
                "X-ClickHouse-User": unquote(url.username or "default"),
                "X-ClickHouse-Key": unquote(url.password or ""),
            },
            timeout=timeout_s,
            retries=False,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ConnectionError("The engine does not answer.") from error
    if answer.status != 200:
        raise ConnectionError(f"The engine answered {answer.status}.")
