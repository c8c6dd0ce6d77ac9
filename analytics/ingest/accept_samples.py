"""From decoded samples to an entry for the spool. Pure but for the memory it is given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.ingest.known_series import Generation
from analytics.ingest.measured import IMPOSSIBLE_TIME, Measured, possible_times, shown
from analytics.ingest.sample_spool import SampleEntry, SampleRows, Told
from analytics.series.metadata import Metadata

MOST_METRICS = 50_000  # whose metadata a generation remembers


@dataclass(frozen=True)
class AcceptedSamples:
    """What to keep, and what to remember once it is kept."""

    entry: SampleEntry
    generation: Generation
    told: dict[int, tuple[int, int]]  # slot: first and last time

    def note_kept(self) -> None:
        self.generation.note(self.told)
        known = self.generation.metadata
        if len(known) > MOST_METRICS:
            known.clear()
        known |= {one.name: (one.type, one.help, one.unit) for one in self.entry.metadata}

    def without(self, places: Collection[int]) -> AcceptedSamples:
        """Return the same without the told series at these places."""
        told, rows = self.entry.told, self.entry.rows
        ids = np.array([told[place].series.id for place in places], np.uint64)
        kept = ~np.isin(rows.series, ids)
        left = [place for place in range(len(told)) if place not in places]
        slots = list(self.told)
        entry = replace(
            self.entry,
            rows=SampleRows(rows.series[kept], rows.ts[kept], rows.values[kept]),
            told=[told[place] for place in left],
        )
        spans = {slots[place]: self.told[slots[place]] for place in left}
        return AcceptedSamples(entry, self.generation, spans)


def accept_samples(measured: Measured, *, source: int, sender: str, now_us: int) -> AcceptedSamples:
    """Refuse samples of impossible times, and find the series that must be told.

    Adds to `measured.untaken`. Samples may come in any order.
    """
    slots, ts, values = measured.slots, measured.ts, measured.values
    oldest, newest = possible_times(now_us // 1000)
    possible = (ts >= oldest) & (ts <= newest)
    if not possible.all():
        _refuse(measured, ~possible)
        slots, ts, values = slots[possible], ts[possible], values[possible]
    told = spans_of(slots, ts, measured.generation.is_due(slots, ts))
    entry = SampleEntry(
        source=source,
        received_at=now_us,
        rows=SampleRows(measured.generation.ids(slots), ts, values),
        told=[Told(measured.series_of(slot), *span, sender) for slot, span in told.items()],
        metadata=list(_news(measured.metadata, measured.generation)),
        push=measured.push,
    )
    return AcceptedSamples(entry, measured.generation, told)


def _refuse(measured: Measured, impossible: npt.NDArray[np.bool_]) -> None:
    first = int(np.flatnonzero(impossible)[0])
    example = shown(f"{int(measured.ts[first])} ms")
    measured.untaken.add(IMPOSSIBLE_TIME, int(impossible.sum()), example)


def spans_of(
    slots: npt.NDArray[np.int64], ts: npt.NDArray[np.int64], is_due: npt.NDArray[np.bool_]
) -> dict[int, tuple[int, int]]:
    """Return the first and last time of each slot that is due."""
    if not is_due.any():
        return {}
    slots, ts = slots[is_due], ts[is_due]
    order = np.lexsort((ts, slots))
    slots, ts = slots[order], ts[order]
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    ends = np.append(starts[1:], len(slots)) - 1
    return {
        slot: (first, last)
        for slot, first, last in zip(
            slots[starts].tolist(), ts[starts].tolist(), ts[ends].tolist(), strict=True
        )
    }


def _news(metadata: Sequence[Metadata], generation: Generation) -> Iterator[Metadata]:
    known = generation.metadata
    for one in metadata:
        if known.get(one.name) != (one.type, one.help, one.unit):
            yield one
