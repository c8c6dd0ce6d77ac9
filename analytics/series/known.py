"""Series by their ids, remembered: what an id stands for never changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from analytics.series.gathering import Ids
from analytics.series.identity import Series
from portal.store import client
from portal.store.query import Numbers, Query, Table

MOST_REMEMBERED = 300_000

_known: dict[int, Series] = {}
_lock = threading.Lock()


def series_of(ids: Ids) -> dict[int, Series]:
    """Return the series with these ids; those that the engine does not know are left out.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    wanted: list[int] = ids.tolist()
    with _lock:
        found = {one: _known[one] for one in wanted if one in _known}
    if missing := [one for one in wanted if one not in found]:
        asked = _ask(missing)
        _remember(asked)
        found |= asked
    return found


def table_of(ids: Ids) -> Table:
    """Return ids as a table that goes along with a query; its column is `number`."""
    return Table("number UInt64", ids.astype("<u8", copy=False).tobytes(), len(ids))


def _ask(ids: Sequence[int]) -> dict[int, Series]:
    answer = client.run(
        Query(
            "SELECT id, any(name), any(labels) FROM series"
            " WHERE id IN (SELECT number FROM ids) GROUP BY id",
            {"ids": Numbers(tuple(ids))},
        )
    )
    return {key: Series(name, tuple(sorted(labels.items()))) for key, name, labels in answer.rows()}


def _remember(asked: dict[int, Series]) -> None:
    with _lock:
        if len(_known) + len(asked) > MOST_REMEMBERED:
            _known.clear()
        _known.update(asked)
