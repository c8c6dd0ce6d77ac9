"""The writer's part of an erasure: everything that it alone may change, between two rounds.

    queued      the turn comes when no merge or split by an admin is under way
    draining    what was accepted before is written and joined as ever, so that nothing of the person
                is left in the spool, and all their ids are known
    erasing     the ids leave the identity map; the engine deletes, part by part, while rounds go on
    sweeping    all stored events are rid of the person, and whoever keeps rows reads them again; the
                rest is the worker's

From the moment when the ids leave the map their events are refused, or taken as a new person's. Each
step may be repeated.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from analytics.ingest import changing, erased, merging
from analytics.ingest.models import ErasedId, PersonRequest, PrivacySettings
from analytics.ingest.personal.identities import forget_overrides
from analytics.ingest.spool import Spool
from analytics.ingest.subjects import ids_of, reference, subject_of
from portal.audit.personal import Holder, Subject, Turn, holders
from portal.store import client, nodes
from portal.store.cluster import system
from portal.store.models import Epoch
from portal.store.query import Query

log = logging.getLogger(__name__)
State = PersonRequest.State
# What the door refuses or not is known to all its processes by then, and its rejections are here.
SETTLED = timedelta(seconds=6)
STILL_DELETING = """
SELECT count() FROM {mutations}
WHERE database = currentDatabase() AND NOT is_done
    AND table IN ('events', 'events_local', 'event_ids', 'event_ids_local',
        'person_properties', 'person_properties_local')
"""


def waiting() -> PersonRequest | None:
    """Return the erasure that is the writer's turn."""
    states = (State.QUEUED, State.DRAINING, State.ERASING)
    rows = PersonRequest.objects.filter(kind=PersonRequest.Kind.ERASE, state__in=states)
    return rows.order_by("pk").first()


def has_begun(request: PersonRequest) -> bool:
    """Tell whether merges and splits have to wait for it."""
    return request.state != State.QUEUED


def carry_on(request: PersonRequest, spool: Spool, now: datetime) -> bool:
    """Take an erasure one step further; true when the identity map is another afterwards."""
    if request.state == State.QUEUED:
        if changing.waiting() is None:
            drain(request, spool)
        return False
    if request.state == State.DRAINING:
        first = spool.first_number()
        if first is not None and first <= (request.cut or 0):
            return False
        begin(request, now)
        return True
    if is_deleting():
        return False
    complete(request, now)
    return True


def drain(request: PersonRequest, spool: Spool) -> None:
    """Note which batches must be written first."""
    request.cut, request.state = spool.last_number(), State.DRAINING
    request.save(update_fields=["cut", "state"])


def begin(request: PersonRequest, now: datetime) -> None:
    """Find out who exactly it is, then let every holder of the writer's delete."""
    merging.settle()
    subject = fixed(request)
    for holder in mine():
        holder.erase(subject)
    with transaction.atomic():
        request.state, request.deleting_at = State.ERASING, now
        request.save(update_fields=["state", "deleting_at"])
        refuse(request, subject)
        merging.count_overrides()


def fixed(request: PersonRequest) -> Subject:
    """Return the person with all ids and numbers of now, and note them: afterwards nobody knows.

    After a crash in the middle, what was noted then is part of it.
    """
    known = Subject.from_json(request.subject.reveal())
    subject = subject_of(ids_of(known), numbers=known.numbers, addresses=known.addresses)
    counts = {
        holder.kind: {"before": holder.count(subject)}
        for holder in holders
        if holder.kind not in request.counts
    }
    request.counts = counts | request.counts
    request.subject = subject.as_json()  # encrypted
    request.references = sorted({*request.references, *map(reference, ids_of(subject))})
    request.save(update_fields=["counts", "subject", "references"])
    return subject


def mine() -> list[Holder]:
    return [holder for holder in holders if holder.turn is Turn.WRITER]


def refuse(request: PersonRequest, subject: Subject) -> None:
    """Let the ids' new events be refused, if that was asked for."""
    if request.after_erasure != PrivacySettings.AfterErasure.REFUSE:
        return
    key = erased.key_of(erased.current())
    ErasedId.objects.bulk_create(
        [
            ErasedId(digest=erased.digest_of(key, one.value, is_user=one.is_user), request=request)
            for one in ids_of(subject)
        ],
        ignore_conflicts=True,
    )


def is_deleting() -> bool:
    """Tell whether the engine is still at it."""
    sql = STILL_DELETING.format(mutations=system("mutations", nodes.cluster()))
    return bool(client.run(Query(sql)).value())


def complete(request: PersonRequest, now: datetime) -> None:
    """Hand over to the worker; from here on nobody takes rows that were kept before."""
    subject = Subject.from_json(request.subject.reveal())
    forget_overrides(subject)
    with transaction.atomic():
        merging.count_overrides()
        Epoch.rewritten()
        request.state, request.due_at = State.SWEEPING, now + SETTLED
        request.save(update_fields=["state", "due_at"])
    log.info("A person was erased from what is measured.", extra={"request": request.pk})
