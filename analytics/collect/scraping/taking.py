"""Take slots: each is taken once, by one worker, whoever dies when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from analytics.collect.scraping.models import Endpoint, ScrapeTarget
from analytics.collect.slots import slot_after
from analytics.series.writing import milliseconds

EPOCH = datetime.fromtimestamp(0, tz=UTC)
AHEAD = timedelta(seconds=1)  # slots are taken so early, to be begun on time
LATE = 0.02  # of the interval: what begins later bears the time at which it did
ENDING_AGAIN_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Slot:
    """A time at which one endpoint is to be fetched, with its target as it is now."""

    endpoint: Endpoint
    target: ScrapeTarget
    at: datetime


@transaction.atomic
def take(now: datetime, *, most: int) -> list[Slot]:
    """Take slots that nobody else has: the next ones, and of those that were missed the last.

    To take one is to move the endpoint on to the next: a slot is never taken again, so that who
    dies with it leaves a gap.
    """
    rows = (
        Endpoint.objects.filter(due_at__lte=now + AHEAD, ended_at=None, target__is_on=True)
        .order_by("due_at", "pk")
        .select_related("target")
        .defer("series")
        .select_for_update(skip_locked=True, of=("self",))[:most]
    )
    slots = [Slot(one, one.target, slot_for(one, one.target, now)) for one in rows if one.target]
    for slot in slots:
        slot.endpoint.due_at = slot_after(slot.at, slot.endpoint.interval_s)
    Endpoint.objects.bulk_update([slot.endpoint for slot in slots], ["due_at"])
    return slots


def slot_for(endpoint: Endpoint, target: ScrapeTarget, now: datetime) -> datetime:
    """Return the slot that is due next, or the last one when several were missed; one that comes
    within AHEAD is better than one that is late.

    In whole milliseconds: rounded otherwise, a slot could be taken for the one before it.
    """
    offset_ms = 0 if target.discovery == target.Discovery.OWN else offset_of(endpoint)
    interval_ms = endpoint.interval_s * 1000
    since = milliseconds(max(endpoint.due_at, now + AHEAD)) - offset_ms
    return moment(since // interval_ms * interval_ms + offset_ms)


def offset_of(endpoint: Endpoint) -> int:
    """Spread endpoints over their interval, each always to the same place, in milliseconds."""
    digest = hashlib.blake2b(endpoint.digest.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (endpoint.interval_s * 1000)


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def snapped(slot: Slot, began: datetime) -> datetime:
    """Return the time that samples bear: the slot's, unless they were fetched too late for that."""
    late_s = (began - slot.at).total_seconds()
    if abs(late_s) <= LATE * slot.endpoint.interval_s:
        return slot.at
    return began.replace(microsecond=began.microsecond // 1000 * 1000)


@transaction.atomic
def take_ended(now: datetime, *, most: int) -> list[Endpoint]:
    """Take endpoints that are over; those who took them before and died left them."""
    rows = list(
        Endpoint.objects.filter(due_at__lte=now, ended_at__isnull=False)
        .order_by("due_at", "pk")
        .select_for_update(skip_locked=True)[:most]
    )
    Endpoint.objects.filter(pk__in=[one.pk for one in rows]).update(due_at=now + ENDING_AGAIN_AFTER)
    return rows
