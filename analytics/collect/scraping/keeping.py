"""Keep what came of visits: samples, stale markers, and how each endpoint is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import transaction

from analytics.collect.scraping.models import Endpoint
from analytics.collect.scraping.visiting import Visit
from analytics.series import known, metadata
from analytics.series.identity import Series
from analytics.series.limits import OWN, Refusal
from analytics.series.samples import STALE
from analytics.series.writing import Batch, announce, insert, milliseconds

Ids = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_REMEMBERED = 10_000  # endpoints
REPORTS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)


class Memory:
    """Which series the last page of each endpoint had; PostgreSQL has it for all workers.

    Of the endpoints that were looked at least lately it forgets: another worker may have ended them.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: dict[int, tuple[int, Ids]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, visits: Sequence[Visit]) -> dict[int, Ids]:
        """Return it by endpoint; those that are over are left out."""
        wanted = [one.slot.endpoint.pk for one in visits]
        rows = Endpoint.objects.filter(pk__in=wanted, ended_at=None)
        versions = dict(rows.values_list("pk", "series_version"))
        old = [pk for pk, version in versions.items() if self._version(pk) != version]
        for pk, version, packed in rows.filter(pk__in=old).values_list(
            "pk", "series_version", "series"
        ):
            self._known[pk] = version, unpacked(packed)
        found = {pk: self._known.pop(pk) for pk in versions if pk in self._known}
        self._known |= found  # these now come last
        for pk in list(islice(self._known, max(0, len(self._known) - self._most - len(found)))):
            del self._known[pk]
        return {pk: ids for pk, (_, ids) in found.items()}

    def note(self, endpoint_id: int, ids: Ids) -> None:
        """Remember this set, unless another worker was quicker."""
        version, before = self._known.get(endpoint_id, (-1, None))
        if before is not None and np.array_equal(before, ids):
            return
        mine = Endpoint.objects.filter(pk=endpoint_id, series_version=version)
        if mine.update(series=packed(ids), series_version=version + 1):
            self._known[endpoint_id] = version + 1, ids
        else:
            self._known.pop(endpoint_id, None)

    def forget(self, endpoint_id: int) -> None:
        self._known.pop(endpoint_id, None)

    def _version(self, endpoint_id: int) -> int:
        return self._known[endpoint_id][0] if endpoint_id in self._known else -1


@dataclass
class Outcome:
    """A visit beside what its endpoint had before."""

    visit: Visit
    before: Ids
    now: Ids = field(init=False)

    def __post_init__(self) -> None:
        kept = self.visit.kept
        lasting = np.flatnonzero(~kept.is_timed).tolist()
        self.now = np.unique(np.array([kept.series[row].id for row in lasting], np.uint64))

    @property
    def source(self) -> str:
        """Return whose limit of series holds, as analytics.series.limits calls it."""
        target = self.visit.slot.target
        return OWN if target.discovery == target.Discovery.OWN else f"scrape:{target.name}"

    @property
    def at_ms(self) -> int:
        return milliseconds(self.visit.at)

    @property
    def added(self) -> Ids:
        return np.setdiff1d(self.now, self.before, assume_unique=True)

    @property
    def vanished(self) -> Ids:
        return np.setdiff1d(self.before, self.now, assume_unique=True)


@dataclass
class Rows:
    """Samples that become one batch."""

    series: list[Series] = field(default_factory=list)
    ts: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def add(self, series: Sequence[Series], ts: Ints, values: Floats) -> None:
        self.series += series
        self.ts.append(ts)
        self.values.append(values)

    def add_all(self, series: Iterable[Series], at_ms: int, value: float) -> None:
        """Give all these series one value at one moment."""
        found = list(series)
        self.add(found, np.full(len(found), at_ms, np.int64), np.full(len(found), value))

    def batch(self) -> Batch:
        ts = np.concatenate(self.ts) if self.ts else np.empty(0, np.int64)
        values = np.concatenate(self.values) if self.values else np.empty(0, np.float64)
        return Batch(self.series, np.arange(len(self.series)), ts, values)


def keep(visits: Sequence[Visit], memory: Memory, *, token: str) -> None:
    """Keep visits; again with the same token changes nothing.

    New series are remembered before their samples are written, and those that vanished until their
    stale markers are: whoever dies in between, none is forgotten.
    Raises client.QueryFailed, client.EngineUnavailable, DatabaseError; then repeat or drop it.
    """
    outcomes = followed(visits, memory.of(visits))
    if not outcomes:
        return
    by_endpoint: dict[int, list[Outcome]] = {}
    for one in outcomes:
        by_endpoint.setdefault(one.visit.slot.endpoint.pk, []).append(one)
    for endpoint, row in by_endpoint.items():
        memory.note(endpoint, reduce(np.union1d, (one.now for one in row), row[0].before))
    refused = write(outcomes, token)
    for one in outcomes:
        metadata.write(one.visit.said, one.visit.at)
    with transaction.atomic():
        for endpoint, row in by_endpoint.items():
            memory.note(endpoint, row[-1].now)
            note_state(row[-1].visit, refused.get(row[-1].source, ""))


