"""Where sockets do what blocks. Whoever comes in, and whose rights are checked, never waits for a
slow evaluation: a lost right has to take effect within seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync
from django.db import close_old_connections

T = TypeVar("T")
EVALUATORS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")
DOOR = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-door")


async def in_thread(pool: ThreadPoolExecutor, call: Callable[..., T], *args: Any) -> T:
    """Run blocking work, with database connections given back afterwards."""

    def work() -> T:
        try:
            return call(*args)
        finally:
            close_old_connections()

    return await SyncToAsync(work, thread_sensitive=False, executor=pool)()
