"""Addresses in Grafana's dashboards as the portal's. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from dashboards.grafana.ledger import Given

SAFE = re.compile(r"(?:https?://|mailto:|/(?!/)|\?|#|\$)", re.IGNORECASE)
OURS = re.compile(r"^(?:\$\{?__?\w*url\w*\}?)?/?d(?:-solo)?/([\w-]+)(?:/[^?#]*)?")
RENAMED = (
    (re.compile(r"\$\{?__url_time_range\}?"), "from=${__from}&to=${__to}"),
    (re.compile(r"\$\{?__all_variables\}?"), "${__all_variables}"),
    (re.compile(r"\$__cell_(\d+)"), "${__cell}"),
    (re.compile(r"\$\{__series_name\}|\$__series_name\b"), "${__series}"),
    (re.compile(r"\$\{__value_time\}"), "${__value.time}"),
)  # fmt: skip
LONGEST = 2_000


def address_of(url: Any) -> str:
    """Return an address that may stand in a page; a Grafana dashboard's leads to the portal's."""
    if not isinstance(url, str) or not url.strip():
        return ""
    text = url.strip()
    for pattern, ours in RENAMED:
        text = pattern.sub(lambda found, ours=ours: ours, text)  # type: ignore[misc]  # bound now
    found = OURS.match(text)
    if found is not None:
        text = f"/dashboards/{found[1]}/{text[found.end() :]}"
    elif text.startswith(("dashboard/db/", "/dashboard/db/")):
        text = "/dashboards/" + text.partition("db/")[2].partition("?")[0] + "/"
    return text if SAFE.match(text) and len(text) <= LONGEST and "\0" not in text else ""


def link_of(given: Given) -> dict[str, Any] | None:
    """Read a link of a panel, a value or a column; None where it leads nowhere."""
    url = address_of(given.peek("url"))
    if not url:
        return None
    given.keep("title", "url", "type", "internal")
    title = given.peek("title")
    found: dict[str, Any] = {"url": url}
    if isinstance(title, str) and title:
        found["title"] = title[:200]
    if given.peek("targetBlank") is True:
        found["new_tab"] = True
        given.keep("targetBlank")
    return found


def dashboard_link(given: Given) -> dict[str, str] | None:
    """Read a link of a dashboard: to an address, or to the dashboards of a tag."""
    title = str(given.peek("title") or "")[:200]
    if given.peek("type") == "dashboards":
        tags = given.texts("tags")
        if not tags:
            return None
        given.change("type", "It opens the list of dashboards with this tag.")
        given.keep("title")
        return {"title": title or tags[0], "url": f"/dashboards/?tag={quote(tags[0])}"}
    url = address_of(given.peek("url"))
    if not url or url.startswith(("$", "mailto", "#", "?")):
        return None
    given.keep("title", "url", "type", "tooltip", "tags")
    return {"title": title or url[:200], "url": url}
