"""What of an address those see who may look at targets only: a query may hold a token. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analytics.collect.scraping.endpoints import PARAM

Json = dict[str, Any]
HIDDEN = "…"


def without_query(url: str) -> str:
    head, mark, _ = url.partition("?")
    return f"{head}?{HIDDEN}" if mark else url


def without_parameters(rules: Iterable[Json]) -> list[Json]:
    """Return rules less what they put into an address's parameters."""
    return [
        rule | {"replacement": HIDDEN} if rule.get("target_label", "").startswith(PARAM) else rule
        for rule in rules
    ]
