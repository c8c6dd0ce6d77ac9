"""Making, changing and removing scrape targets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.collect.scraping import refreshing
from analytics.collect.scraping.drafts import Draft, as_written, has_bearer
from analytics.collect.scraping.models import ScrapeTarget
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError

Discovery = ScrapeTarget.Discovery


@transaction.atomic
def create_target(actor: User | None, draft: Draft, now: datetime) -> ScrapeTarget:
    """Make a target; it is fetched within a second, one with a list in a few. Raises FieldError."""
    check_name(draft.name)
    row: ScrapeTarget = ScrapeTarget.objects.create(
        **draft.columns(), created_by=actor, refresh_at=now
    )
    trail.record(actor, "scrape_target.create", row, Change(after=recorded(row)))
    follow(row, now)
    return row


@transaction.atomic
def change_target(
    actor: User | None, target: ScrapeTarget, draft: Draft, now: datetime
) -> ScrapeTarget:
    """Change a target. Series whose labels change end, and others begin. Raises FieldError."""
    row = held(target)
    check_name(draft.name, row.pk)
    before, is_new_bearer = recorded(row), draft.bearer is not None
    for name, value in draft.columns().items():
        setattr(row, name, value)
    if recorded(row) == before and not is_new_bearer:
        return row
    row.refresh_at = now
    row.save()
    after = recorded(row) | ({"is_new_bearer": True} if is_new_bearer else {})
    trail.record(actor, "scrape_target.update", row, Change(before, after))
    follow(row, now)
    return row


@transaction.atomic
def switch_target(
    actor: User | None, target: ScrapeTarget, now: datetime, *, is_on: bool
) -> ScrapeTarget:
    """Fetch a target again, or no longer: then its series end now. Raises FieldError."""
    row = held(target)
    if row.is_on != is_on:
        row.is_on, row.refresh_at = is_on, now
        row.save(update_fields=["is_on", "refresh_at"])
        change = Change(before={"is_on": not is_on}, after={"is_on": is_on})
        trail.record(actor, "scrape_target.switch", row, change)
        follow(row, now)
    return row


@transaction.atomic
def delete_target(actor: User | None, target: ScrapeTarget, now: datetime) -> None:
    """Remove a target. Its series end now; what was collected stays. Raises FieldError."""
    row = held(target)
    trail.record(actor, "scrape_target.delete", row, Change(before=recorded(row)))
    refreshing.end(refreshing.open_endpoints(row), now)
    row.delete()


def held(target: ScrapeTarget) -> ScrapeTarget:
    """Return a target as it is, with its row locked. Raises FieldError for the portal itself."""
    row: ScrapeTarget = ScrapeTarget.objects.select_for_update().get(pk=target.pk)
    if row.discovery == Discovery.OWN:
        raise FieldError("id", "The portal watches itself; this target stays as it is.")
    return row


def follow(row: ScrapeTarget, now: datetime) -> None:
    """Let the endpoints be as the target says, as far as no list has to be read for it."""
    if row.discovery == Discovery.NONE or not row.is_on:
        refreshing.refresh(row, now)
    else:
        refreshing.keep_pace(row, now)


def recorded(row: ScrapeTarget) -> dict[str, Any]:
    return as_written(row) | {"has_bearer": has_bearer(row)}


def check_name(name: str, own: int = 0) -> None:
    if ScrapeTarget.objects.filter(name__iexact=name).exclude(pk=own).exists():
        raise FieldError("name", f"There is a target named “{name}” already.")
