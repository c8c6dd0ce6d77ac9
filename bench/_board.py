"""A board of 20 widgets over all generated events and 1,000 series: the server's time to all data."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import numpy as np

from analytics.series.writing import Batch, write
from bench import _events
from bench._events import END, STEPS
from bench._pages import asker, fresh_bucket
from bench._stage import PERSONS, client
from bench.promql import DAY, STEP_MS, fill, series_of
from dashboards.asking import span_of
from dashboards.evaluate import answer
from dashboards.looking import look_with
from dashboards.models import Dashboard, Widget
from portal.lib.row_rights import ALL
from tests.running import RunningPortal

Json = dict[str, Any]
UID = "bench-board"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
A_MINUTE = 150  # events in a new minute: 20 million over 90 days
CACHED_MS, NEW_MINUTE_MS, COLD = 150.0, 500.0, 1.2
SUM = f"sum by (zone) (rate({DAY.name}[5m]))"
VIEWED, ORDERED = "page_viewed", STEPS[3]


def trend(event: str | None, **more: Any) -> Json:
    return {"kind": "trend", "series": [{"event": event, **more.pop("series", {})}], **more}


INSIGHTS: tuple[tuple[str, Json], ...] = (
    ("stat", trend(VIEWED)),
    ("stat", trend(VIEWED, series={"math": "unique_users"})),
    ("stat", trend(ORDERED, series={"math": "sum", "property": "revenue"})),
    ("line", trend(VIEWED, interval="day")),
    ("line", trend(VIEWED, interval="day", series={"math": "unique_users"})),
    ("area", trend(None, interval="day", breakdown={"property": "$platform"})),
    ("bar", trend(ORDERED, interval="week", breakdown={"property": "plan"})),
    ("line", trend(ORDERED, interval="day", series={"math": "sum", "property": "revenue"})),
    (
        "funnel",
        {
            "kind": "funnel",
            "steps": [{"event": name} for name in STEPS],
            "window": {"value": 1, "unit": "day"},
        },
    ),
    (
        "retention",
        {
            "kind": "retention", "definition": {
                "start_event": STEPS[0], "return_event": STEPS[0], "interval": "week",
                "periods": 4, "kind": "recurring",
            },
        },
    ),
)  # fmt: skip
METRICS: tuple[tuple[str, str], ...] = (
    ("line", SUM),
    ("area", f"topk(5, {SUM})"),
    ("stat", f"sum(rate({DAY.name}[5m]))"),
    ("stat", f"count({DAY.name})"),
    ("line", f"avg by (path) (rate({DAY.name}[5m]))"),
    ("line", f"max by (zone) (rate({DAY.name}[5m]))"),
    ("bar", f"sum by (path) (rate({DAY.name}[15m]))"),
)
TABLES = (
    "SELECT name, count() AS n FROM events GROUP BY name ORDER BY n DESC LIMIT 10",
    "SELECT platform, uniq(person) AS people FROM events GROUP BY platform ORDER BY people DESC",
)


def measured(portal: RunningPortal) -> dict[str, float]:
    """Ask for all data of the board, through the API, as of the end of the events."""
    fill([DAY], int(END.timestamp() * 1000), None)
    # As if each had come at its time, not all of them just now.
    client().command(
        "ALTER TABLE samples UPDATE written_at = toStartOfMinute(ts) WHERE 1",
        settings={"mutations_sync": 2},
    )
    make_board()
    with asker(portal) as http:
        ask = partial(data_of, http)
        warm = in_ms([partial(ask, END)])  # fast forms are made aside, once
        time.sleep(20)
        cold, alone = cold_and_alone(ask)
        ask(END)
        cached = in_ms([partial(ask, END)] * ROUNDS)
        fresh = in_ms(new_minutes(ask))
    return {
        "cached, p95 / 150 ms": p95(cached) / CACHED_MS,
        "after a new minute, p95 / 500 ms": p95(fresh) / NEW_MINUTE_MS,
        "cold / the sum of its queries": cold / alone,
        "cold / the sum of its queries / 1.2": cold / alone / COLD,
        "the first time, ms": warm[0],
        "cold, ms": cold,
        "its queries one by one, ms": alone,
        "cached, median ms": statistics.median(cached),
        "cached, p95 ms": p95(cached),
        "after a new minute, median ms": statistics.median(fresh),
        "after a new minute, p95 ms": p95(fresh),
        "load of the machine": os.getloadavg()[0],
    }


def make_board() -> None:
    """Make the board anew: insights over 30 days, metrics over the last one, tables, a text."""
    Dashboard.objects.filter(uid=UID).delete()
    board = Dashboard.objects.create(uid=UID, name="Bench", is_public=True, time={"from": "-30d"})
    asked = [
        *((kind, "insight", json.dumps(definition), {}) for kind, definition in INSIGHTS),
        *((kind, "promql", query, {"time_from": "24h"}) for kind, query in METRICS),
        *(("table", "sql", query, {}) for query in TABLES),
        ("text", "text", "**Bench**", {}),
    ]
    for number, (kind, source, query, config) in enumerate(asked):
        Widget.objects.create(
            dashboard=board, key=f"w{number}", type="chart", kind=kind, title=f"{number} {kind}",
            source=source, query=query, config=config, y=number,
        )  # fmt: skip


def data_of(http: httpx.Client, end: datetime) -> Json:
    """Return every widget's data. Raises RuntimeError where one of them failed."""
    query = {"from": (end - timedelta(days=30)).isoformat(), "to": end.isoformat(), "tz": "UTC"}
    answer = http.get(f"/api/v1/dashboards/{UID}/data?{urlencode(query)}")
    answer.raise_for_status()
    found: Json = answer.json()["data"]
    failed = {key: one["data"] for key, one in found.items() if one["data"]["state"] == "error"}
    if failed or len(found) != len(INSIGHTS) + len(METRICS) + len(TABLES) + 1:
        raise RuntimeError(f"widgets failed: {failed}")
    return found


