from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base

from portal.lib import instruments

TARGET = re.compile(r'\b(?:FROM|INTO|UPDATE|JOIN)\s+"?([a-z][a-z0-9_]{0,62})"?', re.IGNORECASE)
OPERATIONS = frozenset({"select", "insert", "update", "delete"})


class DatabaseWrapper(base.DatabaseWrapper):
    """A wrapper on each connection, made here because Django offers a signal as the only hook."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(timed)


def timed(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,
    context: dict[str, Any],
) -> Any:
    """Run one query and note how long it took, on which table, and whether it failed."""
    began = time.perf_counter()
    status = "error"
    try:
        answer = execute(sql, params, many, context)
        status = "success"
        return answer
    finally:
        instruments.db_duration.labels(*described(sql), status).observe(time.perf_counter() - began)


def described(sql: str) -> tuple[str, str]:
    """Return a query's operation and its first table; `other` where there is none."""
    text = str(sql)
    words = text.split(None, 1)
    verb = words[0].lower() if words else ""
    if verb not in OPERATIONS:
        return "other", "other"
    found = TARGET.search(text)
    return verb, found[1].lower() if found else "other"
