"""Regular expressions as people write them here: "eth.*", or "/ETH.*/i" as in other tools. Pure.

They are found anywhere in a text, and cannot take long (RE2).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from analytics.promql import regexes
from analytics.promql.regexes import BadRegex

SLASHED = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
GROUP = re.compile(r"\$(\d)|\$\{(\w+)\}|\$<(\w+)>")

__all__ = ["BadRegex", "is_found", "pattern", "replaced"]


@lru_cache(maxsize=1_000)
def pattern(text: str) -> Any:
    """Compile an expression, for `search`. Raises BadRegex."""
    slashed = SLASHED.fullmatch(text)
    if slashed is None:
        return regexes.pattern(text)
    flags = "".join(letter for letter in slashed[2] if letter in "ims")
    return regexes.pattern(f"(?{flags}){slashed[1]}" if flags else slashed[1])


def is_found(text: str, value: str) -> bool:
    """Tell whether the expression is found in a value; one that cannot be read is in none."""
    try:
        return pattern(text).search(value) is not None
    except BadRegex:
        return False


def replaced(text: str, replacement: str, value: str) -> str:
    """Replace what the expression finds: $1 is its first group. Without /g only the first find."""
    slashed = SLASHED.fullmatch(text)
    most = 0 if slashed is not None and "g" in slashed[2] else 1

    def filled(found: Any) -> str:
        def group(name: re.Match[str]) -> str:
            key: int | str = int(name[1]) if name[1] else (name[2] or name[3])
            try:
                return str(found.group(int(key) if str(key).isdigit() else key) or "")
            except (IndexError, KeyError):
                return ""

        return GROUP.sub(group, replacement)

    return str(pattern(text).sub(filled, value, most))
