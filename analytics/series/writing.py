"""How samples get into the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from analytics.series import limits
from analytics.series.announcing import Lives, announcer
from analytics.series.identity import Series
from analytics.series.limits import Refusal
from portal.store import client, native

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Samples as columns: sample i is of `series[rows[i]]`, at `ts[i]` ms since 1970 in UTC.

    Of two samples of one series and time the later one counts. Stale markers are values like
    others (samples.STALE).
    """

    series: Sequence[Series]
    rows: Ints
    ts: Ints
    values: npt.NDArray[np.float64]

    @classmethod
    def of_instant(cls, samples: Sequence[tuple[Series, float]], at: datetime) -> Batch:
        """Make a batch of samples that all are of one moment."""
        return cls(
            [series for series, _ in samples],
            np.arange(len(samples)),
            np.full(len(samples), milliseconds(at)),
            np.array([value for _, value in samples], np.float64),
        )

    def without(self, places: Sequence[int]) -> Batch:
        """Return the batch without the samples of the series at these places."""
        kept = ~np.isin(self.rows, places)
        return replace(self, rows=self.rows[kept], ts=self.ts[kept], values=self.values[kept])


def write(batch: Batch, *, token: str, source: str = limits.OWN) -> list[Refusal]:
    """Keep samples; the same token again changes nothing. Returns what was refused, and why.

    `source` is who sends, as analytics.series.limits calls it: new series beyond its limit are
    left out. Raises client.QueryFailed, client.EngineUnavailable; after either, repeat or drop it.
    """
    if not len(batch.rows):
        return []
    refused = announce(batch, source)
    if len(refused.places):
        batch = batch.without(refused.places)
    if len(batch.rows):
        insert(batch, token)
    return refused.why


def insert(batch: Batch, token: str) -> None:
    """Write rows whose series were announced."""
    ids = np.fromiter((one.id for one in batch.series), np.uint64, len(batch.series))
    block = {
        "series": ("UInt64", ids[batch.rows]),
        "ts": ("DateTime64(3, 'UTC')", batch.ts),
        "value": ("Float64", batch.values),
    }
    given = client.Given(
        "incoming",
        client.structure_of("samples", block),
        native.block(block),
        len(batch.rows),
        "Native",
    )
    client.insert_given("samples", given, list(block), token=token)


@dataclass(frozen=True)
class Refused:
    """Which series of a batch, by their places, are not kept."""

    places: list[int]
    why: list[Refusal]


def announce(batch: Batch, source: str = limits.OWN) -> Refused:
    """Tell the engine of series that it has not heard of lately, as far as limits admit them."""
    lives = Lives.of(len(batch.series), batch.rows, batch.ts)
    due = announcer.due(batch.series, lives)
    if not due:
        return Refused([], [])
    admission = limits.admit([batch.series[place] for place in due], source, time.monotonic())
    admitted = [due[place] for place in admission.accepted]
    if admitted:
        tell(batch, lives, admitted, source)
    return Refused(sorted({*due} - {*admitted}), admission.refused)


def tell(batch: Batch, lives: Lives, places: Sequence[int], source: str) -> None:
    fresh = [batch.series[place] for place in places]
    client.insert(
        "series",
        {
            "id": [one.id for one in fresh],
            "name": [one.name for one in fresh],
            "labels": [dict(one.labels) for one in fresh],
            "first_at": [moment(lives.first[place]) for place in places],
            "last_at": [moment(lives.last[place]) for place in places],
            "source": [source] * len(fresh),
        },
        token=uuid4().hex,  # to tell it twice changes nothing
    )
    announcer.note(batch.series, lives, places)


def milliseconds(at: datetime) -> int:
    """Return a moment as samples have it."""
    return round(at.timestamp() * 1000)


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)