def cold_and_alone(ask: Callable[[datetime], Json]) -> tuple[float, float]:
    """Return the time of a window nobody asked for, and what its queries take one after another.

    Each has a window of its own, a second apart, so that no cache of answers knows it.
    """
    colds, sums = [], []
    for number in range(5):
        fresh_bucket()
        colds += in_ms([partial(ask, END - timedelta(seconds=60 + 2 * number))])
        sums.append(queries_alone(END - timedelta(seconds=61 + 2 * number)))
    return statistics.median(colds), statistics.median(sums)


def queries_alone(end: datetime) -> float:
    """Ask each widget's source by itself in this process, past the caches; returns milliseconds."""
    board = Dashboard.objects.get(uid=UID)
    wanted = {"from": (end - timedelta(days=30)).isoformat(), "to": end.isoformat(), "tz": "UTC"}
    look = look_with(board, ALL, wanted)
    began = time.perf_counter()
    for widget in board.widgets.all():
        now = datetime.now(tz=END.tzinfo)
        answer(widget, span_of(widget.config, look.range_at(now)), look, now)
    return (time.perf_counter() - began) * 1000


def new_minutes(ask: Callable[[datetime], Json]) -> Iterator[Callable[[], Json]]:
    """Let a minute of events and samples come in before each question about all up to then."""
    engine = client()
    for number in range(ROUNDS):
        end = END + timedelta(minutes=number + 1)
        for statement in _events.inserts(A_MINUTE, PERSONS):
            engine.command(moved_to(statement, end - timedelta(minutes=1), number))
        write_samples(end)
        yield partial(ask, end)


def write_samples(end: datetime) -> None:
    """Write the samples of the minute before `end`; counters that go on from any value."""
    series = series_of(DAY)
    ts = int(end.timestamp() * 1000) - STEP_MS * np.arange(60_000 // STEP_MS)[::-1]
    rows = np.repeat(np.arange(len(series)), len(ts))
    values = np.tile(ts / 1000.0, len(series))
    write(Batch(series, rows, np.tile(ts, len(series)), values), token=uuid4().hex)


def moved_to(statement: str, start: datetime, number: int) -> str:
    """Put generated events into one minute, with ids of their own."""
    offset = 10**12 + number * A_MINUTE
    at = f"toDateTime64('{start:%Y-%m-%d %H:%M:%S}', 6, 'UTC') + toIntervalMillisecond(number % 60000)"
    return statement.replace(
        f"FROM numbers(0, {A_MINUTE})", f"FROM numbers({offset}, {A_MINUTE})"
    ).replace(
        _events._began_at(),
        at,
    )


def in_ms(actions: Sequence[Callable[[], object]] | Iterator[Callable[[], object]]) -> list[float]:
    taken = []
    for action in actions:
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def p95(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]
