"""How long each resolution is kept: whole partitions go, and what is gone is noted first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F

from analytics.series.models import Kept
from analytics.series.resolutions import COARSE, FIVE_MINUTES, HOUR, RAW, Resolution
from portal.store import partitions

THREE_HOURS = timedelta(hours=3)


@dataclass(frozen=True)
class Part:
    """A partition, and the moment up to which its samples are."""

    id: str
    ends_at: datetime
    rows: int
    bytes: int


def end_of_hours(name: str) -> datetime:
    return datetime.fromtimestamp(int(name), tz=UTC) + THREE_HOURS


def end_of_day(name: str) -> datetime:
    return datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)


def end_of_month(name: str) -> datetime:
    first = datetime.strptime(name, "%Y%m").replace(tzinfo=UTC)
    return (first + timedelta(days=31)).replace(day=1)


# As the tables are partitioned (portal/store/schema/0002_samples.sql, 0005_downsampled.sql).
ENDS: dict[Resolution, Callable[[str], datetime]] = {
    RAW: end_of_hours,
    FIVE_MINUTES: end_of_day,
    HOUR: end_of_month,
}


def parts(resolution: Resolution) -> list[Part]:
    """Return the partitions of a resolution, oldest first. Raises QueryFailed, EngineUnavailable."""
    found = partitions.of(resolution.table).items()
    ends = ENDS[resolution]
    return sorted(
        (Part(name, ends(name), rows, size) for name, (rows, size) in found),
        key=lambda part: part.ends_at,
    )


def old(resolution: Resolution, days: int, now: datetime) -> list[Part]:
    """Return the partitions that are older, as a whole, than so many days; oldest first.

    Samples that are not downsampled yet are not old, however long ago they were. Raises
    QueryFailed, EngineUnavailable.
    """
    before = now - timedelta(days=days)
    if resolution.is_raw:
        before = min(before, *(done_until(one) for one in COARSE))
    return [part for part in parts(resolution) if part.ends_at <= before]


def done_until(resolution: Resolution) -> datetime:
    row = Kept.objects.filter(resolution=resolution.name).first()
    return row.until if row and row.until else datetime.min.replace(tzinfo=UTC)


def forget(resolution: Resolution, doomed: list[Part]) -> None:
    """Delete partitions. Noted before: nobody takes what is left of a bucket for the whole.

    Raises QueryFailed, EngineUnavailable; what is left then is deleted with the next ones.
    """
    if not doomed:
        return
    note_gone(resolution, max(part.ends_at for part in doomed))
    for part in doomed:
        partitions.drop(resolution.table, part.id)


@transaction.atomic
def note_gone(resolution: Resolution, until: datetime) -> None:
    Kept.objects.get_or_create(resolution=resolution.name)
    row = Kept.objects.select_for_update().get(resolution=resolution.name)
    if row.since is None or row.since < until:
        row.since = until
        row.save(update_fields=["since"])


@dataclass(frozen=True)
class Reach:
    """What is there of each resolution that has any: samples after `since_ms`, by its name; and
    up to when it was downsampled (`until_ms`, coarse ones only).
    """

    since_ms: Mapping[str, int]
    until_ms: Mapping[str, int]
    looked_at: Mapping[str, datetime] = field(default_factory=dict)  # late samples before it are in
    deletions: int = 0  # series that were deleted before their time, counted by the times


ONLY_SAMPLES = Reach({RAW.name: 0}, {})


def reach() -> Reach:
    """Look what is there now."""
    rows = {row.resolution: row for row in Kept.objects.all()}
    coarse = {one.name: rows[one.name] for one in COARSE if one.name in rows}
    until = {name: ms(row.until) for name, row in coarse.items() if row.until}
    known = {name: row for name, row in rows.items() if name in (RAW.name, *until)}
    since = {name: ms(row.since) if row.since else 0 for name, row in known.items()}
    deletions = rows[RAW.name].deletions if RAW.name in rows else 0
    looked_at = {name: row.looked_at for name, row in coarse.items() if row.looked_at}
    return Reach({RAW.name: 0} | since, until, looked_at, deletions)


def note_deletion() -> None:
    """Say that series were deleted before their time."""
    Kept.objects.get_or_create(resolution=RAW.name)
    Kept.objects.filter(resolution=RAW.name).update(deletions=F("deletions") + 1)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
