"""Bring samples into buckets of five minutes and of an hour, each bucket once.

A bucket is closed when SETTLED has passed since its end; from then on it holds what was there. Rows
that are written later find their bucket again by `samples.written_at`, and the whole bucket is
computed anew. Each step is one INSERT of one slice of time, noted afterwards: what a crash leaves
unnoted is done again, and changes nothing, because a bucket's row replaces the one before it.
Ages: a row is late when it was written LATE after its bucket's end or later. So an insert may take
SETTLED - LATE from its first row's clock to being visible before anything could be missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from analytics.series.buckets import COLUMNS, aggregated
from analytics.series.changes import OVERLAP
from analytics.series.models import Kept
from analytics.series.resolutions import COARSE, HOUR_MS, RAW, Resolution
from portal.store import client
from portal.store.query import Query

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
SETTLED = timedelta(minutes=5)
LATE = timedelta(minutes=2)
SLICE_MS = 3 * HOUR_MS  # a partition of samples
MOST_ROWS = 3_000_000  # of samples in one INSERT, about 200 MB
BUDGET = timedelta(seconds=20)
LIMITS = {
    "max_memory_usage": 2_000_000_000,
    "max_execution_time": 120,
    "max_partitions_per_insert_block": 0,
    "distributed_foreground_insert": 1,
}
# What was there at the last deletion is whole from the next partition on.
EDGE_MS = SLICE_MS
ALL_SERIES = "series BETWEEN {low:UInt64} AND {high:UInt64}"
LATE_ROW = """
    written_at >= fromUnixTimestamp({since:Int64})
    AND toUnixTimestamp(written_at) * 1000 >= {late_ms:Int64}
        + intDiv(toUnixTimestamp64Milli(ts) + {width_ms:Int64} - 1, {width_ms:Int64}) * {width_ms:Int64}
    AND ts > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
"""
LATE_SERIES = f"{ALL_SERIES} AND series GLOBAL IN (SELECT series FROM samples WHERE {LATE_ROW})"
LATE_SLICES = f"""
SELECT DISTINCT intDiv(toUnixTimestamp64Milli(ts) - 1, {SLICE_MS}) * {SLICE_MS} AS slice
FROM samples WHERE {LATE_ROW} ORDER BY slice
"""
FIRST = "SELECT toUnixTimestamp64Milli(min(ts)), count() FROM samples WHERE ts > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')"
COUNT = """
SELECT count(), arraySort(groupArraySample(1000)(series)) FROM samples
WHERE ts > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
"""


def run(now: Clock, budget: timedelta = BUDGET) -> int:
    """Take each resolution as far as it can come within a budget of time; returns the steps.

    Safe to run at any time, twice and at once: a resolution is held by its row. Raises
    QueryFailed, EngineUnavailable; the next run goes on where this one stopped.
    """
    deadline = now() + budget
    steps = 0
    for resolution in COARSE:
        while now() < deadline and step(resolution, now()):
            steps += 1
    return steps


def step(resolution: Resolution, now: datetime) -> bool:
    """Do one slice, new or late, and note it; false when there is none, or another worker's turn."""
    Kept.objects.get_or_create(resolution=resolution.name)
    with transaction.atomic():
        row = (
            Kept.objects.select_for_update(skip_locked=True)
            .filter(resolution=resolution.name)
            .first()
        )
        if row is None:
            return False
        done = advance(resolution, row, now) or fold_late(resolution, row, now)
        row.save()
    return done


