"""Count calls by the minute. Without Valkey nobody counts, and nobody is refused."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from portal.lib import clock

WINDOW_S = 60


def second() -> int:
    return int(clock.now().timestamp())


def calls_of(who: str) -> int:
    """Count this call, and return how many there were in this minute."""
    minute = second() // WINDOW_S
    count: int = cache.count(f"calls:{who}:{minute}", WINDOW_S)  # type: ignore[attr-defined]  # our cache
    return count


def strangers_call_is_too_many(address: str) -> bool:
    """Count a call by somebody without an account, and tell whether their address has to wait."""
    most = settings.PUBLIC_PER_MINUTE
    return bool(most) and calls_of(f"open:{address}") > most
