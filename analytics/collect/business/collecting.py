"""Collect what is due, each slot once: rows with a lease, as of the slot, whoever does it.

A slot waits until what was accepted before it is in the engine: figures of half the events would
be wrong ones. What cannot be had before the next slot begins is a gap.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied

from analytics.collect.business import keeping
from analytics.collect.business.computing import Asked, Unable, figures, rights_of
from analytics.collect.business.models import BusinessMetric
from analytics.collect.business.shaping import MOST_FIGURES, Figure
from analytics.collect.slots import claimed, release, slot_after, slot_of
from analytics.ingest import state
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)  # shorter than the shortest interval: a dead worker costs no slot
AGAIN = timedelta(seconds=5)
MOST_AT_ONCE = 2  # the worker's other jobs need threads, too
HELD_EVERY_S = 60


class NotYet(Exception):
    """Events from before the slot are still on their way into the engine."""


LATER = (NotYet, EngineUnavailable, sqlite3.Error, OSError)
WRONG = (FieldError, Unable, PermissionDenied, QueryFailed)


def collect_due(clock: Callable[[], datetime]) -> int:
    """Collect all that is due; returns how many."""
    count = 0
    while metric := claim(clock()):
        collect(metric, clock())
        count += 1
    return count


def claim(now: datetime) -> BusinessMetric | None:
    rows = BusinessMetric.objects.filter(is_on=True).select_related("author", "insight")
    if rows.filter(leased_until__gt=now).count() >= MOST_AT_ONCE:
        return None
    found: BusinessMetric | None = claimed(rows, now, lease=LEASE)
    return found


def collect(metric: BusinessMetric, now: datetime) -> None:
    """Do one slot of one metric, and note how it went."""
    slot = slot_of(now, metric.interval_s)
    try:
        collect_slot(metric, slot, now)
    except LATER as problem:
        due_at = min(now + AGAIN, slot_after(slot, metric.interval_s))
        release(metric, due_at=due_at, error=words(problem), failed_at=slot)
    except WRONG as problem:
        fail(metric, slot, words(problem))
    except Exception as problem:  # around a plug point: the row says what happened
        log.exception("A business metric broke.", extra={"metric": metric.name})
        fail(metric, slot, words(problem))


def collect_slot(metric: BusinessMetric, slot: datetime, now: datetime) -> None:
    """Compute and keep a slot. Raises LATER, WRONG."""
    began = time.monotonic()
    wait_for_intake(slot, now)
    if metric.collected_at is not None and metric.collected_at >= slot:
        found, refused = keeping.read(metric.figures), ""  # edited meanwhile, and not what is asked
    else:
        found = totals(metric, figures(Asked.by(metric), slot, rights_of(metric)))
        refused = keeping.keep(metric, found, slot)
    # Whoever has it by now, if this took longer than the lease, computes the same.
    BusinessMetric.objects.filter(pk=metric.pk, version=metric.version).update(
        due_at=slot_after(slot, metric.interval_s), collected_at=slot, leased_until=None,
        figures=keeping.stored(found), error=refused[:1_000],
        took_ms=round((time.monotonic() - began) * 1000),
    )  # fmt: skip


def wait_for_intake(slot: datetime, now: datetime) -> None:
    """Raise NotYet while something waits in the spool that was accepted before the slot."""
    if now - timedelta(seconds=state.lag(now)) < slot:
        raise NotYet(f"Events from before {slot:%H:%M:%S} UTC are not all in the engine yet.")


def totals(metric: BusinessMetric, found: list[Figure]) -> list[Figure]:
    """Add to a counter what arrived since the slot before; a gauge is what was found.

    Removed events take nothing away: a counter that fell would look as if it had begun anew.
    """
    if metric.type != BusinessMetric.Type.COUNTER:
        return found
    known = {figure.key: figure for figure in keeping.read(metric.figures)}
    for figure in found:
        before = known[figure.key].value if figure.key in known else 0.0
        known[figure.key] = Figure(dict(figure.key), before + figure.value)
    if len(known) > MOST_FIGURES:
        raise FieldError("query", f"There are more than {MOST_FIGURES:,} label sets by now.")
    return list(known.values())


def fail(metric: BusinessMetric, slot: datetime, why: str) -> None:
    """Note a slot that has no figures: its series end, for the old ones are not true any more."""
    log.warning("A business metric failed.", extra={"metric": metric.name, "reason": why})
    if metric.type == BusinessMetric.Type.GAUGE:
        keeping.end(metric.metric, keeping.read(metric.figures), slot)
    release(metric, due_at=slot_after(slot, metric.interval_s), error=why, failed_at=slot)


def words(problem: Exception) -> str:
    text = problem.message if isinstance(problem, FieldError) else str(problem)
    return (text or type(problem).__name__)[:1_000]


class _Held:
    minute: datetime | None = None  # what this process wrote last


_held = _Held()


def hold(now: datetime) -> int:
    """Write the figures of longer intervals again each minute until the next slot.

    PromQL looks back 5 minutes, and a slot is written a moment after it begins: at an interval of 5
    minutes a metric would be away for that moment, at longer ones most of the time. A slot that was
    not collected is not held, so that it stays a gap. Twice in a minute is once. Returns how many
    metrics. Raises client.QueryFailed, client.EngineUnavailable.
    """
    minute = slot_of(now, HELD_EVERY_S)
    if _held.minute == minute:
        return 0
    known = BusinessMetric.objects.filter(is_on=True, collected_at__lt=minute, error="")
    rows = [row for row in known if row.collected_at == slot_of(minute, row.interval_s)]
    samples = [
        sample
        for row in rows
        for sample in keeping.samples_of(row.metric, keeping.read(row.figures))
    ]
    if samples:
        which = ",".join(f"{row.pk}.{row.version}" for row in rows)
        keeping.put(samples, minute, token=f"business:held:{minute.isoformat()}:{which}")
    _held.minute = minute
    return len(rows)
