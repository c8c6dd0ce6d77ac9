"""Looking around among metrics: which there are, their labels, and how long they lived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.series import metadata
from analytics.series.sql import browsing as sql
from portal.store import client

MOST_NAMES = 5_000
# Of a histogram or counter the family is described, its series have these ends.
ENDS = ("_bucket", "_count", "_sum", "_total")


@dataclass(frozen=True)
class Found:
    """A metric with how many series it has had of late, and what its senders say of it."""

    name: str
    series: int
    type: str = ""
    help: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Label:
    """A label of a metric; `values` are those with most series, each with how many it has."""

    name: str
    count: int
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Life:
    """When a metric was first and last heard of, in milliseconds, the last to the hour."""

    first_ms: int
    last_ms: int
    series: int


def oldest_ms() -> int | None:
    """Return the time of the oldest sample that is kept in any resolution; None without samples.

    Raises client.QueryFailed, client.EngineUnavailable, as all here do.
    """
    found = [first for rows, first in client.run(sql.oldest()).rows() if rows]
    return min(found, default=None)


def metrics(search: str, since_ms: int, limit: int) -> list[Found]:
    """Return metrics whose name holds all words of a search, most telling first."""
    rows = client.run(sql.metrics(search.split(), since_ms, limit)).rows()
    said = described([name for name, _ in rows])
    return [Found(name, series, *said.get(name, ())) for name, series in rows]


def described(names: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Return type, help and unit of metrics, by the newest saying about their family."""
    families = {name: [name, *(family for family in family_of(name))] for name in names}
    wanted = sorted({one for several in families.values() for one in several})
    rows = client.run(sql.sayings(wanted)).rows()
    said = {name: (type_, help_, unit) for name, type_, help_, unit in rows}
    found = {
        name: [said[one] for one in several if one in said] for name, several in families.items()
    }
    return {name: sayings[0] for name, sayings in found.items() if sayings}


def family_of(name: str) -> list[str]:
    return [name.removesuffix(end) for end in ENDS if name.endswith(end)]


def labels(metric: str, since_ms: int, values: int) -> list[Label]:
    """Return a metric's labels, those with most values first."""
    rows = client.run(sql.labels(metric, since_ms, values)).rows()
    return [
        Label(name, count, tuple(zip(texts, series, strict=True)))
        for name, count, texts, series in rows
    ]


def life_of(metric: str) -> Life | None:
    """Return when a metric lived; None where nobody ever heard of it."""
    ((first_ms, last_ms, series),) = client.run(sql.life(metric)).rows()
    return Life(first_ms, last_ms, series) if series else None


def names() -> list[str]:
    """Return metrics' names, for what somebody may have meant."""
    return [str(name) for name, _ in client.run(sql.metrics([], 0, MOST_NAMES)).rows()]


def help_of(metric: str) -> metadata.Metadata | None:
    found = described([metric]).get(metric)
    return metadata.Metadata(metric, *found) if found else None
