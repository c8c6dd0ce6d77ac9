"""What people ask for and decide about personal data."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.ingest import erased
from analytics.ingest.identities import Id
from analytics.ingest.models import (
    ErasedId,
    PersonRequest,
    PrivacySettings,
    RetentionRule,
    ScrubRule,
    Source,
)
from analytics.ingest.scrub import KINDS, BadPattern, Rule
from analytics.ingest.subjects import reference
from analytics.privacy import exporting
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.personal import Subject
from portal.audit.trail import Change
from portal.lib.field_error import FieldError

log = logging.getLogger(__name__)
Kind, State = PersonRequest.Kind, PersonRequest.State
MOST_DAYS = 36_500
# By data set: more partitions would slow the engine down (of three hours, of a day).
MOST_DAYS_OF_METRICS = {"samples": 400, "samples_5m": 3650, "samples_1h": MOST_DAYS}


@transaction.atomic
def request_export(actor: User | None, one: Id, now: datetime) -> PersonRequest:
    """Ask for all that is held of the person of an id. One that waits already is returned."""
    return asked(actor, one, Kind.EXPORT, now)


@transaction.atomic
def request_erasure(
    actor: User | None, one: Id, now: datetime, *, confirmed: str, after: str = ""
) -> PersonRequest:
    """Ask to erase the person of an id. `confirmed` is the id, typed once more.

    `after` says what becomes of new events; the settings decide unless told. Raises FieldError.
    """
    if confirmed != one.value:
        raise FieldError("confirm", "Type the id exactly as it stands above.")
    after = after or erased.current().after_erasure
    if after not in PrivacySettings.AfterErasure.values:
        listed = ", ".join(PrivacySettings.AfterErasure.values)
        raise FieldError("after", f"This must be one of: {listed}.")
    return asked(actor, one, Kind.ERASE, now, after_erasure=after)


def asked(
    actor: User | None, one: Id, kind: PersonRequest.Kind, now: datetime, **more: str
) -> PersonRequest:
    waiting = [row for row in about(one) if row.kind == kind and not row.is_over]
    if waiting:
        return waiting[0]
    users, others = ((one.value,), ()) if one.is_user else ((), (one.value,))
    subject = Subject(users, others, ())  # the numbers are looked up when its turn comes
    request = PersonRequest.objects.create(
        kind=kind, subject=subject.as_json(), references=[reference(one)], requested_by=actor,
        requested_at=now, due_at=now, **more,
    )  # fmt: skip
    after = {"person": reference(one), **more}
    trail.record(actor, f"person.{kind}", request, Change(after=after))
    return request


def about(one: Id) -> list[PersonRequest]:
    """Return the requests about the person of an id, newest first."""
    return list(PersonRequest.objects.filter(references__contains=[reference(one)]))


@transaction.atomic
def record_download(actor: User, request: PersonRequest) -> None:
    """Note that somebody took an export's file."""
    after = {"persons": request.references, "size_bytes": request.size_bytes}
    trail.record(actor, "person.download", request, Change(after=after))


@transaction.atomic
def delete_export(actor: User, request: PersonRequest) -> None:
    """Delete an export's file before its time."""
    exporting.forget_file(request)
    trail.record(actor, "person.export_delete", request, Change(before={"file": request.file}))


@transaction.atomic
def change_settings(actor: User, values: dict[str, Any]) -> PrivacySettings:
    """Decide what becomes of erased persons' events, and how long exports and back-ups are kept.

    Raises FieldError.
    """
    row = erased.current()
    row = PrivacySettings.objects.select_for_update().get(pk=row.pk)
    before = described(row)
    if values["after_erasure"] not in PrivacySettings.AfterErasure.values:
        raise FieldError("after_erasure", "Choose what becomes of new events.")
    row.after_erasure = values["after_erasure"]
    row.export_days = days(values["export_days"], "export_days")
    row.backup_days = (
        None if values["backup_days"] is None else days(values["backup_days"], "backup_days")
    )
    if described(row) != before:
        row.save(update_fields=["after_erasure", "export_days", "backup_days"])
        trail.record(actor, "privacy.change", row, Change(before, described(row)))
    return row


def days(given: int, field: str) -> int:
    if not 1 <= given <= MOST_DAYS:
        raise FieldError(field, f"This must be 1 to {MOST_DAYS:,} days.")
    return given


def described(row: PrivacySettings) -> dict[str, Any]:
    return {
        "after_erasure": row.after_erasure,
        "export_days": row.export_days,
        "backup_days": row.backup_days,
    }


