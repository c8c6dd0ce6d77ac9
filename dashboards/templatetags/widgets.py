"""What the widgets' templates need beyond the design system's tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

register = template.Library()

WORDS = {"$other": "Other", "$none": "Not set"}


@register.filter
def at(items: Sequence[Any], index: int) -> Any:
    """Return the item at an index."""
    return items[index]


@register.filter
def series_word(name: Any) -> Any:
    """Say `$other` and `$none` in words."""
    return WORDS.get(name, name) if isinstance(name, str) else name
