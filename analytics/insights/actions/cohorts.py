"""Making, changing and removing cohorts, and noting their sizes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from analytics.insights import nesting
from analytics.insights.actions.saved import without_values
from analytics.insights.cohort_drafts import Draft, Save
from analytics.insights.cohort_shapes import whole
from analytics.insights.cohorts import Found, zone
from analytics.insights.data_rights import row_rights
from analytics.insights.models import Cohort, CohortSize
from portal.accounts.actions import forget
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.sources import Question, ask

SETTLED = timedelta(minutes=10)  # after midnight, for events that are still on their way
NOT_COUNTED = (EngineUnavailable, QueryFailed, FieldError)

log = logging.getLogger(__name__)


class InUse(Exception):
    """Other cohorts are made of this one."""

    def __init__(self, cohort: Cohort, users: Sequence[str]) -> None:
        names = ", ".join(f"“{name}”" for name in users)
        super().__init__(f"{names} would no longer know who is in “{cohort.name}”: change first.")


@transaction.atomic
def create_cohort(actor: User | None, draft: Draft, save: Save) -> Cohort:
    """Make a cohort. Raises FieldError for a name that is taken and for wrong nesting."""
    hold_cohorts()
    check_name(draft.name)
    row: Cohort = Cohort.objects.create(
        **draft.columns(), created_by=actor, created_at=save.now, updated_at=save.now
    )
    check_nesting(row, draft)
    trail.record(actor, "cohort.create", row, Change(after=described(row)))
    note_save(row, save)
    return row


@transaction.atomic
def update_cohort(
    actor: User | None, cohort: Cohort, draft: Draft, save: Save, *, version: int | None = None
) -> Cohort:
    """Change a cohort; the same again changes nothing.

    Raises Stale when it is no longer at `version`, and FieldError for a name that is taken and for
    wrong nesting.
    """
    row = held(actor, cohort, draft.as_json(), version)
    check_name(draft.name, row.pk)
    check_nesting(row, draft)
    before, columns = described(row), draft.columns()
    if all(getattr(row, name) == value for name, value in columns.items()):
        return row
    columns |= {"version": row.version + 1, "updated_at": save.now}
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))
    trail.record(actor, "cohort.update", row, Change(before, described(row)))
    note_save(row, save)
    return row


@transaction.atomic
def delete_cohort(actor: User | None, cohort: Cohort, *, version: int | None = None) -> None:
    """Remove a cohort and its history.

    Raises InUse while another is made of it, and Stale when it is no longer at `version`.
    """
    row = held(actor, cohort, {}, version)
    found = nesting.outlined()
    users = [found[user].name for user in nesting.users(found).get(row.pk, ())]
    if users:
        raise InUse(row, users)
    trail.record(actor, "cohort.delete", row, Change(before=described(row)))
    forget("cohort", row.pk)
    row.delete()


def hold_cohorts() -> None:
    """Let one change cohorts at a time: two at once could nest them in a circle. Reading goes on."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {Cohort._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def held(actor: User | None, cohort: Cohort, yours: dict[str, Any], version: int | None) -> Cohort:
    """Return a cohort as it is, that nobody else changes now. Raises Stale."""
    hold_cohorts()
    row: Cohort = Cohort.objects.get(pk=cohort.pk)
    if version is not None and version != row.version:
        reads_all = actor is None or row_rights(actor).is_all
        raise Stale(whole(row, reads_all=reads_all), {**yours, "version": version})
    return row


def check_name(name: str, own: int = 0) -> None:
    if Cohort.objects.filter(name__iexact=name).exclude(pk=own).exists():
        raise FieldError("name", f"There is a cohort named “{name}” already.")


def check_nesting(row: Cohort, draft: Draft) -> None:
    nesting.check(row.pk, nesting.outlined() | {row.pk: Found(draft.name, draft.rule)})


def described(row: Cohort) -> dict[str, Any]:
    """Return what the trail says of a cohort: of a list how long it is, not who is on it, and of
    filters not with what they compare, which may be about persons.
    """
    return {
        "name": row.name,
        "description": row.description,
        "definition": without_values(row.definition),
        "listed": row.listed,
        "version": row.version,
    }


def note_save(row: Cohort, save: Save) -> None:
    if save.size is not None:
        row.sizes.create(at=save.now, size=save.size, version=row.version)


def note_sizes(now: datetime) -> int:
    """Note how large each cohort was at the last midnight of the portal's zone; return how many.

    Safe to run at any time, twice and at once: a midnight is noted once. Cohorts saved since are
    left to the next one. What cannot be counted now is tried again by the next run.
    """
    midnight = now.astimezone(zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    if now - midnight < SETTLED:
        return 0
    due = Cohort.objects.filter(updated_at__lte=midnight).exclude(sizes__at=midnight)
    return sum(note_size(row, midnight) for row in due.only("id", "version"))


def note_size(row: Cohort, at: datetime) -> bool:
    """Count a cohort as of a moment and note it; False when it could not be counted."""
    size = counted({"cohort": row.pk, "version": row.version}, at)
    if size is None:
        return False
    with transaction.atomic():
        # Whoever saved it meanwhile has noted a size of the new definition.
        same = Cohort.objects.select_for_update().filter(pk=row.pk, version=row.version)
        if same.only("id").first() is None:
            return False
        _, is_new = CohortSize.objects.get_or_create(
            cohort_id=row.pk, at=at, defaults={"size": size, "version": row.version}
        )
    return bool(is_new)


def counted(params: dict[str, Any], at: datetime) -> int | None:
    """Return a cohort's size as of a moment; None, and a line in the log, when nobody can say."""
    try:
        frame = ask("cohort", Question(params, None, at))
    except NOT_COUNTED as problem:
        log.warning("A cohort's size was not noted.", extra={"reason": str(problem)})
        return None
    return int(frame.extra["size"])
