"""The exception of a change to something that somebody else changed meanwhile."""

from __future__ import annotations

from typing import Any

MESSAGE = "Somebody changed this meanwhile: look at both sides, then send the current version."


class Stale(Exception):
    """`current` is what stands there now, `yours` what was to be written. The API answers 409."""

    def __init__(self, current: dict[str, Any], yours: dict[str, Any]) -> None:
        super().__init__(MESSAGE)
        self.current = current
        self.yours = yours
