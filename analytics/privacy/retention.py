"""Delete what is older than it is to be kept, once a day and rule: whole months at once, else row by
row in the background, and tell whoever keeps rows or answers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from analytics.ingest import erasing
from analytics.ingest.models import Quarantined, RetentionRule
from analytics.series import keeping
from analytics.series.resolutions import FIVE_MINUTES, HOUR, RAW, Resolution
from portal.audit import trail
from portal.audit.trail import Change
from portal.store import client, nodes, partitions
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.cluster import altered
from portal.store.models import Epoch
from portal.store.query import Query

log = logging.getLogger(__name__)
DataSet = RetentionRule.DataSet
EVERY = timedelta(hours=20)
# A client may repeat an event for so long; its id has to be known by then.
IDS_LONGER = 31
OLD_EVENTS = """
SELECT toString(if(day < toDate32('2000-01-01'), 0, toYYYYMM(day))) AS month, count()
FROM events WHERE {condition} GROUP BY month ORDER BY month
"""
METRICS = {
    DataSet.SAMPLES: RAW,
    DataSet.SAMPLES_5M: FIVE_MINUTES,
    DataSet.SAMPLES_1H: HOUR,
}


@dataclass(frozen=True)
class Old:
    """What is older than a rule lets it be: rows, about how many bytes of disk they take."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Month:
    """A partition of the events: how many of its rows go, of how many, and their bytes."""

    id: str
    doomed: int
    rows: int
    bytes: int

    @property
    def share(self) -> float:
        return min(1.0, self.doomed / self.rows) if self.rows else 0.0


def cutoff(rule: RetentionRule, now: datetime) -> date:
    """Return the first day that is kept."""
    return now.date() - timedelta(days=rule.days)


def others(rule: RetentionRule) -> list[int]:
    """Return the sources that have a rule of their own, which a rule for all leaves alone."""
    own = RetentionRule.objects.filter(data_set=rule.data_set, source__isnull=False, is_on=True)
    return sorted(own.values_list("source_id", flat=True)) if rule.source_id is None else []


def condition(rule: RetentionRule, now: datetime) -> str:
    """Return what stored events the rule deletes; numbers and dates of our own, so as text."""
    found = f"day < toDate32('{cutoff(rule, now).isoformat()}')"
    if rule.source_id is not None:
        return f"{found} AND source = {rule.source_id}"
    listed = ",".join(map(str, others(rule)))
    return f"{found} AND source NOT IN ({listed})" if listed else found


def months(rule: RetentionRule, now: datetime) -> list[Month]:
    """Return the partitions of which the rule deletes something."""
    known = partitions.of("events")
    found = client.run(Query(OLD_EVENTS.format(condition=condition(rule, now)))).rows()
    return [Month(name, int(doomed), *known.get(name, (int(doomed), 0))) for name, doomed in found]


def old(rule: RetentionRule, now: datetime) -> Old:
    """Say what the rule would delete now. Raises QueryFailed, EngineUnavailable."""
    if rule.data_set == DataSet.QUARANTINE:
        return Old(quarantined(rule, now).count(), 0)
    if (resolution := metrics(rule)) is not None:
        doomed = keeping.old(resolution, rule.days, now)
        return Old(sum(part.rows for part in doomed), sum(part.bytes for part in doomed))
    found = months(rule, now)
    return Old(sum(one.doomed for one in found), round(sum(one.share * one.bytes for one in found)))


def quarantined(rule: RetentionRule, now: datetime) -> QuerySet[Quarantined]:
    rows = Quarantined.objects.filter(received_at__date__lt=cutoff(rule, now))
    if rule.source_id is not None:
        return rows.filter(source=rule.source_id)
    return rows.exclude(source__in=others(rule))


def metrics(rule: RetentionRule) -> Resolution | None:
    """Return the resolution of samples that a rule is about; None for another data set."""
    return METRICS.get(DataSet(rule.data_set))


def keep_by_default(now: datetime) -> None:
    """Make the rules of metrics that nobody made: what comes by itself goes by itself."""
    for data_set, resolution in METRICS.items():
        RetentionRule.objects.get_or_create(
            data_set=data_set, source=None,
            defaults={"days": resolution.default_days, "is_on": True, "created_at": now},
        )  # fmt: skip


def apply(now: datetime) -> int:
    """Take each rule that is due a step further; returns how many did something.

    Safe to run at any time, twice and at once: a rule is claimed by its row.
    """
    keep_by_default(now)
    return sum(step(rule, now) for rule in due(now))


