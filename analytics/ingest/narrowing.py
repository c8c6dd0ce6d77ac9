"""Insert a plan's events; find the rows that the engine refuses, so that they hold nothing up.

A refused range is halved until single rows are left; these go into quarantine. Every step is
journaled before the next, and every range has a token of its own, so a crash repeats nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from analytics.ingest.inserting import insert
from analytics.ingest.spool import Narrowed, Plan, Spool
from portal.store.client import QueryFailed

log = logging.getLogger(__name__)
MAX_REFUSED_AT_START = 64
MEMORY = 241  # fewer rows at once may fit
# ClickHouse's codes for what no row is to blame for: such an insert is tried again as it is.
ENVIRONMENT = frozenset({
    0, 10, 16, 47, 48, 49, 60, 62, 74, 75, 76, 81, 82, 87, 95, 96, 115, 159, 164, 173, 202, 209,
    210, 218, 236, 241, 242, 243, 246, 252, 279, 319, 394, 396, 415, 425, 497, 516, 999, 1000,
    1001, 1002,
})  # fmt: skip


def insert_events(spool: Spool, plan: Plan, events: Any) -> dict[int, str]:
    """Insert all rows but those that the engine refuses; returns these with the reason.

    Raises QueryFailed when the rows are not to blame, EngineUnavailable.
    """
    if plan.narrowed is None:
        try:
            insert("events", events, token=plan.token)
        except QueryFailed as error:
            if error.code in ENVIRONMENT and error.code != MEMORY:
                raise
            log.warning("The engine refused a batch: looking for the row. %s", error)
        else:
            return {}
    return _search(spool, plan, events)


def _search(spool: Spool, plan: Plan, events: Any) -> dict[int, str]:
    found = plan.narrowed or Narrowed([(0, events.num_rows)], {})
    while found.ranges:
        found = _step(plan, events, found)
        spool.narrow(plan, found)
        left = sum(high - low for low, high in found.ranges)
        has_success = left + len(found.refused) < events.num_rows
        if len(found.refused) > MAX_REFUSED_AT_START and not has_success:
            spool.narrow(plan, None)
            raise QueryFailed("The engine refuses every row; it is not the rows' fault.")
    return found.refused


def _step(plan: Plan, events: Any, found: Narrowed) -> Narrowed:
    """Try the first range: it is done, or halved, or a refused row."""
    (low, high), *rest = found.ranges
    try:
        rows = events.slice(low, high - low)
        insert("events", rows, token=f"{plan.token}-{low}-{high}")
    except QueryFailed as error:
        if error.code in ENVIRONMENT and (error.code != MEMORY or high - low == 1):
            raise
        if high - low == 1:
            return Narrowed(rest, found.refused | {low: str(error)})
        middle = (low + high) // 2
        return Narrowed([(low, middle), (middle, high), *rest], found.refused)
    return Narrowed(rest, found.refused)