@transaction.atomic
def admit_again(actor: User, request: PersonRequest) -> int:
    """Take events of an erased person's ids again, as a new person's; returns how many ids."""
    count, _ = ErasedId.objects.filter(request=request).delete()
    if count:
        trail.record(actor, "person.admit", request, Change(after={"ids": count}))
    return count


def erased_by(one: Id) -> PersonRequest | None:
    """Return the erasure after which an id's events are refused."""
    key = erased.key_of(erased.current())
    digest = erased.digest_of(key, one.value, is_user=one.is_user)
    found = ErasedId.objects.filter(digest=digest).select_related("request").first()
    return found.request if found else None


@transaction.atomic
def save_rule(
    actor: User, rule: Rule, source: Source | None, now: datetime, *, old: ScrubRule | None = None
) -> ScrubRule:
    """Make a rule, off at first, or change one; a change switches it off. Raises FieldError."""
    if rule.kind not in KINDS:
        raise FieldError("kind", "Choose what to look for.")
    if rule.action not in ScrubRule.Action.values:
        raise FieldError("action", "Choose what becomes of it.")
    try:
        rule.check()
    except BadPattern as problem:
        raise FieldError("pattern", str(problem)) from problem
    row = old or ScrubRule(created_by=actor, created_at=now)
    before = told(row) if old else None
    row.kind, row.pattern, row.action, row.source = rule.kind, rule.pattern, rule.action, source
    if told(row) == before:
        return row
    row.is_on = False
    row.save()
    verb = "change" if old else "create"
    trail.record(actor, f"scrub_rule.{verb}", row, Change(before, told(row)))
    return row


@transaction.atomic
def switch_rule(actor: User, row: ScrubRule, *, on: bool) -> None:
    """Let a rule act from now on, or no more; the door knows within 5 s."""
    if row.is_on != on:
        before = told(row)
        row.is_on = on
        row.save(update_fields=["is_on"])
        trail.record(actor, "scrub_rule.switch", row, Change(before, told(row)))


@transaction.atomic
def delete_rule(actor: User, row: ScrubRule) -> None:
    trail.record(actor, "scrub_rule.delete", row, Change(before=told(row)))
    row.delete()


def told(row: ScrubRule) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "pattern": row.pattern,
        "action": row.action,
        "source": row.source_id,
        "is_on": row.is_on,
    }


@transaction.atomic
def save_retention(
    actor: User, values: dict[str, Any], now: datetime, *, old: RetentionRule | None = None
) -> RetentionRule:
    """Say how long something is kept; off at first, and again after a change. Raises FieldError."""
    row = old or RetentionRule(created_by=actor, created_at=now)
    before = kept(row) if old else None
    row.data_set, row.source, row.days = values["data_set"], values["source"], values["days"]
    if row.data_set not in RetentionRule.DataSet.values:
        raise FieldError("data_set", "Choose what is deleted.")
    if row.data_set in MOST_DAYS_OF_METRICS:
        check_metrics(row)
    days(row.days, "days")
    same = RetentionRule.objects.filter(data_set=row.data_set, source=row.source)
    if same.exclude(pk=row.pk).exists():
        raise FieldError("source", "There is a rule for this already; change that one.")
    if kept(row) == before:
        return row
    row.is_on, row.trouble = False, ""
    row.save()
    verb = "change" if old else "create"
    trail.record(actor, f"retention.{verb}", row, Change(before, kept(row)))
    return row


def check_metrics(row: RetentionRule) -> None:
    """Refuse what cannot be kept so. Raises FieldError."""
    if row.source:
        raise FieldError("source", "Metrics are kept for all sources alike; leave this empty.")
    most = MOST_DAYS_OF_METRICS[row.data_set]
    if row.days > most:
        raise FieldError("days", f"These are kept {most:,} days at most; keep hours longer.")


@transaction.atomic
def switch_retention(actor: User, row: RetentionRule, *, on: bool) -> None:
    """Let a rule delete from now on, at once for the first time, or no more."""
    if row.is_on != on:
        before = kept(row)
        row.is_on, row.ran_at = on, None
        row.save(update_fields=["is_on", "ran_at"])
        trail.record(actor, "retention.switch", row, Change(before, kept(row)))


@transaction.atomic
def delete_retention(actor: User, row: RetentionRule) -> None:
    trail.record(actor, "retention.delete", row, Change(before=kept(row)))
    row.delete()


def kept(row: RetentionRule) -> dict[str, Any]:
    return {
        "data_set": row.data_set,
        "source": row.source_id,
        "days": row.days,
        "is_on": row.is_on,
    }
