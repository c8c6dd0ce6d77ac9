"""What the widgets' templates need beyond the design system's tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import template

from portal.lib.text import grouped

register = template.Library()

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks", "mo": "months"}
RELATIVE = re.compile(r"-(\d+)(m|h|d|w|mo)")
WORDS = {"$other": "Other", "$none": "Not set"}


@register.filter
def at(items: Sequence[Any], index: int) -> Any:
    """Return the item at an index."""
    return items[index]


@register.filter
def full(value: Any) -> str:
    """Say a value with all its digits, for the title of a short one."""
    return grouped(value) if isinstance(value, int | float) else str(value or "")


@register.filter
def series_word(name: Any) -> Any:
    """Say `$other` and `$none` in words."""
    return WORDS.get(name, name) if isinstance(name, str) else name


@register.filter
def range_words(begin: str) -> str:
    """Say where a relative range begins: "-24h" is "the last 24 hours"."""
    back = RELATIVE.fullmatch(begin)
    if back is None:
        return "the dashboard's range"
    unit = UNITS[back[2]]
    return f"the last {unit.removesuffix('s')}" if back[1] == "1" else f"the last {back[1]} {unit}"
