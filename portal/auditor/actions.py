"""Reading the trail in bulk stands in the trail."""

from __future__ import annotations

from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change


@transaction.atomic
def record_export(actor: User, filters: dict[str, str], *, format: str, rows: int) -> None:
    """Note that somebody took the trail out as a file, and which part of it."""
    after = {"format": format, "rows": rows, "filters": filters}
    trail.record(actor, "audit.export", None, Change(after=after))
