"""Decide how many series a source may have."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from analytics.series.limits import OWN, limits
from analytics.series.models import LEAST_LIMIT, SeriesLimit
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError

MOST_LIMIT = 1_000_000_000


@transaction.atomic
def set_limit(actor: User, source: str, most: int | None, now: datetime) -> None:
    """Let a source have so many live series; None: as many as any other. Raises FieldError.

    Other processes know it with their next new series, at the latest a minute later.
    """
    if not source or source == OWN or len(source) > 250:
        raise FieldError("source", "Only sources of others have limits of their own.")
    if most is not None and not LEAST_LIMIT <= most <= MOST_LIMIT:
        raise FieldError("most", f"This must be {LEAST_LIMIT:,} to {MOST_LIMIT:,} series.")
    row = SeriesLimit.objects.select_for_update().filter(source=source).first()
    before = row.most if row else None
    if before == most:
        return
    row = row or SeriesLimit(source=source)
    if most is None:
        record(actor, row, before, None)
        row.delete()
    else:
        row.most, row.changed_at, row.changed_by = most, now, actor
        row.save()
        record(actor, row, before, most)
    transaction.on_commit(limits.forget)


def record(actor: User, row: SeriesLimit, before: int | None, after: int | None) -> None:
    change = Change(
        before=None if before is None else {"source": row.source, "most": before},
        after=None if after is None else {"source": row.source, "most": after},
    )
    trail.record(actor, "series_limit.change", row, change)
