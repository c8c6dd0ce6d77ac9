"""The writer's part for samples: from the spool to the engine, at least once.

(series, time) is unique in the engine, so a repeat changes no answer; that the same batches go
under the same token again is journaled all the same, which spares the engine the work.
"""

from __future__ import annotations

from datetime import UTC, datetime

from analytics.ingest import sample_spool
from analytics.ingest.instruments import written_samples
from analytics.ingest.sample_spool import SampleBatch, SampleRows, Told
from analytics.ingest.spool import ALL, Spool
from analytics.series import bulk, metadata
from analytics.series.metadata import Metadata

MAX_SAMPLES = 400_000  # of one insert
MAX_AGE_US = 500_000


class SampleWriter:
    """Moves sample batches from one spool; there is only one writer per spool."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool

    def round(self, now: datetime, *, is_last: bool = False) -> int:
        """Write what is due; returns the number of batches done.

        Raises client.QueryFailed, client.EngineUnavailable; then call it again.
        """
        plan = sample_spool.plan(self.spool)
        if plan is None and not (is_last or self._is_due(now)):
            return 0
        first, up_to = plan or (0, ALL)
        most = MAX_SAMPLES if plan is None else ALL
        batches = sample_spool.batches(self.spool, after=first - 1, up_to=up_to, most=most)
        if not batches:
            return 0
        first, last = batches[0].number, batches[-1].number
        if plan is None:
            sample_spool.write_plan(self.spool, first, last)
        self._insert(batches, f"{self.spool.id}-samples-{first}-{last}")
        sample_spool.finish(self.spool, last)
        return len(batches)

    def _is_due(self, now: datetime) -> bool:
        """Let batches gather for a moment: the engine likes few large inserts."""
        oldest_at = self.spool.oldest_at("samples")
        if oldest_at is None:
            return False
        return now.timestamp() * 1e6 - oldest_at > MAX_AGE_US

    def _insert(self, batches: list[SampleBatch], token: str) -> None:
        """Insert series first: whoever finds a sample finds its labels."""
        told = united([one for batch in batches for one in batch.told])
        bulk.announce(
            [one.series for one in told],
            [one.first_ms for one in told],
            [one.last_ms for one in told],
            [one.source for one in told],
            token=f"{token}-series",
        )
        news = latest([one for batch in batches for one in batch.metadata])
        metadata.write(news, _last_time(batches))
        rows = SampleRows.merged([batch.rows for batch in batches])
        bulk.write_rows(rows.series, rows.ts, rows.values, token=token)
        written_samples.inc(len(rows))


def _last_time(batches: list[SampleBatch]) -> datetime:
    """Return the time that decides which metadata are the newest: the same for a repeat."""
    return datetime.fromtimestamp(batches[-1].received_at / 1e6, UTC)


def united(told: list[Told]) -> list[Told]:
    """Return each series once, with all its times."""
    found: dict[int, Told] = {}
    for one in told:
        before = found.get(one.series.id, one)
        first, last = min(before.first_ms, one.first_ms), max(before.last_ms, one.last_ms)
        found[one.series.id] = Told(one.series, first, last, one.source)
    return list(found.values())


def latest(found: list[Metadata]) -> list[Metadata]:
    return list({one.name: one for one in found}.values())
