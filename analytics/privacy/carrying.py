"""Carry requests out: rows with a due time, one worker each at a time, again after a failure.

An export is all the worker's. Of an erasure the writer does its part first (analytics.ingest.erasing);
then comes this: every other store, what their files still hold, a last count, the certificate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from analytics.ingest import erased
from analytics.ingest.models import PersonRequest, PrivacySettings
from analytics.ingest.subjects import ids_of, reference, subject_of
from analytics.privacy import certificates, exporting
from portal.audit import trail
from portal.audit.personal import Holder, Subject, Turn, holders, remains
from portal.audit.trail import Change

log = logging.getLogger(__name__)
State, Kind = PersonRequest.State, PersonRequest.Kind
LEASE = timedelta(minutes=30)
FIRST_AGAIN, LONGEST_AGAIN = timedelta(seconds=10), timedelta(minutes=15)
EXPORT_ATTEMPTS = 8
Json = dict[str, Any]


class LeftOver(Exception):
    """A store still holds something of the person after its holder erased; it is tried again."""


def due(now: datetime) -> QuerySet[PersonRequest]:
    """Return the requests that are the worker's and whose time has come."""
    mine = Q(kind=Kind.EXPORT, state=State.QUEUED) | Q(kind=Kind.ERASE, state=State.SWEEPING)
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    return PersonRequest.objects.filter(mine & free, due_at__lte=now).order_by("due_at", "pk")


def carry_on(clock: Callable[[], datetime]) -> int:
    """Carry out all that is due; returns how many."""
    count = 0
    while request := claimed(clock()):
        carry_out(request, clock)
        count += 1
    return count


@transaction.atomic
def claimed(now: datetime, **only: object) -> PersonRequest | None:
    """Take one that nobody else has."""
    request = due(now).filter(**only).select_for_update(skip_locked=True).first()
    if request is not None:
        request.leased_until, request.attempts = now + LEASE, request.attempts + 1
        request.save(update_fields=["leased_until", "attempts"])
    return request


def carry_out(request: PersonRequest, clock: Callable[[], datetime]) -> None:
    """Do one; whatever fails is noted and tried again later."""
    try:
        if request.kind == Kind.EXPORT:
            export(request, clock())
        else:
            sweep(request, clock)
    except Exception as error:  # around a task: the row says what happened
        log.exception("A request about a person failed.", extra={"request": request.pk})
        put_off(request, error, clock())


def put_off(request: PersonRequest, error: Exception, now: datetime) -> None:
    wait = min(FIRST_AGAIN * 2 ** min(request.attempts - 1, 20), LONGEST_AGAIN)
    gives_up = request.kind == Kind.EXPORT and request.attempts >= EXPORT_ATTEMPTS
    words = str(error).splitlines() or [""]
    PersonRequest.objects.filter(pk=request.pk).update(
        trouble=f"{type(error).__name__}: {words[0]}"[:500],
        due_at=now + wait,
        leased_until=None,
        state=State.FAILED if gives_up else request.state,
    )


def export(request: PersonRequest, now: datetime) -> None:
    """Write the archive, and say so in the trail."""
    subject = current(request)
    request.references = sorted({*request.references, *map(reference, ids_of(subject))})
    file, counts = exporting.write(request, subject, now)
    days = erased.current().export_days
    with transaction.atomic():
        request.file, request.size_bytes = file.name, file.stat().st_size
        request.counts = {kind: {"before": count} for kind, count in counts.items()}
        request.expires_at, request.subject = now + timedelta(days=days), ""
        finish(request, now)
        record(request, "person.exported")


def current(request: PersonRequest) -> Subject:
    known = Subject.from_json(request.subject.reveal())
    return subject_of(ids_of(known), numbers=known.numbers, addresses=known.addresses)


def sweep(request: PersonRequest, clock: Callable[[], datetime]) -> None:
    """Erase the person everywhere else, and certify it. Raises LeftOver."""
    subject = Subject.from_json(request.subject.reveal())
    await_exports(request)
    for holder in holders:
        if holder.turn is Turn.WORKER:
            note_before(request, holder, subject)
            holder.erase(subject)
    count_again(request, subject)
    with transaction.atomic():  # what it was about goes before the tables are written anew
        request.save(update_fields=["counts"])
    cleared = {one.kind: {"label": one.label, "done": one.clear()} for one in remains}
    now = clock()
    with transaction.atomic():
        request.subject = ""
        request.certificate = certificates.signed(certificates.statement(request, cleared, now))
        finish(request, now)
        record(request, "person.erased")


def await_exports(request: PersonRequest) -> None:
    """Let no export be written while its files are deleted. Raises LeftOver."""
    running = PersonRequest.objects.filter(kind=Kind.EXPORT, state=State.QUEUED)
    for one in running.exclude(leased_until=None):
        if set(one.references) & set(request.references):
            raise LeftOver("An export of the person is just being written.")


def note_before(request: PersonRequest, holder: Holder, subject: Subject) -> None:
    """Count what came since the writer counted, and keep the larger number."""
    known = request.counts.setdefault(holder.kind, {})
    known["before"] = max(known.get("before", 0), holder.count(subject))


def count_again(request: PersonRequest, subject: Subject) -> None:
    """Count every store after it was erased. Raises LeftOver, naming those that hold something."""
    for holder in holders:
        request.counts.setdefault(holder.kind, {"before": 0})["after"] = holder.count(subject)
    may_be_new = request.after_erasure == PrivacySettings.AfterErasure.NEW
    left = [
        f"{holder.label}: {request.counts[holder.kind]['after']}"
        for holder in holders
        if request.counts[holder.kind]["after"] and not holder.stays and not may_be_new
    ]
    if left:
        raise LeftOver(f"Still there: {', '.join(left)}.")


def finish(request: PersonRequest, now: datetime) -> None:
    request.state, request.done_at = State.DONE, now
    request.trouble, request.leased_until = "", None
    request.save()


def record(request: PersonRequest, action: str) -> None:
    after = {
        "request": request.pk,
        "persons": request.references,
        "counts": request.counts,
        "asked_by": str(request.requested_by or "a command"),
    }
    trail.record(None, action, request, Change(after=after))


def expire(now: datetime) -> int:
    """Delete the files of old exports; returns how many."""
    old = PersonRequest.objects.filter(kind=Kind.EXPORT, state=State.DONE, expires_at__lte=now)
    for request in old:
        exporting.forget_file(request)
    forget_strays()
    return len(old)


def forget_strays() -> None:
    """Delete files that no request names: of an attempt that was cut short."""
    if exporting.folder().exists():
        named = set(PersonRequest.objects.exclude(file="").values_list("file", flat=True))
        running = PersonRequest.objects.filter(kind=Kind.EXPORT, state=State.QUEUED)
        if running.exclude(leased_until=None).exists():
            return
        for file in exporting.folder().glob("person-*"):
            if file.name not in named:
                file.unlink(missing_ok=True)
