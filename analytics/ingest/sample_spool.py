"""Samples in the spool: what the door keeps of them, and what the writer takes.

A batch's rows are three arrays one after the other: series' ids, milliseconds since 1970, values,
8 bytes each in little-endian order. Beside them stand, as JSON, the series and the metadata that
the engine has to be told, and what a job pushed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from analytics.ingest.measured import Push
from analytics.ingest.spool import Spool
from analytics.series.identity import Series
from analytics.series.metadata import Metadata

ROW_BYTES = 24
PLAN = "samples_plan"


@dataclass(frozen=True)
class Told:
    """A series that the engine has to hear of, and the times of its samples, both included."""

    series: Series
    first_ms: int
    last_ms: int
    source: str  # who sends it, as analytics.series.limits calls it


@dataclass(frozen=True)
class SampleRows:
    """Samples as columns; they may be of any order."""

    series: npt.NDArray[np.uint64]
    ts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.series)

    def packed(self) -> bytes:
        return self.series.tobytes() + self.ts.tobytes() + self.values.tobytes()

    @classmethod
    def unpacked(cls, body: bytes) -> SampleRows:
        count = len(body) // ROW_BYTES
        return cls(
            np.frombuffer(body, "<u8", count),
            np.frombuffer(body, "<i8", count, 8 * count),
            np.frombuffer(body, "<f8", count, 16 * count),
        )

    @classmethod
    def merged(cls, parts: Sequence[SampleRows]) -> SampleRows:
        return cls(
            np.concatenate([one.series for one in parts]),
            np.concatenate([one.ts for one in parts]),
            np.concatenate([one.values for one in parts]),
        )


@dataclass(frozen=True)
class SampleEntry:
    """One body's samples, to be kept as a whole or not at all."""

    source: int
    received_at: int  # microseconds since 1970
    rows: SampleRows
    told: Sequence[Told] = ()
    metadata: Sequence[Metadata] = ()
    push: Push | None = None

    @property
    def size(self) -> int:
        pushed = len(self.push.samples) if self.push is not None else 0
        told = 300 * (len(self.told) + pushed) + 200 * len(self.metadata)
        return ROW_BYTES * len(self.rows) + told

    @property
    def is_empty(self) -> bool:
        return not (len(self.rows) or self.metadata or self.push)

    def write(self, db: sqlite3.Connection) -> int:
        """Insert the samples, and what was pushed."""
        if self.push is not None:
            db.execute(
                "INSERT INTO pushes (source, received_at, push) VALUES (?, ?, ?)",
                (self.source, self.received_at, pushed_as_json(self.push)),
            )
        if not (len(self.rows) or self.metadata):
            return 0
        done = db.execute(
            "INSERT INTO samples (source, received_at, samples, body, told) VALUES (?, ?, ?, ?, ?)",
            (self.source, self.received_at, len(self.rows), self.rows.packed(), self._told()),
        )
        return int(done.lastrowid or 0)

    def _told(self) -> bytes:
        if not (self.told or self.metadata):
            return b""
        return orjson.dumps(
            {
                "series": [
                    [one.series.name, one.series.labels, one.first_ms, one.last_ms, one.source]
                    for one in self.told
                ],
                "metadata": [[one.name, one.type, one.help, one.unit] for one in self.metadata],
            }
        )


@dataclass(frozen=True)
class SampleBatch:
    """One kept body as the writer takes it."""

    number: int
    received_at: int
    rows: SampleRows
    told: list[Told]
    metadata: list[Metadata]


@dataclass(frozen=True)
class PushedEntry:
    number: int
    source: int
    received_at: int
    push: Push


def batches(spool: Spool, *, after: int, up_to: int, most: int) -> list[SampleBatch]:
    """Return the oldest batches: at least one, at most so many samples."""
    samples = 0
    counts = spool.rows(
        "SELECT number, samples FROM samples WHERE number > ? AND number <= ?"
        " ORDER BY number LIMIT 5000",
        (after, up_to),
    )
    last = after
    for number, count in counts:
        if last > after and samples + count > most:
            break
        samples += count
        last = number
    rows = spool.rows(
        "SELECT number, received_at, body, told FROM samples"
        " WHERE number > ? AND number <= ? ORDER BY number",
        (after, last),
    )
    return [
        SampleBatch(number, at, SampleRows.unpacked(body), *told_in(told))
        for number, at, body, told in rows
    ]


def told_in(text: bytes) -> tuple[list[Told], list[Metadata]]:
    if not text:
        return [], []
    document = orjson.loads(text)
    series = [
        Told(Series(name, tuple((k, v) for k, v in labels)), *about)
        for name, labels, *about in document["series"]
    ]
    return series, [Metadata(*one) for one in document["metadata"]]


def write_plan(spool: Spool, first: int, last: int) -> None:
    """Journal which batches are about to be inserted, so that a repeat is the same insert."""
    spool.note(PLAN, f"{first}-{last}")


def plan(spool: Spool) -> tuple[int, int] | None:
    noted = spool.noted(PLAN)
    if noted is None:
        return None
    first, _, last = noted.partition("-")
    return int(first), int(last)


def finish(spool: Spool, last: int) -> None:
    """Forget the plan and its batches: the engine has them."""
    with spool.transaction() as db:
        db.execute("DELETE FROM samples WHERE number <= ?", (last,))
        db.execute("DELETE FROM about WHERE name = ?", (PLAN,))


def pushes(spool: Spool, limit: int = 100) -> list[PushedEntry]:
    """Return the oldest pushes."""
    rows = spool.rows("SELECT * FROM pushes ORDER BY number LIMIT ?", (limit,))
    return [PushedEntry(number, source, at, push_in(text)) for number, source, at, text in rows]


def forget_pushes(spool: Spool, up_to: int) -> None:
    with spool.transaction() as db:
        db.execute("DELETE FROM pushes WHERE number <= ?", (up_to,))


def pushed_as_json(push: Push) -> bytes:
    """Write a push; values as the numbers of their bits, which JSON cannot spoil."""
    return orjson.dumps(
        [push.method, push.group, [[*as_json(series), bits_of(v)] for series, v in push.samples]]
    )


def push_in(text: bytes) -> Push:
    method, group, samples = orjson.loads(text)
    return Push(
        method,
        tuple((k, v) for k, v in group),
        tuple((series_in([name, labels]), value_of(bits)) for name, labels, bits in samples),
    )


def as_json(series: Series) -> list[Any]:
    return [series.name, series.labels]


def series_in(found: list[Any]) -> Series:
    name, labels = found
    return Series(name, tuple((k, v) for k, v in labels))


def bits_of(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


def value_of(bits: int) -> float:
    return float(np.uint64(bits).view(np.float64))
