"""Keep insights to ask them again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from analytics.insights.checking import UNCHECKED, check, night_of
from analytics.insights.drafts import Draft
from analytics.insights.models import SAVE, SavedInsight
from analytics.insights.shapes import folder_paths, shown_to
from portal.accounts.access import require_level
from portal.accounts.actions import folder_at, forget
from portal.accounts.models import Folder, Level, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.stale import Stale
from portal.live import publish

RIGHTS = ("folder", "is_shared")  # what decides who sees it
SAMPLE = 50  # insights that are checked in a night

log = logging.getLogger(__name__)


@transaction.atomic
def save_insight(actor: User, draft: Draft, now: datetime) -> SavedInsight:
    """Keep a question. Raises FieldError for a folder that does not exist."""
    insight = written(actor, SavedInsight(created_by=actor, created_at=now), draft, now)
    insight.save()
    trail.record(actor, "insight.create", insight, Change(after=recorded(state(insight))))
    return insight


@transaction.atomic
def change_insight(
    actor: User, insight: SavedInsight, draft: Draft, version: int | None, now: datetime
) -> SavedInsight:
    """Write a saved insight anew; the same again changes nothing.

    Raises Stale when it is no longer at `version`, FieldError, and PermissionDenied where only who
    administers it may say who sees it.
    """
    found = SavedInsight.objects.select_for_update().get(pk=insight.pk)
    if version is not None and version != found.version:
        raise Stale(shown_to(actor, found), {**asdict(draft), "version": version})
    before, was_updated_at = state(found), found.updated_at
    after = state(written(actor, found, draft, now))
    if after == before:
        found.updated_at = was_updated_at
        return found
    if any(after[name] != before[name] for name in RIGHTS):
        require_level(actor, insight, Level.ADMIN)
        publish.rights_changed()
    if any(after[name] != before[name] for name in ("kind", "definition")):
        found.checked_at, found.check_state, found.check_note = None, "", ""
    found.version += 1
    found.save()
    trail.record(actor, "insight.change", found, Change(recorded(before), recorded(after)))
    return found


@transaction.atomic
def delete_insight(actor: User, insight: SavedInsight, version: int | None = None) -> None:
    """Forget a saved insight. Raises Stale when it is no longer at `version`."""
    found = SavedInsight.objects.select_for_update().get(pk=insight.pk)
    if version is not None and version != found.version:
        raise Stale(shown_to(actor, found), {"version": version})
    trail.record(actor, "insight.delete", found, Change(before=recorded(state(found))))
    forget("insight", found.pk)
    found.delete()


def written(actor: User, insight: SavedInsight, draft: Draft, now: datetime) -> SavedInsight:
    """Return the insight with a draft's values, not stored yet."""
    insight.name, insight.description = draft.name, draft.description
    insight.kind, insight.definition, insight.view = draft.kind, draft.definition, draft.view
    insight.folder, insight.is_shared = place(actor, insight, draft.folder, now), draft.is_shared
    insight.updated_at = now
    return insight


def place(
    actor: User, insight: SavedInsight, wanted: int | str | None, now: datetime
) -> Folder | None:
    """Return the folder that a draft means. Raises FieldError.

    Who may not see where an insight stands reads of no folder, and leaves it there by saying so.
    """
    stands_in = insight.folder
    if stands_in is not None:
        path = folder_paths(actor).get(stands_in.pk)
        if wanted in (path, stands_in.pk):
            return stands_in
    return folder_at(actor, wanted, now, change=SAVE)


def state(insight: SavedInsight) -> dict[str, Any]:
    """Return what people set."""
    return {
        "name": insight.name,
        "description": insight.description,
        "kind": insight.kind,
        "definition": insight.definition,
        "view": insight.view,
        "folder": insight.folder_id,
        "is_shared": insight.is_shared,
    }


def recorded(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out the values of filters, which may be about persons, as those of SQL."""
    found: dict[str, Any] = without_values(state)
    return found


def without_values(value: Any) -> Any:
    if isinstance(value, Mapping):
        hidden = ("value", "parameters") if "op" in value or "query" in value else ()
        return {name: without_values(one) for name, one in value.items() if name not in hidden}
    return [without_values(one) for one in value] if isinstance(value, list) else value


def check_due(now: datetime, *, most: int) -> int:
    """Check saved insights of the night that are due; return how many.

    Each is claimed by its row first: a second worker takes others, and one that dies leaves its
    insight unchecked until the next night. Those that were not looked at for longest come first.
    """
    night = night_of(now, ZoneInfo(settings.PORTAL_TIME_ZONE))
    done = SavedInsight.objects.filter(checked_at__gte=night).count()
    due = SavedInsight.objects.filter(created_at__lt=night).exclude(kind__in=UNCHECKED)
    due = due.filter(Q(checked_at=None) | Q(checked_at__lt=night))
    left = max(0, min(most, SAMPLE - done))
    listed = due.order_by(F("checked_at").asc(nulls_first=True), "pk")[:left]
    return sum(check_one(insight, now) for insight in listed)


def check_one(insight: SavedInsight, now: datetime) -> bool:
    """Check one, unless another worker has it."""
    row = SavedInsight.objects.filter(pk=insight.pk, version=insight.version)
    claim = {"checked_at": now, "check_state": "", "check_note": ""}
    if not row.filter(checked_at=insight.checked_at).update(**claim):
        return False
    finding = check(insight.kind, insight.definition, now)
    if finding.state != "ok":
        log.warning(
            "A saved insight failed its check.",
            extra={"insight": insight.pk, "state": finding.state, "note": finding.note},
        )
    row.update(check_state=finding.state, check_note=finding.note)
    return True
