"""Words and colors that stand for values. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.options.regexes import BadRegex, is_found, replaced

SPECIAL: tuple[tuple[str, str], ...] = (
    ("null", "No value"),
    ("nan", "Not a number"),
    ("null+nan", "No value or not a number"),
    ("true", "True"),
    ("false", "False"),
    ("empty", "An empty text"),
)


@dataclass(frozen=True)
class Mapped:
    """What is shown instead; an empty text or color leaves the value's own."""

    text: str = ""
    color: str = ""


def mapped(mappings: Sequence[Mapping[str, Any]], value: Any) -> Mapped | None:
    """Return what the first mapping that holds says of a value; None where none holds."""
    for one in mappings:
        if _holds(one, value):
            text = str(one.get("text") or "")
            if one.get("kind") == "regex" and "$" in text:
                text = _with_groups(one, text, value)
            return Mapped(text, str(one.get("color") or ""))
    return None


def _with_groups(one: Mapping[str, Any], text: str, value: Any) -> str:
    try:
        return replaced(str(one.get("match", "")), text, str(value))
    except BadRegex:
        return text


def _holds(one: Mapping[str, Any], value: Any) -> bool:
    kind = one.get("kind")
    if kind == "special":
        return _is_special(str(one.get("match", "")), value)
    if value is None:
        return False
    if kind == "value":
        return _same(one.get("match"), value)
    if kind == "range":
        return _within(one.get("from"), one.get("to"), value)
    return kind == "regex" and is_found(str(one.get("match", "")), _plain(value))


def _is_special(match: str, value: Any) -> bool:
    is_nan = isinstance(value, float) and math.isnan(value)
    found = {
        "null": value is None, "nan": is_nan, "null+nan": value is None or is_nan,
        "true": value is True, "false": value is False, "empty": value == "",
    }  # fmt: skip
    return bool(found.get(match, False))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _same(match: Any, value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(match) == float(value)
        except (TypeError, ValueError):
            return False
    return str(match) == _plain(value)


def _within(low: Any, high: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return False
    return bool((low is None or value >= low) and (high is None or value <= high))
