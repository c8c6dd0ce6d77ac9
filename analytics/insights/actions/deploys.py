"""Noting deploys, and taking them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.insights.annotation_drafts import written
from analytics.insights.deploy_drafts import Draft
from analytics.insights.models import Deploy
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change


@transaction.atomic
def note_deploy(actor: User | None, draft: Draft, now: datetime) -> tuple[Deploy, bool]:
    """Note a deploy; return it, and whether it is new: one that was told before stays as it was."""
    known = Deploy.objects.filter(service=draft.service, deployment_id=draft.deployment_id)
    if draft.deployment_id and (before := known.first()) is not None:
        return before, False
    row: Deploy = Deploy.objects.create(**draft.columns(), created_by=actor, created_at=now)
    trail.record(actor, "deploy.note", row, Change(after=described(row)))
    return row, True


@transaction.atomic
def forget_deploy(actor: User | None, deploy: Deploy) -> None:
    """Take a deploy back."""
    trail.record(actor, "deploy.forget", deploy, Change(before=described(deploy)))
    deploy.delete()


def described(row: Deploy) -> dict[str, Any]:
    """Return what the audit trail keeps of it."""
    return {
        "service": row.service,
        "version": row.version,
        "deployment_id": row.deployment_id,
        "environment": row.environment,
        "at": written(row.at),
    }
