"""Give committed entries their place in the chain.

Whoever writes an entry waits for nobody: positions are given afterwards by one sealer at a time, in
the order in which entries became visible. A number of the sequence may be skipped (a rollback) or
appear late (a long transaction); so the sealer does not go by numbers but by transactions:
everything from transactions that had ended when it last looked is sealed, the rest is looked at again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from portal.audit.chain import heads
from portal.audit.chain.heads import SignedHead
from portal.audit.chain.linking import CONTENT, START, digest, link
from portal.audit.models import AuditEntry, ChainState, Head, Seal

log = logging.getLogger(__name__)

LOCK = 0x61756469_74736561  # "auditsea"
BATCH = 1_000


def seal_new(now: datetime) -> int:
    """Seal what was committed since, sign the new head and keep it outside; return how many.

    Does nothing while another process seals.
    """
    total = 0
    while True:
        sealed, head = _seal_batch(now)
        total += sealed
        if head is not None:
            heads.append(head, heads.heads_file())
        if sealed < BATCH:
            return total


@transaction.atomic
def _seal_batch(now: datetime) -> tuple[int, SignedHead | None]:
    if not _is_only_sealer():
        return 0, None
    state, _ = ChainState.objects.select_for_update().get_or_create(pk=1)
    ended_before = _oldest_running()
    # A restored dump comes into a younger server: look at all entries once.
    since = state.seen_before if state.seen_before <= ended_before else 0
    rows = _unsealed(since)
    head = _chain(rows, now) if rows else None
    if len(rows) < BATCH and (rows or state.seen_before > ended_before):
        state.seen_before = ended_before
        state.save(update_fields=["seen_before"])
    return len(rows), head


def _is_only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _oldest_running() -> int:
    """Return a transaction before which all have ended. Read before the entries are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _unsealed(since: int) -> Sequence[dict[str, object]]:
    is_sealed = Exists(Seal.objects.filter(entry_id=OuterRef("id")))
    rows = AuditEntry.objects.filter(~is_sealed, transaction_id__gte=since).order_by("id")
    return list(rows.values("id", *CONTENT)[:BATCH])


def _chain(rows: Sequence[dict[str, object]], now: datetime) -> SignedHead:
    last = Seal.objects.last()
    position, previous = (last.position, last.hash) if last else (0, START)
    seals = []
    for row in rows:
        position += 1
        content, number = digest(row), int(str(row["id"]))
        previous = link(previous, position, number, content)
        seals.append(
            Seal(
                position=position, entry_id=number, digest=content, hash=previous, sealed_at=now
            )
        )  # fmt: skip
    Seal.objects.bulk_create(seals)
    head = heads.sign(position, previous, now)
    Head.objects.create(
        position=head.position, hash=head.hash, at=now, key_id=head.key_id, signature=head.signature
    )
    return head
