"""Which number of an answer a point of its figure stands for. Pure."""

from __future__ import annotations

from typing import Any

import orjson


def cell_text(value: Any) -> str:
    """Write a value of an answer into an address so that its type comes back: 5 is not "5"."""
    return orjson.dumps(value).decode()