def followed(visits: Iterable[Visit], before: Mapping[int, Ids]) -> list[Outcome]:
    """Set each visit against the one before it; of endpoints that are over, none."""
    known, found = dict(before), []
    for one in sorted(visits, key=lambda visit: visit.at):
        endpoint = one.slot.endpoint.pk
        if endpoint in known:
            found.append(Outcome(one, known[endpoint]))
            known[endpoint] = found[-1].now
    return found


def write(outcomes: Sequence[Outcome], token: str) -> dict[str, str]:
    """Write all in one batch; returns by source what was refused, in words."""
    by_source: dict[str, Rows] = {}
    reports, stale = Rows(), Rows()
    for one in outcomes:
        kept, labels = one.visit.kept, one.visit.slot.endpoint.labels
        by_source.setdefault(one.source, Rows()).add(kept.series, kept.ts, kept.values)
        for name, value in reports_of(one).items():
            reports.add_all([Series.of(name, labels)], one.at_ms, value)
    announced = [announced_of(rows, source) for source, rows in by_source.items()]
    told, _ = announced_of(reports, OWN)  # that a target is up is told whatever its limit
    for one in outcomes:  # now that the engine has heard of all that ends
        stale.add_all(known.series_of(one.vanished).values(), one.at_ms, STALE)
    insert(joined([*(batch for batch, _ in announced), told, stale.batch()]), token)
    words = zip(by_source, (" ".join(map(str, why)) for _, why in announced), strict=True)
    return {source: text for source, text in words if text}


def announced_of(rows: Rows, source: str) -> tuple[Batch, list[Refusal]]:
    """Return what may be written of a source, after the engine has heard of its series."""
    batch = rows.batch()
    if not len(batch.rows):
        return batch, []
    refused = announce(batch, source)
    return (batch.without(refused.places) if refused.places else batch), refused.why


def joined(batches: Sequence[Batch]) -> Batch:
    offsets = np.cumsum([0, *(len(one.series) for one in batches[:-1])])
    return Batch(
        [series for one in batches for series in one.series],
        np.concatenate([one.rows + at for one, at in zip(batches, offsets, strict=True)]),
        np.concatenate([one.ts for one in batches]),
        np.concatenate([one.values for one in batches]),
    )


def reports_of(one: Outcome) -> Mapping[str, float]:
    is_up = not one.visit.error
    values = (
        float(is_up),
        one.visit.duration_s,
        float(one.visit.samples),
        float(len(one.visit.kept.series)),
        float(len(one.added)),
    )
    return dict(zip(REPORTS, values, strict=True))


def note_state(visit: Visit, refused: str) -> None:
    state = Endpoint.State.DOWN if visit.error else Endpoint.State.UP
    noted: dict[str, Any] = {
        "state": state,
        "last_error": (visit.error or refused)[:300],
        "last_at": visit.at,
        "duration_s": visit.duration_s,
        "samples": visit.samples,
        "samples_kept": len(visit.kept.series),
    }
    Endpoint.objects.filter(pk=visit.slot.endpoint.pk).update(**noted)


def finish(ended: Sequence[Endpoint]) -> None:
    """Write the stale markers of endpoints that are over, then forget the endpoints.

    Raises client.QueryFailed, client.EngineUnavailable, DatabaseError; then it is done again.
    """
    rows = Rows()
    for one in ended:
        reports = [Series.of(name, one.labels).id for name in REPORTS] if one.last_at else []
        ids = np.union1d(unpacked(one.series), np.array(reports, np.uint64))
        rows.add_all(known.series_of(ids).values(), milliseconds(end_of(one)), STALE)
    names = ",".join(str(one.pk) for one in ended)
    if rows.series:
        insert(rows.batch(), f"ended:{names}")
    Endpoint.objects.filter(pk__in=[one.pk for one in ended]).delete()


def end_of(endpoint: Endpoint) -> datetime:
    """Return when the series of an endpoint end: after its last sample at the earliest."""
    moments = [
        endpoint.ended_at,
        endpoint.last_at and endpoint.last_at + timedelta(milliseconds=1),
    ]
    return max(moment for moment in moments if moment is not None)


def packed(ids: Ids) -> bytes:
    return ids.astype("<u8", copy=False).tobytes()


def unpacked(stored: bytes | memoryview) -> Ids:
    return np.frombuffer(bytes(stored), "<u8").astype(np.uint64)
