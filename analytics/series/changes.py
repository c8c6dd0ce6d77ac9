"""Since when samples are not what they were when somebody looked."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from analytics.series.reading import Ask
from analytics.series.sql.conditions import Params, condition
from analytics.series.sql.lookups import Sets
from portal.store import client
from portal.store.query import Query

# An insert may take so long from its first row's clock to being visible, and clocks may differ.
OVERLAP = timedelta(minutes=4)


def first_since(looked_at: datetime, sets: Sets, ask: Ask = client.read_columns) -> int | None:
    """Return the earliest time of a sample that came since then, late or not, in milliseconds.

    Only series that pass one of the sets of matchers count. None: no sample of theirs came. What
    came shortly before is among it. Says nothing of deletions (keeping.Reach). Raises
    client.QueryFailed, client.EngineUnavailable.
    """
    since = int((looked_at - OVERLAP).timestamp()) // 60 * 60  # written_at is to the minute
    params: Params = {"since": since}
    sql = f"""
        SELECT toUnixTimestamp64Milli(min(ts)) AS first, count() AS number FROM samples
        WHERE written_at >= fromUnixTimestamp({{since:Int64}})
            AND series GLOBAL IN (SELECT id FROM series WHERE {condition(sets, params)})"""
    found = ask(Query(sql, params)).columns
    first, number = (np.asarray(found[name]) for name in ("first", "number"))
    return int(first[0]) if number[0] else None
