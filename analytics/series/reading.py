"""Samples out of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analytics.series import known
from analytics.series.gathering import (
    Gathered,
    Ids,
    Rows,
    Twice,
    gathered,
    has_halves,
)
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.samples import Samples, TooManySamples, joined
from analytics.series.sql import lookups
from analytics.series.sql.conditions import Params
from analytics.series.sql.lookups import Sets
from portal.store import client, native
from portal.store.query import Query

Ask = Callable[[Query], client.Columns]
MOST_SAMPLES = 50_000_000  # Prometheus's --query.max-samples
ROWS_AT_ONCE = 2_000_000  # 16 or 24 bytes each, for a moment three times, and the next ones'
AHEAD = ThreadPoolExecutor(4, thread_name_prefix="samples-ahead")
NEAREST_MS = 2_500  # how near samples are supposed to be until it is known
MEMORY_BYTES = 1 << 30
SETTINGS: Mapping[str, str | int | float] = {
    "max_memory_usage": MEMORY_BYTES,
    # A partition is a range of time, so one (series, time) never lies in two of them.
    "do_not_merge_across_partitions_select_final": 1,
}


WHICH = """WHERE series IN (SELECT number FROM ids)
    AND ts > fromUnixTimestamp64Milli({start:Int64}) AND ts <= fromUnixTimestamp64Milli({end:Int64})"""
# FINAL: (series, time) is unique, the later write wins. It takes half as long again where parts are
# not merged yet, so arrays are read without; in them it shows at once if a sample is there twice.
ROWS = f"samples FINAL {WHICH}"
AS_WRITTEN = f"samples {WHICH}"
LONG = "series AS who, toUnixTimestamp64Milli(ts) AS at, value"
# The lower half of the id, and the time since the range began: carrying rows is most of the work.
SHORT = """toUInt32(series) AS who,
    toUInt32(toUnixTimestamp64Milli(ts) - {start:Int64}) AS at, value"""
MOST_SHORT_MS = 1 << 32
NO_IDS: Ids = np.empty(0, np.uint64)


@dataclass
class Cost:
    """What the engine did for a question so far."""

    queries: int = 0
    rows_read: int = 0
    bytes_read: int = 0

    def note(self, answer: client.Columns) -> None:
        self.queries += 1
        self.rows_read += answer.rows_read
        self.bytes_read += answer.bytes_read


@dataclass(frozen=True)
class Found:
    """Series that match, by their ids in the engine, ascending."""

    ids: Ids
    series: Mapping[int, Series]

    @cached_property
    def by_id(self) -> dict[int, Series]:
        """Return the series by today's ids."""
        return {one.id: one for one in self.series.values()}

    @cached_property
    def renamed(self) -> dict[int, int]:
        """Return ids that were made before a metric's series lay side by side, and today's."""
        return {key: one.id for key, one in self.series.items() if one.id != key}


