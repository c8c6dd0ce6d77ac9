"""Making, changing and removing data sets. Who has one shared with them reads its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.insights.data_set_drafts import Draft, as_written, data_set_json
from analytics.insights.models import DataSet
from portal.accounts.actions import forget
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.live import publish


@transaction.atomic
def create_data_set(actor: User | None, draft: Draft, now: datetime) -> DataSet:
    """Make a data set; nobody reads by it before it is shared. Raises FieldError."""
    check_name(draft.name)
    row = DataSet.objects.create(
        **draft.columns(), created_by=actor, created_at=now, updated_at=now
    )
    trail.record(actor, "data_set.create", row, Change(after=as_written(row)))
    return row


@transaction.atomic
def change_data_set(
    actor: User | None, data_set: DataSet, draft: Draft, now: datetime, version: int | None = None
) -> DataSet:
    """Change what a data set holds; the same again changes nothing. At once for all who read by it.

    Raises Stale when it is no longer at `version`, FieldError.
    """
    row = held(data_set, version, draft.columns())
    check_name(draft.name, row.pk)
    before, columns = as_written(row), draft.columns()
    if before == columns:
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    row.version, row.updated_at = row.version + 1, now
    row.save()
    trail.record(actor, "data_set.update", row, Change(before, as_written(row)))
    publish.rights_changed()
    return row


@transaction.atomic
def delete_data_set(actor: User | None, data_set: DataSet, version: int | None = None) -> None:
    """Remove a data set: who read by it alone reads nothing. Raises Stale, FieldError."""
    row = held(data_set, version, {})
    trail.record(actor, "data_set.delete", row, Change(before=as_written(row)))
    forget("data_set", row.pk)
    row.delete()
    publish.rights_changed()


def held(data_set: DataSet, version: int | None, yours: dict[str, Any]) -> DataSet:
    """Return a data set as it is, with its row locked. Raises Stale, FieldError."""
    row = DataSet.objects.select_for_update().get(pk=data_set.pk)
    if row.is_built_in:
        raise FieldError(
            "id", f"“{row}” is all events and stays so; share it with fewer, or make another."
        )
    if version is not None and version != row.version:
        raise Stale(data_set_json(row), {**yours, "version": version})
    return row


def check_name(name: str, own: int = 0) -> None:
    if DataSet.objects.filter(name__iexact=name).exclude(pk=own).exists():
        raise FieldError("name", f"There is a data set named “{name}” already.")
