"""Pictures and pages of other hosts: only of those that the settings list."""

from __future__ import annotations

from fnmatch import fnmatch
from urllib.parse import urlsplit

from django.conf import settings

from dashboards.widgets import CannotDraw


def allowed(url: str) -> str:
    """Return an address that may be shown. Raises CannotDraw, which says what to do."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.hostname or ''}" + (
            f":{parts.port}" if parts.port else ""
        )
    except ValueError as problem:
        raise CannotDraw(f"“{url[:100]}” is not an address.") from problem
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise CannotDraw(
            "The query of this widget is an address such as https://status.example.com/."
        )
    if not any(fnmatch(origin, shown) for shown in settings.SHOWN_HOSTS):
        raise CannotDraw(
            f"{origin} is not among the hosts that widgets may show; an admin can add it to PORTAL_SHOWN_HOSTS."
        )
    return url
