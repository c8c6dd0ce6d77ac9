"""What is not saved yet, and who is at it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dashboards.models import Dashboard, Draft, Editing
from portal.accounts.models import User

HEARD_WITHIN = timedelta(seconds=45)  # an editor says every 15 s that it is open


def keep_draft(
    actor: User, dashboard: Dashboard, document: dict[str, Any], base_version: int, now: datetime
) -> Draft:
    """Keep what somebody's editor holds; it is nobody else's, and may not even be right."""
    kept, _ = Draft.objects.update_or_create(
        dashboard=dashboard,
        user=actor,
        defaults={"document": document, "base_version": base_version, "updated_at": now},
    )
    return kept


def discard_draft(actor: User, dashboard: Dashboard) -> None:
    """Forget somebody's draft; twice changes nothing."""
    Draft.objects.filter(dashboard=dashboard, user=actor).delete()


def start_editing(actor: User, dashboard: Dashboard, now: datetime) -> None:
    """Say that somebody has the editor open, and say it again while they do."""
    updated = Editing.objects.filter(
        dashboard=dashboard, user=actor, seen_at__gte=now - HEARD_WITHIN
    ).update(seen_at=now)
    if not updated:
        Editing.objects.update_or_create(
            dashboard=dashboard, user=actor, defaults={"since": now, "seen_at": now}
        )


def stop_editing(actor: User, dashboard: Dashboard) -> None:
    Editing.objects.filter(dashboard=dashboard, user=actor).delete()


def editors_of(dashboard: Dashboard, now: datetime, *, but: User) -> list[dict[str, Any]]:
    """Return who else has the editor open, and since when."""
    rows = dashboard.editing.filter(seen_at__gte=now - HEARD_WITHIN).exclude(user=but)
    return [{"name": str(row.user), "since": row.since} for row in rows.select_related("user")]
