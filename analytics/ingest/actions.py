"""Everything that staff change about the way in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from analytics.ingest import columns, committing, spool
from analytics.ingest.erased import ErasedIds
from analytics.ingest.events import Arrival, Reader
from analytics.ingest.identities import Id
from analytics.ingest.keys import KEY_LABEL
from analytics.ingest.models import IngestKey, PersonChange, Quarantined, Source
from analytics.ingest.scrubbers import for_source
from analytics.ingest.subjects import reference
from analytics.ingest.wanted import Wanted
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.api import FieldError
from portal.lib.secrets import new_secret


@transaction.atomic
def create_source(
    actor: User | None,
    *,
    name: str,
    service: str = "",
    environment: str = "",
    is_sample: bool = False,
    events_per_minute: int | None = None,
) -> Source:
    """Make a source. Raises FieldError for a name that is empty or taken."""
    name = name.strip()
    if not 0 < len(name) <= 120:
        raise FieldError("name", "A source needs a name of at most 120 characters.")
    if Source.objects.filter(name=name).exists():
        raise FieldError("name", f"There is a source named {name!r} already.")
    source = Source.objects.create(
        name=name,
        service=service,
        environment=environment,
        is_sample=is_sample,
        events_per_minute=events_per_minute,
    )
    after = {"name": name, "service": service, "environment": environment, "is_sample": is_sample}
    trail.record(actor, "source.create", source, Change(after=after))
    return source


@transaction.atomic
def create_key(actor: User | None, source: Source) -> tuple[IngestKey, str]:
    """Return a new key of the source and its text, which is not kept and never shown again."""
    secret = new_secret(KEY_LABEL)
    key = IngestKey.objects.create(source=source, prefix=secret.prefix, digest=secret.digest)
    trail.record(actor, "ingest_key.create", key, Change(after={"prefix": secret.prefix}))
    return key, secret.text


@transaction.atomic
def revoke_key(actor: User | None, key: IngestKey, *, now: datetime) -> None:
    """End a key: intake refuses it within 5 s. Revoking twice changes nothing."""
    if IngestKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        key.revoked_at = now
        change = Change(
            before={"prefix": key.prefix, "revoked_at": None},
            after={"prefix": key.prefix, "revoked_at": now.isoformat()},
        )
        trail.record(actor, "ingest_key.revoke", key, change)


def replay(actor: User | None, quarantined: Iterable[Quarantined], *, now: datetime) -> int:
    """Send events once more, as they stand in the quarantine now; returns how many were taken.

    Those refused again stay, with the new reason. Raises SpoolFull; then nothing was changed.
    """
    opened = spool.Spool(spool.path())
    try:
        committing.check_room(spool.path(), opened)
        ids = ErasedIds()
        ids.load()
        return sum(replay_one(actor, one, opened, ids, now) for one in quarantined)
    finally:
        opened.close()


@transaction.atomic
def replay_one(
    actor: User | None, one: Quarantined, opened: spool.Spool, erased: ErasedIds, now: datetime
) -> bool:  # fmt: skip
    source, now_us = one.source, int(now.timestamp() * 1e6)
    digest = one.origin.encode()  # a replayed event without id and time is itself again
    arrival = Arrival(
        source.pk, source.service, source.environment,
        int(one.received_at.timestamp() * 1e6), lambda: digest,
    )  # fmt: skip
    reader = Reader(arrival)
    try:
        event, scrubber = orjson.loads(one.event), for_source(source.pk)
        if scrubber is not None:
            scrubber.scrub([event])
        is_taken = reader.read(one.index, event)
    except orjson.JSONDecodeError as error:
        is_taken, one.message = False, f"The event is not JSON: {error}."
    refused = erased.refuse(reader.rows) if is_taken else {}
    if refused:
        one.delete()  # nothing of an erased person is kept
        return False
    if is_taken:
        opened.append([spool.Entry(source.pk, now_us, 1, *columns.pack(reader.rows, arrival))])
        one.replayed_at = now
    elif reader.rejections:
        one.field, one.message = (
            reader.rejections[0].field[:300],
            reader.rejections[0].message[:500],
        )
    one.save(update_fields=["field", "message", "replayed_at"])
    trail.record(actor, "quarantined.replay", one, Change(after={"is_taken": is_taken}))
    return is_taken


@transaction.atomic
def change_persons(
    actor: User, wanted: Wanted, *, reason: str, effect: dict[str, Any], now: datetime
) -> PersonChange:
    """Ask for a merge, a split or the undoing of one; the writer carries it out.

    `effect` is what was shown as its effect. Raises FieldError without a reason.
    """
    reason = reason.replace("\0", "").strip()
    if not 0 < len(reason) <= 500:
        raise FieldError("reason", "Say why, in at most 500 characters.")
    if wanted.undoes:
        check_not_undone(wanted.undoes)
    change = PersonChange.objects.create(
        kind=wanted.kind, kept=packed(wanted.kept), moved=[packed(one) for one in wanted.moved],
        person=wanted.person, reason=reason, effect=effect, requested_by=actor, requested_at=now,
        undoes=wanted.undoes,
    )  # fmt: skip
    after = {
        "reason": reason,
        "stays": reference(wanted.kept),
        "moves": [reference(one) for one in wanted.moved],
        "undoes": wanted.undoes.pk if wanted.undoes else None,
        "effect": effect,
    }
    trail.record(actor, f"person.{wanted.kind}", change, Change(after=after))
    return change


def check_not_undone(change: PersonChange) -> None:
    """Raise FieldError where somebody else was quicker; holds others up until the commit."""
    locked = PersonChange.objects.select_for_update().get(pk=change.pk)
    if locked.undone_by.exclude(state=PersonChange.State.REFUSED).exists():
        raise FieldError("change", "Somebody has just undone this.")


@transaction.atomic
def record_person_viewed(actor: User, one: Id) -> None:
    """Note that somebody opened a person's profile."""
    trail.record(actor, "person.view", None, Change(after={"person": reference(one)}))


def packed(one: Id) -> list[object]:
    return [one.is_user, one.value]
