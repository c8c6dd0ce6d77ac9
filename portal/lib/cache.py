"""Django's Valkey cache, except that an unreachable server means a miss, never an error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
T = TypeVar("T")


class FailOpenRedisCache(RedisCache):
    """Behave as an empty cache while Valkey is away: pages still answer, only slower."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default, lambda: RedisCache.get(self, key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> None:
        _or(None, lambda: RedisCache.set(self, key, value, timeout, version))

    def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        return _or(True, lambda: RedisCache.add(self, key, value, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _or(False, lambda: RedisCache.delete(self, key, version))


def _or(otherwise: T, call: Callable[[], T]) -> T:
    try:
        return call()
    except (RedisError, OSError):
        log.warning("Cache is unreachable, going on without it.")
        return otherwise
