"""Where links lead, and in which state they are."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from dashboards.models import PublicLink
from dashboards.open.links import shown_by


def address_of(secret: str) -> str:
    """Return the address that is handed out, in full."""
    return f"{settings.PUBLIC_URL}{reverse('open-link', args=[secret])}"


def state_of(link: PublicLink, now: datetime) -> str:
    """Say whether a link opens anything: `active`, or why not."""
    if link.revoked_at is not None:
        return "revoked"
    if link.has_ended(now):
        return "expired"
    if not settings.PUBLIC_LINKS:
        return "switched off"
    if not link.created_by.is_active or not shown_by(link):
        return "its maker may no longer share this"
    return "active"
