"""Trends over all rows against the bare scan of the same columns, in the same engine.

The scan counts rows while reading every column that the trend needs, under the same conditions.
The engine's query condition cache is off, so that every round reads. Two cores.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from analytics.insights.definitions.trend import parse_trend
from analytics.insights.planner import Plan
from portal.store.query import Query, TimeRange
from tests.store.engines import running_engine

ROWS = 5_000_000
CORES = 2
ROUNDS = 7
SCHEMA = Path(__file__).resolve().parents[1] / "portal/store/schema/0001_events.sql"
YEAR = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
UNCACHED = {"use_query_condition_cache": 0}
# One event name with all rows: the trend reads all of them.
FILL = f"""
INSERT INTO events (day, name, actor, person, ts, session_id, platform, strings, numbers)
SELECT toDate32(ts), 'visit', who, who,
    toDateTime64('2024-01-01 00:00:00', 6, 'UTC')
        + toIntervalMicrosecond(sipHash64(number) % (366 * 86400000000)) AS ts,
    toString(number % 400000), ['web', 'ios', 'android'][1 + number % 3],
    map('plan', ['free', 'pro', 'team'][1 + who % 3], 'country', ['DE', 'US', 'FR'][1 + number % 3],
        'path', concat('/p/', toString(number % 500))),
    map('revenue', (number % 10000) / 100, 'items', number % 7)
FROM (SELECT number, sipHash64(number * 7) % 300000 + 1 AS who FROM numbers({ROWS}))
"""
CASES: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "events by day": ({}, "UTC", ("day",)),
    "events by day, New York": ({}, "America/New_York", ("ts",)),
    "events by month": ({"interval": "month"}, "UTC", ("day",)),
    "events by hour": ({"interval": "hour"}, "UTC", ("ts",)),
    "users by day": ({"math": "unique_users"}, "UTC", ("day", "person")),
    "users by month": ({"math": "unique_users", "interval": "month"}, "UTC", ("day", "person")),
    "sum by day": ({"math": "sum", "property": "revenue"}, "UTC", ("day", "numbers")),
    "median by day": ({"math": "median", "property": "items"}, "UTC", ("day", "numbers")),
    "events by day and plan": (
        {"breakdown": {"property": "plan"}}, "UTC", ("day", "strings", "numbers", "booleans"),
    ),
    "events by day and platform": (
        {"breakdown": {"property": "$platform"}}, "UTC", ("day", "platform"),
    ),
    "events of one country by day": (
        {"where": [{"property": "country", "op": "=", "value": "DE"}]}, "UTC", ("day", "strings"),
    ),
    "weekly active users by day": ({"math": "wau"}, "UTC", ("ts", "person")),
}  # fmt: skip


def main() -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, running_engine(Path(folder)) as engine:
        client = engine.client()
        prepare(client)
        for name, (body, zone, columns) in CASES.items():
            scan, trend = side_by_side(
                partial(scanned, client, columns), partial(asked, client, body, zone)
            )
            figures[f"{name} against the bare scan (ratio)"] = trend / scan
            figures[f"{name}, ms"] = trend
    return figures


def prepare(client: Client) -> None:
    text = SCHEMA.read_text().replace("$on_cluster", "").replace("${replicated}", "")
    client.command(text.split(";\n")[0])
    client.command(FILL)
    client.command("OPTIMIZE TABLE events FINAL")


def scanned(client: Client, columns: tuple[str, ...]) -> None:
    read = ", ".join(columns)
    client.query(
        "SELECT count() FROM events WHERE name = 'visit' AND day >= '2024-01-01'"
        f" AND day <= '2024-12-31' AND NOT ignore({read})",
        settings=UNCACHED,
    )


def asked(client: Client, body: dict[str, Any], zone: str) -> None:
    """Ask as the source does: plan, run every query, read the answer."""
    series = {"event": "visit"} | {k: v for k, v in body.items() if k in {"math", "property"}}
    rest = {k: v for k, v in body.items() if k not in series}
    local = ZoneInfo(zone)
    trend = parse_trend({"series": [series], **rest}, local)
    start, end = (at.replace(tzinfo=local) for at in YEAR)
    plan = Plan(trend, TimeRange(start, end, zone), YEAR[1], "person", runner(client))
    plan.lines()


@dataclass(frozen=True)
class Answer:
    names: tuple[str, ...]
    columns: tuple[Sequence[Any], ...]

    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.columns, strict=True))


def runner(client: Client) -> Callable[[Query], Answer]:
    def run(query: Query) -> Answer:
        answer = client.query(
            query.sql, parameters=dict(query.params), settings=UNCACHED, column_oriented=True
        )
        return Answer(tuple(answer.column_names), tuple(answer.result_columns))

    return run


def side_by_side(*actions: Callable[[], object]) -> list[float]:
    """Return each action's best time in ms; they take turns, so that noise hits all alike."""
    best = [math.inf] * len(actions)
    for _ in range(ROUNDS):
        for place, action in enumerate(actions):
            began_at = time.perf_counter()
            action()
            best[place] = min(best[place], time.perf_counter() - began_at)
    return [seconds * 1000 for seconds in best]