def due(now: datetime) -> list[RetentionRule]:
    waits = Q(ran_at=None) | Q(ran_at__lt=now - EVERY)
    return list(RetentionRule.objects.filter(Q(is_on=True) & waits | Q(deleting_at__isnull=False)))


def step(rule: RetentionRule, now: datetime) -> bool:
    try:
        if rule.deleting_at is not None:
            return not erasing.is_deleting() and finish(rule, now)
        claimed = RetentionRule.objects.filter(pk=rule.pk, ran_at=rule.ran_at, is_on=True)
        return bool(claimed.update(ran_at=now, trouble="")) and begin(rule, now)
    except (QueryFailed, EngineUnavailable) as error:
        log.warning("Retention waits.", extra={"rule": rule.pk, "reason": str(error)})
        RetentionRule.objects.filter(pk=rule.pk).update(
            ran_at=rule.ran_at, trouble=str(error).splitlines()[0][:300]
        )
        return False


def begin(rule: RetentionRule, now: datetime) -> bool:
    """Delete, or let the engine begin to; false when nothing is too old."""
    if rule.data_set == DataSet.QUARANTINE:
        count, _ = quarantined(rule, now).delete()
        conclude(rule, count, 0)
        return bool(count)
    if (resolution := metrics(rule)) is not None:
        doomed = keeping.old(resolution, rule.days, now)
        keeping.forget(resolution, doomed)
        conclude(rule, sum(part.rows for part in doomed), sum(part.bytes for part in doomed))
        return bool(doomed)
    return begin_events(rule, months(rule, now), now)


def begin_events(rule: RetentionRule, found: list[Month], now: datetime) -> bool:
    if not found:
        return False
    size = sum(bytes_ for _, bytes_ in partitions.of("events").values())
    # Before the engine begins: after a crash the next run concludes what was begun.
    RetentionRule.objects.filter(pk=rule.pk).update(
        deleting_at=now,
        size_before=size,
        deleted_rows=rule.deleted_rows + sum(one.doomed for one in found),
    )
    remove(rule, found, now)
    return True


def remove(rule: RetentionRule, found: list[Month], now: datetime) -> None:
    is_for_all = rule.source_id is None and not others(rule)
    for month in found:
        if is_for_all and month.doomed >= month.rows:
            partitions.drop("events", month.id)
        else:
            delete_rows(month.id, condition(rule, now))
    if is_for_all:
        forget_ids(cutoff(rule, now) - timedelta(days=IDS_LONGER))


def delete_rows(partition: str, which: str) -> None:
    """Let the engine rewrite a partition without some of its rows."""
    client.command(
        f"ALTER TABLE {altered('events', nodes.cluster())}"
        f" DELETE IN PARTITION ID '{partition}' WHERE {which}",
        settings_={"mutations_sync": 0},
    )


def forget_ids(before: date) -> None:
    """Forget the ids of events that are gone since long, months at a time."""
    month = f"{before:%Y%m}"
    for partition in partitions.of("event_ids"):
        if partition.isdigit() and int(partition) < int(month):
            partitions.drop("event_ids", partition)


def finish(rule: RetentionRule, now: datetime) -> bool:
    """Count what was freed and tell whoever keeps rows; go on where a crash left something."""
    if left := months(rule, now):
        remove(rule, left, now)
        return True
    size = sum(bytes_ for _, bytes_ in partitions.of("events").values())
    with transaction.atomic():
        row = RetentionRule.objects.select_for_update().get(pk=rule.pk)
        if row.deleting_at is None:
            return False  # another worker was quicker
        row.freed_bytes += max(0, row.size_before - size)
        row.deleting_at = None
        row.save(update_fields=["freed_bytes", "deleting_at"])
        Epoch.rewritten()
        record(row)
    return True


@transaction.atomic
def conclude(rule: RetentionRule, rows: int, freed: int) -> None:
    if rows:
        row = RetentionRule.objects.select_for_update().get(pk=rule.pk)
        row.deleted_rows, row.freed_bytes = row.deleted_rows + rows, row.freed_bytes + freed
        row.save(update_fields=["deleted_rows", "freed_bytes"])
        record(row)


def record(row: RetentionRule) -> None:
    after = {"deleted_rows": row.deleted_rows, "freed_bytes": row.freed_bytes}
    trail.record(None, "retention.run", row, Change(after=after))