def advance(resolution: Resolution, row: Kept, now: datetime) -> bool:
    """Do the next slice of buckets that were never done."""
    closed = resolution.end_before(ms(now - SETTLED))
    if row.until is None:
        return begin(resolution, row, now)
    after = ms(row.until)
    if after >= closed:
        return False
    until = min(closed, (after // SLICE_MS + 1) * SLICE_MS)
    store(resolution, after, until)
    row.until = moment(until)
    return True


def begin(resolution: Resolution, row: Kept, now: datetime) -> bool:
    """Find where the samples begin."""
    ((first, count),) = client.run(Query(FIRST, {"after_ms": whole_since()})).rows()
    if not count:
        return False
    row.until = moment(resolution.end_before(int(first) - 1))
    row.looked_at = now  # what was written before is read by the slices that follow
    return True


def fold_late(resolution: Resolution, row: Kept, now: datetime) -> bool:
    """Do the next slice of what came after its bucket was done; begin to look for it when due."""
    if row.until is None or row.looked_at is None:
        return False
    if row.looking_at is None:
        if now - row.looked_at < patience(resolution):
            return False
        row.looking_at, row.looked_until = now, moment(max(whole_since(), since(row)))
    reach = late(resolution, row)
    slices = client.run(Query(LATE_SLICES, {**reach, "until_ms": ms(row.until)})).rows()
    if not slices:
        row.looked_at, row.looking_at, row.looked_until = row.looking_at, None, None
        return True
    begins = int(slices[0][0])
    until = min(begins + SLICE_MS, ms(row.until))
    store(resolution, max(begins, reach["after_ms"]), until, which=LATE_SERIES, params=reach)
    row.looked_until = moment(until)
    log.info("Late samples were folded in.", extra={"resolution": resolution.name})
    return True


def patience(resolution: Resolution) -> timedelta:
    """Return how often to look for late samples: an hour is not computed anew each minute."""
    return timedelta(milliseconds=resolution.width_ms / 5)


def late(resolution: Resolution, row: Kept) -> dict[str, Any]:
    """Return the parameters of LATE_ROW but for its end."""
    assert row.looked_at is not None  # noqa: S101  # for the type checker
    assert row.looked_until is not None  # noqa: S101  # as above
    return {
        "since": ms(row.looked_at - OVERLAP) // 1000,
        "late_ms": ms_of(LATE),
        "width_ms": resolution.width_ms,
        "after_ms": ms(row.looked_until),
    }


def store(
    resolution: Resolution,
    after_ms: int,
    until_ms: int,
    *,
    which: str = ALL_SERIES,
    params: dict[str, Any] | None = None,
) -> None:
    """Compute the buckets of (after, until] from the samples, and store them."""
    reach = {"after_ms": after_ms, "until_ms": until_ms, "width_ms": resolution.width_ms}
    ((rows, some),) = client.run(Query(COUNT, reach)).rows()
    columns = ", ".join(COLUMNS)
    sql = (
        f"INSERT INTO {resolution.table} ({columns}, read_at)"
        f" SELECT {columns}, now64(3, 'UTC') FROM ({aggregated(which)})"
    )
    for low, high in shares(-(-rows // MOST_ROWS), some):
        client.command(
            sql, settings_=LIMITS, **{**(params or {}), **reach, "low": low, "high": high}
        )


def shares(count: int, some: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut all ids into at most so many ranges of about as many rows, of some rows' ids in order.

    A metric's series have neighboring ids, so equal ranges would not do.
    """
    if not count:
        return
    cuts = sorted({some[len(some) * number // count] for number in range(1, count)} - {0})
    yield from zip([0, *cuts], [*(cut - 1 for cut in cuts), 2**64 - 1], strict=True)


def again(after: datetime) -> None:
    """Compute what closed since then anew, at once, as when a past was loaded: late rows are looked
    for only now and then. Raises QueryFailed, EngineUnavailable.
    """
    for resolution in COARSE:
        row = Kept.objects.filter(resolution=resolution.name).first()
        if row is None or row.until is None:
            continue
        begins = max(resolution.end_before(ms(after)), whole_since(), since(row))
        if begins < ms(row.until):
            store(resolution, begins, ms(row.until))


def whole_since() -> int:
    """Return from when on no sample was deleted: buckets before must not be computed anew."""
    row = Kept.objects.filter(resolution=RAW.name).first()
    return since(row) + EDGE_MS if row and row.since else 0


def since(row: Kept) -> int:
    return ms(row.since) if row.since else 0


def ms(at: datetime) -> int:
    return ms_of(at - datetime(1970, 1, 1, tzinfo=UTC))


def ms_of(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def moment(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
