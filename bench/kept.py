"""What is kept of samples: bytes on disk, the time to downsample, and to ask what is downsampled."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

from portal.embedded.engine import Engine
from portal.embedded.server import free_port
from tests.servers import running

SERIES, HOURS, EVERY_S = 1_000, 24, 15
START_S = 1_795_996_800  # a midnight
HOUR_MS = 3_600_000
ROUNDS = 3
# Counters that gain about as much each time, and start anew three times a day; written as they come.
FILLED = f"""
INSERT INTO samples (series, ts, value, written_at)
SELECT series, toDateTime64(at, 3, 'UTC'), value, toStartOfMinute(toDateTime(at, 'UTC'))
FROM (
    SELECT {{ids:Array(UInt64)}}[1 + number % {SERIES}] AS series, intDiv(number, {SERIES}) AS place,
        {START_S} + {EVERY_S} * (place + {{from:UInt32}}) AS at,
        (at % 28800) * (series % 40) + cityHash64(number, at) % 20 AS value
    FROM numbers({{count:UInt32}})
)
"""


def main() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-kept-") as folder:
        data_dir = Path(folder)
        os.environ |= {"PORTAL_DATA_DIR": folder, "PORTAL_SECRET_KEY": "bench"}
        with running(data_dir, [Engine(data_dir, free_port())]):
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
            django.setup()
            return measured()


def measured() -> dict[str, float]:
    from analytics.series import downsampling  # noqa: PLC0415  # settings first
    from analytics.series.identity import Series  # noqa: PLC0415
    from analytics.series.resolutions import ALL, COARSE  # noqa: PLC0415
    from analytics.series.writing import Batch, announce  # noqa: PLC0415
    from portal.store import client, migrate, partitions  # noqa: PLC0415

    for file in migrate.pending():
        migrate.apply(file)
    told = [Series.of("bench_total", {"n": str(number)}) for number in range(SERIES)]
    for at in (START_S, START_S + HOURS * 3600):
        announce(Batch.of_instant([(one, 0.0) for one in told], datetime.fromtimestamp(at, UTC)))
    each = 3 * 3600 // EVERY_S  # a partition
    for begin in range(0, HOURS * 3600 // EVERY_S, each):
        given: dict[str, Any] = {"from": begin, "count": each * SERIES}
        client.command(FILLED, ids=[one.id for one in told], **given)
    start, end = START_S * 1000, (START_S + HOURS * 3600) * 1000
    spent = {}
    for one in COARSE:
        spent[one.name] = timed(
            lambda one=one: downsampling.store(one, start - one.width_ms, end)  # type: ignore[misc]
        )
    sizes = {}
    for one in ALL:
        client.command(f"OPTIMIZE TABLE {one.table} FINAL")
        found = list(partitions.of(one.table).values())
        sizes[one.name] = sum(size for _, size in found) / sum(rows for rows, _ in found)
    samples = SERIES * HOURS * 3600 // EVERY_S
    asked = answers(start, end)
    by_sample = {
        one.name: sizes[one.name] * EVERY_S * 1000 / max(one.width_ms, 15_000) for one in ALL
    }
    return {
        "a day's rate by the hour from 5 minutes, against samples (ratio)": asked["5m"]
        / asked["raw"],
        "a day's rate by the hour from hours, against samples (ratio)": asked["1h"] / asked["raw"],
        "disk of 5 minutes, against that of its samples (ratio)": by_sample["5m"]
        / by_sample["raw"],
        "disk of hours, against that of its samples (ratio)": by_sample["1h"] / by_sample["raw"],
        "bytes a sample": sizes["raw"],
        "bytes a bucket of 5 minutes": sizes["5m"],
        "bytes a bucket of an hour": sizes["1h"],
        "samples/s into buckets of 5 minutes": samples / spent["5m"],
        "samples/s into buckets of an hour": samples / spent["1h"],
        "s for a day's rate by the hour from samples": asked["raw"],
    }


def answers(start: int, end: int) -> dict[str, float]:
    """Ask the same of each resolution; return the best time of each."""
    from analytics.promql.evaluate import evaluate  # noqa: PLC0415  # settings first
    from analytics.promql.kept import KeptStorage  # noqa: PLC0415
    from analytics.promql.outcome import Range  # noqa: PLC0415
    from analytics.series.keeping import Reach  # noqa: PLC0415

    grid = Range(start + 2 * HOUR_MS, end, HOUR_MS)

    def ask(name: str) -> None:
        storage = KeptStorage(reach=Reach({name: 0}, dict.fromkeys(("5m", "1h"), end)))
        evaluate("sum(rate(bench_total[2h]))", grid, storage)

    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name in ("raw", "5m", "1h"):
            best[name] = min(best.get(name, 1e9), timed(lambda name=name: ask(name)))  # type: ignore[misc]
    return best


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