@dataclass
class Pieces:
    """Ids cut so that the samples of each piece are about ROWS_AT_ONCE; `size` is the next one's."""

    ids: Ids
    size: int

    def __iter__(self) -> Iterator[Ids]:
        at = 0
        while at < len(self.ids):
            piece = self.ids[at : at + self.size]
            at += len(piece)
            yield piece

    def had(self, rows: int) -> None:
        """Learn from how many samples the piece had."""
        self.size = max(1, min(8 * self.size, self.size * ROWS_AT_ONCE // max(1, rows)))


@dataclass(frozen=True)
class EngineStorage:
    """What was stored, of the engine that the settings name; one for each question.

    Everything raises client.QueryFailed and client.EngineUnavailable. That regular expressions are
    some is for the asker to see to.
    """

    most_samples: int = MOST_SAMPLES
    cost: Cost = field(default_factory=Cost)
    ask: Ask = client.read_columns

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        """Return the samples with `start_ms` < ts <= `end_ms`, as promql.storage.Storage has it."""
        parts, total = [], 0
        for part in self.parts(matchers, start_ms, end_ms):
            total += len(part.ts)
            if total > self.most_samples:
                raise TooManySamples(self.most_samples)
            parts.append(part)
        return joined(parts)

    def parts(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Samples]:
        """Give what `select` returns in parts of whole series, each of a few million samples.

        So the memory stays bounded where what is made of a part is small, however much is read.
        While one part is looked at, the next one is read.
        """
        return ahead(self._in_turn(matchers, start_ms, end_ms))

    def _in_turn(
        self, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> Iterator[Samples]:
        found = self.find([matchers], start_ms, end_ms)
        pieces = Pieces(found.ids, most_at_first(start_ms, end_ms))
        if found.renamed:
            pieces.size = len(found.ids)  # a series may have an id in each of two pieces
        for ids in pieces:
            part = self._read(found, ids, start_ms, end_ms)
            pieces.had(len(part.ts))
            if part.series:
                yield part

    def find(self, sets: Sets, start_ms: int, end_ms: int, *, limit: int = 0) -> Found:
        """Return the series that pass one of the sets of matchers and lived in the range.

        The range is coarse: a series is found up to an hour after its last sample. 0 is no limit.
        """
        query = lookups.ids(sets, start_ms, end_ms, limit)
        ids = self.read(query).get("id", NO_IDS)
        return Found(np.asarray(ids), known.series_of(np.asarray(ids)))

    def find_series(
        self, sets: Sets, start_ms: int, end_ms: int, *, limit: int = 0
    ) -> list[Series]:
        """Return what `find` finds, by name and labels."""
        found = self.find(sets, start_ms, end_ms, limit=limit)
        return sorted(set(found.series.values()), key=lambda s: (s.name, s.labels))

    def label_names(self, sets: Sets, start_ms: int, end_ms: int, *, limit: int = 0) -> list[str]:
        """Return the names of the labels that series which `find` finds have, in order."""
        return self.texts(lookups.label_names(sets, start_ms, end_ms, limit))

    def label_values(
        self, name: str, sets: Sets, start_ms: int, end_ms: int, *, limit: int = 0
    ) -> list[str]:
        """Return the values that a label has in series which `find` finds, in order."""
        return self.texts(lookups.label_values(name, sets, start_ms, end_ms, limit))

    def texts(self, query: Query) -> list[str]:
        """Run one query of this question whose one column is texts."""
        answer = client.run(replace(query, settings={**SETTINGS, **query.settings}))
        return [str(text) for text in answer.columns[0]] if answer.columns else []

    def read(self, query: Query) -> native.Columns:
        """Run one query of this question and note what it cost."""
        return self._asked(query).columns

    def _asked(self, query: Query) -> client.Columns:
        answer = self.ask(replace(query, settings={**SETTINGS, **query.settings}))
        self.cost.note(answer)
        return answer

    def _read(self, found: Found, ids: Ids, start_ms: int, end_ms: int) -> Samples:
        span = start_ms, end_ms
        try:
            rows = self._rows(AS_WRITTEN, found, ids, span)
        except Twice:
            rows = self._rows(ROWS, found, ids, span)
        return Samples(
            [found.by_id[key] for key in rows.ids.tolist()], rows.ends, rows.ts, rows.values
        )

    def _rows(self, rows: str, found: Found, ids: Ids, span: tuple[int, int]) -> Gathered:
        """Read rows in the short form where it tells them apart, 16 bytes each instead of 24."""
        since, until = (lookups.known_ms(ms) for ms in span)
        is_short = until - since < MOST_SHORT_MS and has_halves(ids) and not found.renamed
        answer = self._asked(
            Query(f"SELECT {SHORT if is_short else LONG} FROM {rows}", rows_of(ids, *span))
        )
        blocks = [Rows(one["who"], one["at"], one["value"]) for one in native.blocks(answer.body)]
        if found.renamed:
            blocks = once(blocks, found.renamed)
        return gathered(blocks, since_ms=since if is_short else 0, of=ids if is_short else None)


def ahead(parts: Iterator[Samples]) -> Iterator[Samples]:
    """Give the parts; a thread makes the next one meanwhile."""

    def another() -> Samples | None:
        return next(parts, None)

    part = another()
    while part is not None:
        following = AHEAD.submit(copy_context().run, another)
        yield part
        part = following.result()


def rows_of(ids: Ids, start_ms: int, end_ms: int) -> Params:
    """Return the parameters of ROWS."""
    start, end = lookups.known_ms(start_ms), lookups.known_ms(end_ms)
    return {"ids": known.table_of(ids), "start": start, "end": end}


def most_at_first(start_ms: int, end_ms: int) -> int:
    """Return how many series to read before it is known how near their samples are."""
    return max(1, ROWS_AT_ONCE * NEAREST_MS // max(NEAREST_MS, end_ms - start_ms))


def today(keys: npt.NDArray[np.integer], renamed: Mapping[int, int]) -> Ids:
    """Return the ids that series have today."""
    return np.array([renamed.get(key, key) for key in keys.tolist()], np.uint64)


def once(blocks: Sequence[Rows], renamed: Mapping[int, int]) -> list[Rows]:
    """Leave out what a series has under both of its ids for one time."""
    if not blocks:
        return []
    keys = today(np.concatenate([block.ids for block in blocks]), renamed)
    ts, values = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("ts", "values")
    )
    rows = np.lexsort((ts, keys))
    keys, ts, values = keys[rows], ts[rows], values[rows]
    first = np.append(True, (keys[1:] != keys[:-1]) | (ts[1:] != ts[:-1]))
    return [Rows(keys[first], ts[first], values[first])]
