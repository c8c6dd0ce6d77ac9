"""What metrics are: type, help and unit, as those who send them say."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from portal.store import client
from portal.store.query import Query

AGAIN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 100_000
LONGEST_HELP = 1_000


@dataclass(frozen=True)
class Metadata:
    """One saying about a metric family. `type` is OpenMetrics's word, "unknown" where none is said."""

    name: str
    type: str
    help: str = ""
    unit: str = ""


_told: dict[Metadata, datetime] = {}
_lock = threading.Lock()


def write(found: Iterable[Metadata], at: datetime) -> None:
    """Keep what was said; to say it again changes nothing.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    fresh = due(found, at)
    if not fresh:
        return
    client.insert(
        "metric_metadata",
        {
            "name": [one.name for one in fresh],
            "type": [one.type for one in fresh],
            "unit": [one.unit for one in fresh],
            "help": [one.help[:LONGEST_HELP] for one in fresh],
            "last_at": [at] * len(fresh),
        },
        token=uuid4().hex,
    )
    with _lock:
        if len(_told) > MOST_REMEMBERED:
            _told.clear()
        _told.update(dict.fromkeys(fresh, at))


def due(found: Iterable[Metadata], at: datetime) -> list[Metadata]:
    """Return what the engine has not heard within the hour, each once."""
    with _lock:
        return [
            one
            for one in dict.fromkeys(found)
            if one not in _told or at - _told[one] >= AGAIN_AFTER
        ]


def read(
    metric: str = "", *, limit: int = 0, limit_per_metric: int = 0
) -> dict[str, list[Metadata]]:
    """Return what is said of each metric, the latest saying first; of one metric if it is named.

    0 is no limit. Raises client.QueryFailed, client.EngineUnavailable.
    """
    each = " LIMIT {each:UInt64} BY name" if limit_per_metric else ""
    chosen = "WHERE name = {metric:String}" if metric else ""
    some = "LIMIT {most:UInt64}" if limit else ""
    query = Query(
        f"""
        SELECT name, type, help, unit FROM metric_metadata
        WHERE name IN (SELECT DISTINCT name FROM metric_metadata {chosen} ORDER BY name {some})
        GROUP BY name, type, help, unit
        ORDER BY name, max(last_at) DESC, type, unit, help{each}
        """,
        {"metric": metric, "most": limit, "each": limit_per_metric},
    )
    said: dict[str, list[Metadata]] = {}
    for row in client.run(query).rows():
        said.setdefault(row[0], []).append(Metadata(*row))
    return said
