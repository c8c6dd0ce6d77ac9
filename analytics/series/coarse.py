"""Samples of long ago and of long steps: read as buckets of five minutes or of an hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.series import known
from analytics.series.buckets import aggregated
from analytics.series.gathering import Ids
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage, Found, today
from analytics.series.resolutions import Resolution
from analytics.series.samples import STALE, Samples, TooManySamples, joined
from analytics.series.windows import FUNCTIONS, NEVER, Buckets, Flags, Floats, Ints, answered
from portal.store import native
from portal.store.query import Query

ROWS_AT_ONCE = 2_000_000
GIVEN = "series IN (SELECT number FROM ids)"
END = "toInt64(toUnixTimestamp(ts)) * 1000 AS end"
STORED = f"""
SELECT series, {END}, {{figures}} FROM {{table}} FINAL
WHERE {GIVEN} AND ts > fromUnixTimestamp(intDiv({{{{after_ms:Int64}}}}, 1000))
    AND ts <= fromUnixTimestamp(intDiv({{{{until_ms:Int64}}}}, 1000))
"""
FRESH = f"SELECT series, {END}, {{figures}} FROM ({{rows}})"


@dataclass(frozen=True)
class Covered:
    """A row a series, a column a time; `present` says where there is an answer.

    Series without any answer are left out. `samples` is how many rows were read.
    """

    series: Sequence[Series]
    values: Floats
    present: Flags
    samples: int


@dataclass(frozen=True)
class Coarse:
    """One resolution, which is there up to `until_ms`; what came later is computed from samples."""

    storage: EngineStorage
    resolution: Resolution
    until_ms: int

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        """Return the last sample of each bucket in the range, and where series ended.

        For functions that buckets cannot answer. Raises TooManySamples, and what reading does.
        """
        names = ("count", "last", "last_ms", "ended_ms")
        parts = self._parts(names, matchers, start_ms, end_ms)
        return joined([last_samples(series, rows, start_ms, end_ms) for series, rows in parts])

    def on_grid(
        self, function: str, matchers: Sequence[Matcher], times: Ints, window_ms: int
    ) -> Covered | None:
        """Answer a function at each time, ascending; None for one that buckets cannot answer.

        "instant" is a plain selector. Raises as `select` does.
        """
        if function not in FUNCTIONS:
            return None
        names, _ = FUNCTIONS[function]
        start_ms = int(times[0]) - window_ms - 2 * self.resolution.width_ms
        parts = self._parts(("count", *names), matchers, start_ms, int(times[-1]))
        found = [covered(function, series, rows, times, window_ms) for series, rows in parts]
        return united(found, len(times))

    def _parts(
        self, names: Sequence[str], matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> Iterator[tuple[list[Series], Buckets]]:
        """Give whole series with their buckets, a few million at once."""
        found = self.storage.find([matchers], start_ms, end_ms)
        each = max(1, (end_ms - start_ms) // self.resolution.width_ms)
        size = len(found.ids) if found.renamed else max(1, ROWS_AT_ONCE // each)
        total = 0
        for at in range(0, len(found.ids), max(1, size)):
            series, rows = self._read(names, found, found.ids[at : at + size], (start_ms, end_ms))
            total += len(rows.end)
            if total > self.storage.most_samples:
                raise TooManySamples(self.storage.most_samples)
            if series:
                yield series, rows

    def _read(
        self, names: Sequence[str], found: Found, ids: Ids, span: tuple[int, int]
    ) -> tuple[list[Series], Buckets]:
        width = self.resolution.width_ms
        start, end = (self.resolution.end_before(ms) for ms in (span[0], span[1] + width - 1))
        until = min(end, self.until_ms)
        figures = ", ".join(names)
        parts = []
        if start < until:
            sql = STORED.format(figures=figures, table=self.resolution.table)
            parts.append(self._ask(sql, ids, start, until))
        if end > max(start, until):
            rows = aggregated(GIVEN)
            sql = FRESH.format(figures=figures, rows=rows)
            parts.append(self._ask(sql, ids, max(start, self.until_ms), end))
        return in_order([one for one in parts if one], names, found, width)

    def _ask(self, sql: str, ids: Ids, after_ms: int, until_ms: int) -> native.Columns:
        reach = {"after_ms": after_ms, "until_ms": until_ms, "width_ms": self.resolution.width_ms}
        return self.storage.read(Query(sql, {"ids": known.table_of(ids), **reach}))


def in_order(
    parts: Sequence[native.Columns], names: Sequence[str], found: Found, width_ms: int
) -> tuple[list[Series], Buckets]:
    """Put rows in the order of series and time; of two rows of one bucket that with more samples."""
    if not parts:
        return [], Buckets(np.empty(0, np.int64), np.empty(0, np.int64), {}, 0, width_ms)
    columns = {
        name: np.concatenate([np.asarray(part[name]) for part in parts])
        for name in ("series", "end", *names)
    }
    keys, end = today(columns["series"], found.renamed), columns["end"]
    order = np.lexsort((columns["count"], end, keys))
    keys, end = keys[order], end[order]
    is_last = np.append((keys[1:] != keys[:-1]) | (end[1:] != end[:-1]), True)
    kept, keys, end = order[is_last], keys[is_last], end[is_last]
    ids, place = np.unique(keys, return_inverse=True)
    known_by = {one.id: one for one in found.series.values()}
    figures = {name: columns[name][kept] for name in names}
    rows = Buckets(place.astype(np.int64), end, figures, len(ids), width_ms)
    return [known_by[key] for key in ids.tolist()], rows


def covered(
    function: str, series: Sequence[Series], rows: Buckets, times: Ints, window_ms: int
) -> Covered:
    values, present = answered(function, rows, times, window_ms)
    kept = np.flatnonzero(present.any(axis=1))
    return Covered(
        [series[place] for place in kept.tolist()], values[kept], present[kept], len(rows.end)
    )


def united(parts: Sequence[Covered], times: int) -> Covered:
    if not parts:
        return Covered([], np.empty((0, times)), np.empty((0, times), np.bool_), 0)
    return Covered(
        [one for part in parts for one in part.series],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
        sum(part.samples for part in parts),
    )


def last_samples(series: Sequence[Series], rows: Buckets, start_ms: int, end_ms: int) -> Samples:
    """Return what is left of samples: the last of each bucket, and a marker where a series ended."""
    counted, ended = rows.ints("count") > 0, rows.ints("ended_ms") != NEVER
    place = np.concatenate([rows.place[counted], rows.place[ended]])
    ts = np.concatenate(
        [
            (rows.end - rows.ints("last_ms"))[counted],
            (rows.end - rows.ints("ended_ms"))[ended],
        ]
    )
    values = np.concatenate([rows.floats("last")[counted], np.full(int(ended.sum()), STALE)])
    inside = (ts > start_ms) & (ts <= end_ms)
    place, ts, values = place[inside], ts[inside], values[inside]
    order = np.lexsort((ts, place))
    there, counts = np.unique(place, return_counts=True)
    return Samples(
        [series[one] for one in there.tolist()], np.cumsum(counts), ts[order], values[order]
    )
