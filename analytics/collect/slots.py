"""Rows that are due at exact slots, each taken by one worker.

A slot is a multiple of the row's interval since 1970. What is collected for a slot bears its time,
whoever does it and however late, so that a slot that was done twice counts once. The rows are the
truth: a worker that dies leaves its lease, which ends; the slot is then done by another one, or the
next slot is. Slots that nobody did in their time are never made up: they stay a gap.

    class Target(Scheduled): ...

    while row := claimed(Target.objects.filter(is_on=True), now, lease=timedelta(seconds=30)):
        slot = slot_of(now, row.interval_s)
        ...
        release(row, due_at=slot_after(slot, row.interval_s), last_error="")
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Q, QuerySet


class Scheduled(models.Model):
    """Something that is done once in each of its slots."""

    interval_s = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_index=True)  # the slot that comes next, or one that is late
    leased_until = models.DateTimeField(null=True)  # a worker has it, or it is left alone till then

    class Meta:
        abstract = True


S = TypeVar("S", bound=Scheduled)


def slot_of(now: datetime, interval_s: int, *, offset_s: float = 0) -> datetime:
    """Return the slot that `now` lies in."""
    since = now.timestamp() - offset_s
    return datetime.fromtimestamp(since // interval_s * interval_s + offset_s, tz=UTC)


def slot_after(slot: datetime, interval_s: int) -> datetime:
    return slot + timedelta(seconds=interval_s)


@transaction.atomic
def claimed(rows: QuerySet[S], now: datetime, *, lease: timedelta) -> S | None:
    """Take the row that has been due for longest and that nobody else has."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    due = rows.filter(free, due_at__lte=now).order_by("due_at", "pk")
    row = due.select_for_update(skip_locked=True, of=("self",)).first()
    if row is not None:
        row.leased_until = now + lease
        row.save(update_fields=["leased_until"])
    return row


def release(row: Scheduled, **noted: Any) -> bool:
    """Give a row back with what is noted of it, unless its lease has ended and another has it.

    `leased_until` among them leaves it alone until then; else it is free at once.
    """
    mine = type(row)._default_manager.filter(pk=row.pk, leased_until=row.leased_until)
    return bool(mine.update(**{"leased_until": None, **noted}))
