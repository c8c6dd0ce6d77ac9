"""Addresses that a value leads to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SAFE = re.compile(r"(?:https?://|mailto:|/(?!/)|\?|#)", re.IGNORECASE)
PLACE = re.compile(
    r"\$\{__(?:data\.fields|row)(?:\.(?P<dotted>[^}\[\]]+)|\[\"?(?P<quoted>[^\]\"]+)\"?\])\}"
    r"|\$\{__(?P<word>value|series|cell|field)(?:\.(?P<part>raw|text|numeric|name))?\}"
    r"|\$__(?P<bare>cell|value|series)\b"
)


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    new_tab: bool = False


def is_safe(url: str) -> bool:
    """Tell whether an address may stand in a page: of the web, of mail, or of the portal's own."""
    return SAFE.match(url) is not None


def links_for(
    links: Sequence[Mapping[str, Any]],
    value: Any,
    *,
    text: str = "",
    series: str = "",
    row: Mapping[str, Any] | None = None,
) -> list[Link]:
    """Fill each link's places in; one that then leads out of bounds is left out."""
    words = {
        "value": _said(value), "value.raw": _said(value), "value.numeric": _said(value),
        "value.text": text or _said(value), "cell": _said(value), "series": series,
        "series.name": series, "field": series, "field.name": series,
    }  # fmt: skip
    found = [
        Link(
            str(one.get("title") or one.get("url", "")),
            _filled(str(one.get("url", "")), words, row or {}),
            bool(one.get("new_tab")),
        )
        for one in links
    ]
    return [one for one in found if is_safe(one.url)]


def _filled(url: str, words: Mapping[str, str], row: Mapping[str, Any]) -> str:
    def place(found: re.Match[str]) -> str:
        name = found["dotted"] or found["quoted"]
        if name:
            return quote(_said(row.get(name, "")), safe="")
        word = found["word"] or found["bare"]
        key = f"{word}.{found['part']}" if found["part"] else word
        return quote(words.get(key, ""), safe="")

    return PLACE.sub(place, url)


def _said(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)
