"""When kept rows are taken, and what an answer says of it."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path

from django.core.cache import cache
from django.db import close_old_connections

from analytics.insights import fast
from analytics.insights.kept.counts import ReadColumns
from analytics.insights.kept.days import Found
from analytics.insights.kept.reading import Plan, Reading
from analytics.insights.sql.kept import KeptSelection
from portal.lib.asker import current
from portal.store.frame import Meta
from portal.store.query import TimeRange
from portal.store.sources import Question

log = logging.getLogger(__name__)
# Rows are kept for a selection that is asked for again within so long; the engine answers the first.
AGAIN_S = 3_600
# More events than these are read aside, and the engine answers meanwhile.
EVENTS_WHILE_ONE_WAITS = 1_000_000
LOOKED_AFTER_S = 0.5  # whether the asker still waits
ASIDE = ThreadPoolExecutor(1, thread_name_prefix="kept")
_aside: dict[Path, Future[None]] = {}


def kept_rows(
    selection: KeptSelection,
    window: TimeRange,
    question: Question,
    read: ReadColumns,
    *,
    is_worth_it: bool = False,
    wait_s: float = 0.0,
) -> tuple[Found, Meta] | None:
    """Return the rows of a window and what to tell of it; None where the engine is to answer.

    Rows are kept from the second time on that they are asked for, at once with `is_worth_it`: where
    the raw form reads the same ones. While very many are read aside the engine is to answer, after
    `wait_s`: some where it takes longer than that. Raises client.QueryFailed, client.EngineUnavailable.
    """
    if not fast.is_on("rows") or not selection.is_keepable:
        return None
    if not question.rights.is_all:  # what is kept, and counted and remembered of it, is of all rows
        return None
    try:
        reading = Reading.begin(selection, read)
        is_wanted = is_worth_it or fast.is_forced("rows") or asked_again(reading.folder)
        return _kept_rows(reading, window, question, wait_s) if is_wanted else None
    except OSError:  # a full disk, say: the answer does not depend on it
        log.exception("Kept rows cannot be read or written; the engine answers.")
        return None


def _kept_rows(
    reading: Reading, window: TimeRange, question: Question, wait_s: float
) -> tuple[Found, Meta] | None:
    plan = reading.plan(window, question.as_of)
    if not fast.is_forced("rows") and plan.missing_events > EVENTS_WHILE_ONE_WAITS:
        aside = kept_aside(reading.folder, reading.selection, window, question)
        if not is_done(aside, wait_s):
            return None
        plan = reading.plan(window, question.as_of)
        if plan.missing_events > EVENTS_WHILE_ONE_WAITS:
            return None
    found = reading.rows(plan)
    return found, told(plan, found, question.as_of)


def asked_again(folder: Path) -> bool:
    return folder.exists() or not cache.add(f"kept:{folder.name}", 1, AGAIN_S)


def kept_aside(
    folder: Path, selection: KeptSelection, window: TimeRange, question: Question
) -> Future[None]:
    """Read and keep the rows of a window in a thread of their own; it may be doing so already."""
    for path in [path for path, one in list(_aside.items()) if one.done()]:
        _aside.pop(path, None)
    known = _aside.get(folder)
    if known is None:
        known = _aside[folder] = ASIDE.submit(_keep, selection, window, question)
    return known


def is_done(aside: Future[None], wait_s: float) -> bool:
    """Wait for what is read aside, no longer than the asker may, or does."""
    asker = current()
    if asker is not None and asker.time_limit is not None:
        wait_s = min(wait_s, asker.time_limit.total_seconds())
    until = time.monotonic() + wait_s
    while not aside.done() and (left_s := until - time.monotonic()) > 0:
        if asker is not None and asker.has_gone:
            break
        wait([aside], min(left_s, LOOKED_AFTER_S))
    return aside.done()


def _keep(selection: KeptSelection, window: TimeRange, question: Question) -> None:
    try:
        reading = Reading.begin(selection, lambda query: question.read_columns(query)[0])
        reading.keep(reading.plan(window, question.as_of))
    except Exception:  # a thread's end: the next question tries again
        log.exception("Rows could not be kept.")
    finally:
        close_old_connections()


def told(plan: Plan, found: Found, as_of: datetime) -> Meta:
    """Say how the answer came to be, and which closed days are not what they were."""
    form = f"rows: {len(plan.kept):,} days kept, {len(plan.missing):,} read again"
    warnings: tuple[str, ...] = ()
    if found.changed:
        count = "A closed day" if len(found.changed) == 1 else f"{len(found.changed)} closed days"
        warnings = (
            f"{count} changed within the last 24 hours (late events or joined persons), the newest"
            f" {found.changed[-1]:%Y-%m-%d}.",
        )
    return Meta(as_of=as_of, forms=(form,), warnings=warnings)
