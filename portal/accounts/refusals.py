"""Refused attempts leave a trace: who tried what, by which route, and what was missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from portal.accounts.access import MissingPermission, NotVisible, TooLow, is_staff_member
from portal.accounts.models import User
from portal.accounts.permissions import MissingScope
from portal.audit import trail
from portal.audit.models import AuditEntry
from portal.audit.trail import Change

ACTION = "access.refuse"
# Whoever tries more in a minute is scanning: the trail says so once and is not flooded.
MOST, WITHIN = 10, timedelta(minutes=1)


def note(request: HttpRequest, error: Exception, now: datetime) -> None:
    """Record a 403 or 404 of the permission function; leave out what names no right or object."""
    user = getattr(request, "user", None)
    wanted = missing(error)
    if wanted is None or user is None or not is_staff_member(user):
        return
    match = request.resolver_match
    route = f"/{match.route}" if match else "unknown"
    record(user, {"method": request.method, "route": route, **wanted}, now)


@transaction.atomic
def record(actor: User, attempt: dict[str, Any], now: datetime) -> None:
    """Write an entry unless there were many within the last minute; the last one says that."""
    recent = AuditEntry.objects.filter(actor=actor, action=ACTION, at__gt=now - WITHIN)
    count = recent.count()
    if count >= MOST:
        return
    more = {"more_are_left_out": True} if count == MOST - 1 else {}
    trail.record(actor, ACTION, None, Change(after={**attempt, **more}))


def missing(error: Exception) -> dict[str, str] | None:
    """Say what was missing; nothing for what is no matter of rights."""
    if isinstance(error, NotVisible):
        return {"status": "404", "object": error.wanted}
    if isinstance(error, TooLow):
        return {"status": "403", "object": error.wanted}
    if isinstance(error, MissingPermission):
        return {"status": "403", "permission": error.permission}
    if isinstance(error, MissingScope):
        return {"status": "403", "scope": error.scope}
    return {"status": "403", "reason": str(error)} if isinstance(error, PermissionDenied) else None
