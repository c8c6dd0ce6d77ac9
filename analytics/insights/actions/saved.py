"""Keep insights to ask them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.insights.actions.folders import folder_at
from analytics.insights.drafts import Draft
from analytics.insights.models import SavedInsight
from analytics.insights.shapes import insight_json
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.stale import Stale


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

    Raises Stale when it is no longer at `version`, and FieldError.
    """
    found = SavedInsight.objects.select_for_update().get(pk=insight.pk)
    if version is not None and version != found.version:
        raise Stale(insight_json(found), {**asdict(draft), "version": version})
    before, was_updated_at = state(found), found.updated_at
    after = state(written(actor, found, draft, now))
    if after == before:
        found.updated_at = was_updated_at
        return found
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
        raise Stale(insight_json(found), {"version": version})
    trail.record(actor, "insight.delete", found, Change(before=recorded(state(found))))
    found.delete()


def written(actor: User, insight: SavedInsight, draft: Draft, now: datetime) -> SavedInsight:
    """Return the insight with a draft's values, not stored yet."""
    insight.name, insight.description = draft.name, draft.description
    insight.kind, insight.definition, insight.view = draft.kind, draft.definition, draft.view
    insight.folder, insight.is_shared = folder_at(actor, draft.folder, now), draft.is_shared
    insight.updated_at = now
    return insight


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
