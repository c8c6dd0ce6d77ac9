"""Where series are many, and which source comes near its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from analytics.series.limits import LIVE_S, OWN
from analytics.series.models import SeriesLimit
from analytics.series.sql import cardinality as sql
from portal.store import client
from portal.store.query import Query

NEAR = 0.8


@dataclass(frozen=True)
class Totals:
    live: int
    new_in_hour: int
    new_in_day: int
    metrics: int


@dataclass(frozen=True)
class Times:
    """Of the first and of the last sample that is kept."""

    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Metric:
    name: str
    live: int
    new_in_hour: int
    new_in_day: int


@dataclass(frozen=True)
class Label:
    """`values` is how many it has, `bytes` what they take, over all its series."""

    name: str
    values: int
    live: int
    bytes: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    label: str
    value: str
    live: int


@dataclass(frozen=True)
class Labels:
    """`pairs_in_all` is how many pairs of label and value there are."""

    labels: list[Label]
    pairs: list[Pair]
    pairs_in_all: int


@dataclass(frozen=True)
class Sender:
    """A source and how much of its limit it uses; `has_own_limit` of one that was set for it."""

    source: str
    live: int
    new_in_hour: int
    new_in_day: int
    limit: int
    has_own_limit: bool

    @property
    def share(self) -> float:
        return min(1.0, self.live / self.limit)

    @property
    def is_full(self) -> bool:
        return self.live >= self.limit

    @property
    def is_near(self) -> bool:
        return not self.is_full and self.live >= NEAR * self.limit


def totals() -> Totals:
    """Count live series. Raises QueryFailed, EngineUnavailable, as all below do."""
    (row,) = rows(sql.totals(LIVE_S))
    return Totals(*row)


def times() -> Times:
    (row,) = rows(sql.times())
    return Times(*row)


def metrics(limit: int, *, order: str = "series") -> list[Metric]:
    """Return the metrics with most series; `order` is one of sql.cardinality.ORDERS."""
    return [Metric(*row) for row in rows(sql.metrics(LIVE_S, limit, order=order))]


def labels(limit: int) -> Labels:
    """Return the labels with most values, and the pairs that most series have (sql.TOP at most)."""
    found = rows(sql.labels(LIVE_S))
    pairs = [
        Pair(name, value, -less) for name, _, _, _, top, _ in found for less, value in top[:limit]
    ]
    return Labels(
        [
            Label(name, values, live, size, tuple(examples))
            for name, values, live, size, _, examples in found[:limit]
        ],
        sorted(pairs, key=lambda one: (-one.live, one.label, one.value))[:limit],
        sum(values for _, values, *_ in found),
    )


def senders() -> list[Sender]:
    """Return who sends, and those that have a limit of their own."""
    own = dict(SeriesLimit.objects.values_list("source", "most"))
    found = dict.fromkeys(own, (0, 0, 0))
    found |= {source: (live, hour, day) for source, live, hour, day in rows(sql.sources(LIVE_S))}
    default = settings.MOST_SERIES_PER_SOURCE
    return [
        Sender(
            source,
            live,
            hour,
            day,
            settings.MOST_SERIES if source == OWN else own.get(source, default),
            has_own_limit=source in own,
        )
        for source, (live, hour, day) in sorted(found.items(), key=lambda one: -one[1][0])
    ]


def rows(query: Query) -> list[tuple[Any, ...]]:
    return client.run(query).rows()
