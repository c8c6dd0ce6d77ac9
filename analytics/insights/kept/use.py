"""When kept rows are taken, and what an answer says of it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from django.core.cache import cache
from django.db import close_old_connections

from analytics.insights import fast
from analytics.insights.kept.days import Found
from analytics.insights.kept.reading import Plan, ReadColumns, Reading
from analytics.insights.sql.kept import KeptSelection
from portal.store.frame import Meta
from portal.store.query import TimeRange
from portal.store.sources import Question

log = logging.getLogger(__name__)
# Rows are kept for a selection that is asked for again within so long; the engine answers the first.
AGAIN_S = 3_600
# More events than these are read aside, and the engine answers meanwhile.
EVENTS_WHILE_ONE_WAITS = 1_000_000
ASIDE = ThreadPoolExecutor(1, thread_name_prefix="kept")
_aside: set[Path] = set()


def kept_rows(
    selection: KeptSelection,
    window: TimeRange,
    question: Question,
    read: ReadColumns,
    *,
    is_worth_it: bool = False,
) -> tuple[Found, Meta] | None:
    """Return the rows of a window and what to tell of it; None where the engine is to answer.

    Rows are kept from the second time on that they are asked for, at once with `is_worth_it`: where
    the raw form reads the same ones. Raises client.QueryFailed, client.EngineUnavailable.
    """
    if not fast.is_on("rows") or not selection.is_keepable:
        return None
    try:
        return _kept_rows(selection, window, question, read, is_worth_it=is_worth_it)
    except OSError:  # a full disk, say: the answer does not depend on it
        log.exception("Kept rows cannot be read or written; the engine answers.")
        return None


def _kept_rows(
    selection: KeptSelection,
    window: TimeRange,
    question: Question,
    read: ReadColumns,
    *,
    is_worth_it: bool,
) -> tuple[Found, Meta] | None:
    reading = Reading.begin(selection, read)
    is_forced = fast.is_forced("rows")
    if not is_worth_it and not is_forced and not asked_again(reading.folder):
        return None
    plan = reading.plan(window, question.as_of)
    if not is_forced and plan.missing_events > EVENTS_WHILE_ONE_WAITS:
        keep_aside(reading.folder, selection, window, question)
        return None
    found = reading.rows(plan)
    return found, told(plan, found, question.as_of)


def asked_again(folder: Path) -> bool:
    return folder.exists() or not cache.add(f"kept:{folder.name}", 1, AGAIN_S)


def keep_aside(
    folder: Path, selection: KeptSelection, window: TimeRange, question: Question
) -> None:
    """Read and keep the rows of a window in a thread of their own."""
    if folder not in _aside:
        _aside.add(folder)
        ASIDE.submit(_keep, selection, window, question, folder)


def _keep(selection: KeptSelection, window: TimeRange, question: Question, folder: Path) -> None:
    try:
        reading = Reading.begin(selection, lambda query: question.read_columns(query)[0])
        reading.keep(reading.plan(window, question.as_of))
    except Exception:  # a thread's end: the next question tries again
        log.exception("Rows could not be kept.")
    finally:
        _aside.discard(folder)
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
