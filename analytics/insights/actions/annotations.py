"""Making, changing and removing annotations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.insights.annotation_drafts import Draft, written
from analytics.insights.models import Annotation
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change


@transaction.atomic
def create_annotation(actor: User | None, draft: Draft, now: datetime) -> Annotation:
    """Make an annotation."""
    row: Annotation = Annotation.objects.create(
        **draft.columns(), created_by=actor, created_at=now, updated_at=now
    )
    trail.record(actor, "annotation.create", row, Change(after=described(row)))
    return row


@transaction.atomic
def update_annotation(
    actor: User | None, annotation: Annotation, draft: Draft, now: datetime
) -> Annotation:
    """Change an annotation; the same again changes nothing."""
    row: Annotation = Annotation.objects.select_for_update().get(pk=annotation.pk)
    before, columns = described(row), draft.columns()
    if all(getattr(row, name) == value for name, value in columns.items()):
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    row.updated_at = now
    row.save(update_fields=[*columns, "updated_at"])
    trail.record(actor, "annotation.update", row, Change(before, described(row)))
    return row


@transaction.atomic
def delete_annotation(actor: User | None, annotation: Annotation) -> None:
    """Remove an annotation."""
    row: Annotation = Annotation.objects.select_for_update().get(pk=annotation.pk)
    trail.record(actor, "annotation.delete", row, Change(before=described(row)))
    row.delete()


def described(row: Annotation) -> dict[str, Any]:
    """Return what the audit trail keeps of it."""
    return {
        "text": row.text,
        "at": written(row.at),
        "until": written(row.until) if row.until else None,
        "event": row.event,
    }
