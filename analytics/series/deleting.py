"""Take series out of the engine before their time."""

from __future__ import annotations

from typing import Any

from analytics.series import keeping
from analytics.series.resolutions import COARSE, RAW
from portal.store import client
from portal.store.query import Query

# Mutations, awaited: a lightweight delete would leave the rows on the disk.
AWAITED = {"mutations_sync": 2, "max_query_size": 1 << 22}


def delete_samples(condition: str, params: dict[str, Any]) -> int:
    """Delete all samples of the series that a condition on their table finds; returns how many
    series. Their labels stay: other processes take them for told.

    Raises client.QueryFailed, client.EngineUnavailable; then run it again.
    """
    found = client.run(Query(f"SELECT DISTINCT id FROM series WHERE {condition}", params)).rows()
    # Literals: mutations take no parameters. They are numbers of our own.
    doomed = ",".join(str(int(number)) for (number,) in found)
    try:
        for resolution in (RAW, *COARSE) if doomed else ():
            client.command(
                f"ALTER TABLE {resolution.table} DELETE WHERE series IN ({doomed})",
                settings_=AWAITED,
            )
    finally:
        keeping.note_deletion()
    return len(found)
