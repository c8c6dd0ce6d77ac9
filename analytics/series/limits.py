"""How many series there may be: of one source, and of all.

A source is who sends: "scrape:JOB" a scrape job, "intake:NAME" an intake source, "" the portal
itself, which only the limit of all holds back. A series is live while it was announced within
LIVE; the engine counts (series.heard_last), so a restart forgets nothing. What goes on is never
refused, only what is new. Each process counts for itself what it admits between two looks at the
engine: together they may be COUNTED_AGAIN_AFTER of new series above a limit, not more.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError

from analytics.series.identity import Series
from analytics.series.instruments import refused_series
from analytics.series.models import LEAST_LIMIT, SeriesLimit
from portal.store import client
from portal.store.query import Numbers, Query

log = logging.getLogger(__name__)
OWN = ""
LIVE = timedelta(hours=2)  # announced again each hour while it goes on
COUNTED_AGAIN_AFTER = 60.0
SURE_FOR = 2.0  # before something is refused, counts are to be that fresh
REFUSED_FOR = 60.0  # a refused series is not looked up again for so long
MOST_REMEMBERED = 200_000

COUNTS = """
SELECT source, count() FROM (
    SELECT id, anyLast(source) AS source FROM series
    GROUP BY id HAVING max(heard_last) > now() - {live:UInt32}
) GROUP BY source
"""
ALIVE = """
SELECT id FROM series WHERE id IN (SELECT number FROM ids)
GROUP BY id HAVING max(heard_last) > now() - {live:UInt32}
"""
LIVE_S = int(LIVE.total_seconds())


@dataclass(frozen=True)
class Refusal:
    """New series of one metric that were refused; `source` is OWN for the limit of all."""

    metric: str
    series: int
    source: str
    limit: int

    def __str__(self) -> str:
        whose = f"{self.source} has" if self.source else "All sources together have"
        what = "a new series" if self.series == 1 else f"{self.series:,} new series"
        return (
            f"{whose} {self.limit:,} live series, which is the limit: {what} of {self.metric}"
            " refused. Drop a label, or have the limit raised under Cardinality."
        )


@dataclass(frozen=True)
class Admission:
    """Which of the series, by their places, may be written, and what was refused why."""

    accepted: list[int]
    refused: list[Refusal] = field(default_factory=list)


class Limits:
    """What this process knows of the live series of each source."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Count anew, as after series were deleted or a limit was changed."""
        self._counts: Counter[str] = Counter()
        self._counted_at = float("-inf")
        self._refused: dict[int, float] = {}

    def admit(self, series: Sequence[Series], source: str, at_s: float) -> Admission:
        """Say which of these series may be announced; `at_s` is time.monotonic().

        Series that are live are always among them. Raises client.QueryFailed,
        client.EngineUnavailable.
        """
        with self._lock:
            if at_s - self._counted_at > COUNTED_AGAIN_AFTER:
                self._count(at_s)
            if self._is_far_from_limits(source, len(series)):
                self._counts[source] += len(series)
                return Admission(list(range(len(series))))
            return self._sort_out(series, source, at_s)

    def _is_far_from_limits(self, source: str, more: int) -> bool:
        """Tell whether there is room even if all of them are new."""
        if self._counts.total() + more > settings.MOST_SERIES:
            return False
        then = self._counts[source] + more
        # No limit of its own is that low, so most batches look none up.
        least = min(LEAST_LIMIT, settings.MOST_SERIES_PER_SOURCE)
        return source == OWN or then <= least or then <= limit_of(source)

    def _sort_out(self, series: Sequence[Series], source: str, at_s: float) -> Admission:
        """Find out which are new, and refuse those for which there is no room."""
        asked = [
            place
            for place, one in enumerate(series)
            if self._refused.get(one.id, float("-inf")) <= at_s
        ]
        if asked and at_s - self._counted_at > SURE_FOR:
            self._count(at_s)
        alive = living([series[place].id for place in asked])
        new = [place for place in asked if series[place].id not in alive]
        room, whose, limit = self._room(source)
        self._counts[source] += len(new[:room])
        left = new[room:]
        self._remember([series[place].id for place in left], at_s)
        if left:
            refused_series.labels(source).inc(len(left))
        refused = {*range(len(series))} - {*asked} | {*left}
        return Admission(
            [place for place in range(len(series)) if place not in refused],
            refusals([series[place] for place in sorted(refused)], whose, limit),
        )

    def _count(self, at_s: float) -> None:
        self._counts = Counter(counts())
        self._counted_at = at_s

    def _room(self, source: str) -> tuple[int, str, int]:
        """Return how many new series there is room for, whose limit says so, and the limit."""
        most = settings.MOST_SERIES
        of_all = (max(0, most - self._counts.total()), OWN, most)
        if source == OWN:
            return of_all
        limit = limit_of(source)
        own = (max(0, limit - self._counts[source]), source, limit)
        return min(own, of_all, key=lambda one: one[0])

    def _remember(self, refused: Sequence[int], at_s: float) -> None:
        if len(self._refused) + len(refused) > MOST_REMEMBERED:
            self._refused.clear()
        self._refused |= dict.fromkeys(refused, at_s + REFUSED_FOR)


def refusals(series: Sequence[Series], source: str, limit: int) -> list[Refusal]:
    """Say what was refused, the most of a metric first."""
    found = Counter(one.name for one in series).most_common()
    return [Refusal(metric, count, source, limit) for metric, count in found]


def counts() -> Mapping[str, int]:
    """Return how many live series each source has. Raises QueryFailed, EngineUnavailable."""
    rows = client.run(Query(COUNTS, {"live": LIVE_S})).rows()
    return {source: int(count) for source, count in rows}


def living(ids: Sequence[int]) -> set[int]:
    """Return those of the series that are live. Raises QueryFailed, EngineUnavailable."""
    if not ids:
        return set()
    rows = client.run(Query(ALIVE, {"live": LIVE_S, "ids": Numbers(tuple(ids))})).rows()
    return {int(key) for (key,) in rows}


def limit_of(source: str) -> int:
    """Return the most live series that a source may have."""
    default: int = settings.MOST_SERIES_PER_SOURCE
    try:
        own = SeriesLimit.objects.filter(source=source).values_list("most", flat=True).first()
    except DatabaseError as error:
        log.warning("A source's own limit is not known now.", extra={"reason": str(error)})
        return default
    return default if own is None else own


limits = Limits()
admit = limits.admit
