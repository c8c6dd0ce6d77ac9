"""Ask the engine small questions with known answers, before anybody relies on the big ones.

Engine versions differ in young functions; a wrong one is named at the start, not found in a chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.store import client
from portal.store.query import Query


@dataclass(frozen=True)
class Probe:
    """One function the portal relies on: a query of one cell, and what it must answer."""

    name: str
    sql: str
    expected: Any


TEN = "(SELECT number AS n FROM numbers(10))"

PROBES = (
    Probe("exact unique count", f"SELECT uniqExact(n % 4) FROM {TEN}", 4),
    Probe("exact percentile", f"SELECT quantileExactInclusive(0.9)(n) FROM {TEN}", 8.1),
    Probe("t-digest percentile", f"SELECT round(quantileTDigest(0.5)(n)) FROM {TEN}", 4.0),
    Probe(
        "buckets on a 23-hour day",
        "SELECT countDistinct(toStartOfInterval(toDateTime('2026-03-08 05:00:00', 'UTC')"
        " + toIntervalHour(number), INTERVAL 1 DAY, 'America/New_York')) FROM numbers(23)",
        1,
    ),
    Probe(
        "weeks that start on Monday",
        "SELECT toString(toMonday(toDateTime64('2026-11-22 23:59:59', 6, 'UTC'), 'UTC'))",
        "2026-11-16",
    ),
    Probe(
        "overridden persons",
        "SELECT sum(transform(number, (SELECT groupArray(toUInt64(7))),"
        " (SELECT groupArray(toUInt64(2))), number)) FROM numbers(10)",
        40,
    ),
    Probe(
        "maps by key",
        "SELECT mapContains(map('a', 1.5), 'a') AND NOT mapContains(map('a', 1.5), 'b')",
        1,
    ),
    Probe("regular expressions", "SELECT match('release-4.2.0', '^release-4\\\\.')", 1),
    Probe(
        "microseconds",
        "SELECT toUnixTimestamp64Micro(toDateTime64('2026-01-01 00:00:00.000001', 6, 'UTC'))",
        1767225600000001,
    ),
)


def failures() -> list[str]:
    """Return one line for each probe whose answer is wrong; empty when all is well.

    Raises client.EngineUnavailable.
    """
    return [line for probe in PROBES if (line := failure_of(probe))]


def failure_of(probe: Probe) -> str:
    try:
        answer = client.run(Query(probe.sql)).value()
    except client.QueryFailed as error:
        return f"{probe.name}: {error}"
    return "" if answer == probe.expected else f"{probe.name}: {answer!r}, not {probe.expected!r}"
