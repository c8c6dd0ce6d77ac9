"""Django's Valkey cache, except that an unreachable server means a miss, never an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from portal.lib import instruments

log = logging.getLogger(__name__)
T = TypeVar("T")
ABSENT = object()
UNREACHABLE = object()
CACHE_TYPES = {"frame": "result"}


class FailOpenRedisCache(RedisCache):
    """Behave as an empty cache while Valkey is away: pages still answer, only slower."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        found = measured(
            "get", key, UNREACHABLE, lambda: RedisCache.get(self, key, ABSENT, version)
        )
        outcome = {id(UNREACHABLE): "unreachable", id(ABSENT): "miss"}.get(id(found), "hit")
        instruments.cache_lookups.labels(cache_type(key), outcome).inc()
        return found if outcome == "hit" else default

    def set(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> None:
        measured("set", key, None, lambda: RedisCache.set(self, key, value, timeout, version))

    def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        return measured(
            "add", key, True, lambda: RedisCache.add(self, key, value, timeout, version)
        )

    def count(self, key: Any, timeout_s: int) -> int:
        """Add one to a count that ends by itself; 0 while Valkey is away."""
        return measured("count", key, 0, lambda: self._count(key, timeout_s))

    def _count(self, key: Any, timeout_s: int) -> int:
        RedisCache.add(self, key, 0, timeout_s)
        try:
            return int(RedisCache.incr(self, key))
        except ValueError:
            return 1  # it ended between the two

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        wanted = list(keys)
        return (
            measured("get_many", wanted[0], {}, lambda: RedisCache.get_many(self, wanted, version))
            if wanted
            else {}
        )

    def set_many(self, data: Any, timeout: Any = None, version: int | None = None) -> list[Any]:
        if data:
            first = next(iter(data))
            measured(
                "set_many", first, None, lambda: RedisCache.set_many(self, data, timeout, version)
            )
        return []

    def delete(self, key: Any, version: int | None = None) -> bool:
        return measured("delete", key, False, lambda: RedisCache.delete(self, key, version))


def measured(operation: str, key: Any, otherwise: T, call: Callable[[], T]) -> T:
    """Time one operation; answer `otherwise` when Valkey cannot be reached."""
    began = time.perf_counter()
    try:
        return call()
    except (RedisError, OSError):
        log.warning("Cache is unreachable, going on without it.")
        return otherwise
    finally:
        instruments.cache_duration.labels(operation, cache_type(key)).observe(
            time.perf_counter() - began
        )


def cache_type(key: Any) -> str:
    """Name the use of a key: its part before the first colon, if that is one we know."""
    return CACHE_TYPES.get(str(key).partition(":")[0], "other")
