"""What leaves the portal as a file leaves a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change


@dataclass(frozen=True)
class Exported:
    """What a file holds: figures of which kind, how much, as of when. Names no person."""

    what: str
    format: str
    rows: int
    as_of: datetime
    part: str = ""  # such as a dashboard's widget


@transaction.atomic
def record_export(
    actor: User | None, exported: Exported, subject: models.Model | None = None
) -> None:
    """Note that somebody took data out as a file."""
    after: dict[str, Any] = {
        "what": exported.what,
        "format": exported.format,
        "rows": exported.rows,
        "as_of": exported.as_of.isoformat(),
    }
    if exported.part:
        after["part"] = exported.part
    trail.record(actor, "data.export", subject, Change(after=after))
