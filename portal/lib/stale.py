"""The exception of a change to something that somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MESSAGE = "Somebody changed this meanwhile: look at both sides, then send the current version."


class Stale(Exception):
    """`current` is what stands there now, `yours` what was to be written. The API answers 409.

    `more` goes into the answer beside them, such as what both sides make together.
    """

    def __init__(
        self,
        current: dict[str, Any],
        yours: dict[str, Any],
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(MESSAGE)
        self.current = current
        self.yours = yours
        self.more = more
