"""Make business metrics, change and remove them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.collect.business import keeping
from analytics.collect.business.computing import figures
from analytics.collect.business.drafts import (
    Draft,
    asked_by,
    drawn_of,
    insight_of,
    require_rights,
)
from analytics.collect.business.models import BusinessMetric
from analytics.collect.business.shaping import Figure
from analytics.collect.slots import slot_of
from analytics.insights.actions.sql import audited_sql, without_texts
from analytics.insights.data_rights import row_rights
from analytics.insights.models import SavedInsight
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL
from portal.lib.stale import Stale


def preview(actor: User, draft: Draft, now: datetime) -> list[Figure]:
    """Return what a metric would collect now, asked by somebody with the rights it would have.

    Raises FieldError, MissingPermission, MayNotRead, client.QueryFailed, client.EngineUnavailable.
    """
    insight = insight_of(actor, draft)
    require_rights(actor, draft, insight)
    asked, slot = asked_by(draft, insight), slot_of(now, 5)
    rights = ALL if draft.reads_all else row_rights(actor)
    query = draft.sql or (insight.definition.get("query", "") if insight else "")
    if not (draft.sql or (insight and insight.kind == "sql")):
        return figures(asked, slot, rights)
    with audited_sql(actor, str(query), {}):
        return figures(asked, slot, rights)


def create_metric(actor: User, draft: Draft, now: datetime) -> BusinessMetric:
    """Make a metric, after trying it; its first slot is collected at once. Raises as `preview`."""
    preview(actor, draft, now)
    return written(actor, None, draft, now)


def change_metric(
    actor: User, metric: BusinessMetric, draft: Draft, now: datetime, *, version: int | None = None
) -> BusinessMetric:
    """Change a metric; the same again changes nothing. What is asked anew is tried first, and its
    author is who changed it. Raises as `preview`, and Stale when it is no longer at `version`.
    """
    if draft.asked() != drawn_of(metric).asked():
        preview(actor, draft, now)
    return written(actor, metric, draft, now, version=version)


@transaction.atomic
def written(
    actor: User,
    metric: BusinessMetric | None,
    draft: Draft,
    now: datetime,
    *,
    version: int | None = None,
) -> BusinessMetric:
    """Store a draft. Raises FieldError, Stale."""
    others = BusinessMetric.objects.exclude(pk=metric.pk if metric else 0)
    if others.filter(name=draft.name).exists():
        raise FieldError("name", f"There is a metric named “{draft.name}” already.")
    if metric is None:
        row = BusinessMetric(author=actor, created_at=now, due_at=now)
        before = None
    else:
        row, before = held(metric, draft, version), drawn_of(metric)
        if before == draft:
            return row
        row.version += 1
    take(row, draft, now)
    if before is None or before.asked() != draft.asked():
        row.author = actor
    if before is not None and (before.asked(), before.name) != (draft.asked(), draft.name):
        begin_anew(row, before.name, now)
    if before is not None and before.is_on and not draft.is_on:
        end_series(row, draft.name, now)
    row.save()
    verb = "create" if before is None else "change"
    change = Change(described(before) if before else None, described(draft))
    trail.record(actor, f"business_metric.{verb}", row, change)
    return row


def held(metric: BusinessMetric, draft: Draft, version: int | None) -> BusinessMetric:
    """Return a metric that nobody else changes now. Raises Stale."""
    row: BusinessMetric = BusinessMetric.objects.select_for_update().get(pk=metric.pk)
    if version is not None and version != row.version:
        current = {**described(drawn_of(row)), "version": row.version}
        raise Stale(current, {**described(draft), "version": version})
    return row


def take(row: BusinessMetric, draft: Draft, now: datetime) -> None:
    """Put a draft's values into a row, which is due at once then."""
    row.name, row.description, row.type = draft.name, draft.description, draft.type
    row.insight_id, row.query, row.range_s = draft.insight, draft.sql, draft.range_s
    row.interval_s, row.is_on, row.reads_all = draft.interval_s, draft.is_on, draft.reads_all
    row.updated_at = row.due_at = now
    row.leased_until = None  # whoever computes the old figures now notes nothing


def begin_anew(row: BusinessMetric, name: str, now: datetime) -> None:
    """Forget figures that were asked otherwise, or under another name, and end their series."""
    end_series(row, name, now)
    row.figures, row.collected_at, row.error, row.failed_at = [], None, "", None


def end_series(row: BusinessMetric, name: str, now: datetime) -> None:
    known, full_name = keeping.read(row.figures), row.metric.removesuffix(row.name) + name
    transaction.on_commit(lambda: keeping.end(full_name, known, now))


@transaction.atomic
def delete_metric(
    actor: User, metric: BusinessMetric, now: datetime, *, version: int | None = None
) -> None:
    """Remove a metric; its series end, and what they hold stays. Raises Stale."""
    row = held(metric, drawn_of(metric), version)
    trail.record(actor, "business_metric.delete", row, Change(before=described(drawn_of(row))))
    end_series(row, row.name, now)
    row.delete()


def described(draft: Draft) -> dict[str, Any]:
    """Return what the trail keeps: SQL without the texts in it, which may name persons."""
    return {
        "name": draft.name,
        "description": draft.description,
        "type": str(draft.type),
        "insight": draft.insight,
        "sql": without_texts(draft.sql),
        "range_s": draft.range_s,
        "interval_s": draft.interval_s,
        "is_on": draft.is_on,
        "reads_all": draft.reads_all,
    }


def insight_shown(user: User, metric: BusinessMetric) -> SavedInsight | None:
    """Return the insight that a metric asks, where somebody may see it."""
    try:
        return insight_of(user, drawn_of(metric))
    except FieldError:
        return None
