"""Compare the trail with its seals, and the seals with the heads that were signed of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from portal.audit.chain import heads
from portal.audit.chain.heads import SignedHead
from portal.audit.chain.linking import CONTENT, START, digest, link
from portal.audit.models import AuditEntry, ChainState, Head, Seal

CHUNK = 2_000
# A transaction that runs longer than this before its commit looks like an entry put in afterwards.
LONGEST_TRANSACTION = timedelta(hours=1)
TABLES = ("audit_auditentry", "audit_seal", "audit_head")
TRIGGERS = 2  # of each: against changes, against TRUNCATE


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was sealed. `kind` is one of altered, deleted, inserted,
    reordered, truncated, rewritten, forged, unprotected.
    """

    kind: str
    text: str
    position: int | None = None
    entry_id: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Verdict:
    """What a verification found. Sound: no findings."""

    sealed: int
    waiting: int  # entries that are not sealed yet
    signed: int  # the position of the last head
    findings: tuple[Finding, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.findings


LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass
class Walk:
    """How far the chain was followed."""

    position: int = 0
    hash: str = START
    proven: int = 0  # the last position that agreed with a head
    latest: datetime = LONG_AGO  # of entries of earlier rounds
    round_at: datetime = LONG_AGO
    round_latest: datetime = LONG_AGO
    heads: dict[int, str] = field(default_factory=dict)

    def follow(self, seal: Seal, row: dict[str, Any]) -> None:
        if seal.sealed_at > self.round_at:
            self.latest = max(self.latest, self.round_latest)
            self.round_at = seal.sealed_at
        self.round_latest = max(self.round_latest, row["at"])
        self.position, self.hash = seal.position, seal.hash
        if seal.position in self.heads:
            self.proven = seal.position


def verify(copies: Sequence[Path] = ()) -> Verdict:
    """Follow the chain from its beginning and name the first row that is not as it was sealed.

    `copies` are files of heads that were kept elsewhere, besides the data directory's own.
    Raises BadHeads for a file that is not one.
    """
    # The file before the table: a head is in the table first.
    outside = [head for file in (heads.heads_file(), *copies) for head in heads.read(file)]
    forged, known = _check_heads(outside)
    walk = Walk(heads=known)
    first = _follow(walk) or _truncated(walk)
    found = (first, forged, _slipped_in(), *_unprotected())
    return Verdict(
        sealed=walk.position,
        waiting=unsealed().count(),
        signed=max(known, default=0),
        findings=tuple(one for one in found if one is not None),
    )


def _check_heads(outside: Sequence[SignedHead]) -> tuple[Finding | None, dict[int, str]]:
    """Return the first head that is not ours or is gone, and the hash of each position."""
    keys, known = heads.public_keys(), {head.position: head.hash for head in outside}
    found: Finding | None = None
    in_table = {head.position: heads.signed(head) for head in Head.objects.iterator()}
    for head in (*outside, *in_table.values()):
        if not heads.is_genuine(head, keys):
            text = f"the head at position {head.position} carries no signature of ours"
            found = found or Finding("forged", text, head.position)
            continue
        known.setdefault(head.position, head.hash)
        if known[head.position] != head.hash:
            text = f"two heads of position {head.position} contradict each other"
            found = found or Finding("rewritten", text, head.position)
    for position in sorted(known.keys() - in_table.keys()):
        text = f"the head at position {position}, kept outside, is gone from the database"
        found = found or Finding("deleted", text, position)
    return found, known


def _follow(walk: Walk) -> Finding | None:
    for seal, row in _sealed():
        finding = _check(seal, row, walk)
        if finding is not None:
            return finding
        assert row is not None  # noqa: S101  # else it is a finding
        walk.follow(seal, row)
    return None


def _sealed() -> Iterator[tuple[Seal, dict[str, Any] | None]]:
    position = -1
    while seals := list(Seal.objects.filter(position__gt=position)[:CHUNK]):
        wanted = [seal.entry_id for seal in seals]
        rows = AuditEntry.objects.filter(pk__in=wanted).order_by().values("id", *CONTENT)
        found = {row["id"]: row for row in rows}
        for seal in seals:
            yield seal, found.get(seal.entry_id)
        position = seals[-1].position


def _check(seal: Seal, row: dict[str, Any] | None, walk: Walk) -> Finding | None:
    """Return what is wrong at one position of the chain."""
    expected, entry, position = walk.position + 1, seal.entry_id, seal.position
    if position != expected:
        text = f"the seal at position {expected} is gone, and with it what it said of its entry"
        return Finding("deleted", text, expected)
    if row is None:
        return Finding("deleted", f"entry {entry} at position {position} is gone", position, entry)
    content = digest(row)
    if content != seal.digest:
        return _altered(seal, content)
    if link(walk.hash, position, entry, content) != seal.hash:
        return _relinked(seal, walk)
    return _rewritten(seal, walk) or _backdated(seal, row, walk)


def _altered(seal: Seal, content: str) -> Finding:
    other = Seal.objects.filter(digest=content).exclude(pk=seal.pk).first()
    if other is None:
        text = f"entry {seal.entry_id} at position {seal.position} is not what was sealed"
        return Finding("altered", text, seal.position, seal.entry_id)
    text = (
        f"entry {seal.entry_id} at position {seal.position} has the content that was sealed at"
        f" position {other.position} as entry {other.entry_id}"
    )
    return Finding("reordered", text, seal.position, seal.entry_id)


def _relinked(seal: Seal, walk: Walk) -> Finding:
    """Tell a seal that changed its place from one that was changed."""
    hashes = set(Seal.objects.values_list("hash", flat=True))
    for other in Seal.objects.exclude(pk=seal.pk).iterator():
        if link(walk.hash, seal.position, other.entry_id, other.digest) in hashes:
            text = (
                f"position {seal.position} belongs to entry {other.entry_id}, not to entry"
                f" {seal.entry_id}: the seals changed places"
            )
            return Finding("reordered", text, seal.position, seal.entry_id)
    text = (
        f"the seal at position {seal.position} (entry {seal.entry_id}) does not follow from the one"
        " before it"
    )
    return Finding("altered", text, seal.position, seal.entry_id)


def _rewritten(seal: Seal, walk: Walk) -> Finding | None:
    if walk.heads.get(seal.position, seal.hash) == seal.hash:
        return None
    text = (
        f"the chain was built anew: the signed head of position {seal.position} says otherwise; the"
        f" first changed position lies between {walk.proven + 1} and {seal.position}"
    )
    return Finding("rewritten", text, seal.position, seal.entry_id)


def _backdated(seal: Seal, row: dict[str, Any], walk: Walk) -> Finding | None:
    before = walk.latest if seal.sealed_at == walk.round_at else walk.round_latest
    if before - row["at"] <= LONGEST_TRANSACTION:
        return None
    text = (
        f"entry {seal.entry_id} says {row['at']:%Y-%m-%d %H:%M:%S}, but came in at"
        f" {seal.sealed_at:%Y-%m-%d %H:%M:%S}, after later ones had been sealed"
    )
    return Finding("inserted", text, seal.position, seal.entry_id)


def _truncated(walk: Walk) -> Finding | None:
    last = max(walk.heads, default=0)
    if last <= walk.position:
        return None
    text = (
        f"the chain ends at position {walk.position}, but a signed head reaches position {last}:"
        f" what stood from position {walk.position + 1} on was cut off"
    )
    return Finding("truncated", text, walk.position + 1)


def unsealed() -> QuerySet[AuditEntry]:
    """Return the entries that have no place in the chain yet."""
    return AuditEntry.objects.filter(~Exists(Seal.objects.filter(entry_id=OuterRef("id"))))


def _slipped_in() -> Finding | None:
    """Find an entry without a seal where the sealer has been."""
    state = ChainState.objects.first()
    if state is None:
        return None
    rows = unsealed().filter(transaction_id__lt=state.seen_before).order_by("id")
    row = rows.first()
    if row is None:
        return None
    text = f"entry {row.pk} was put in behind the sealer: it has no place in the chain"
    return Finding("inserted", text, None, row.pk)


def _unprotected() -> Iterator[Finding]:
    """Find tables of the trail whose refusal of changes is switched off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
            " AND NOT tgisinternal AND tgrelid = ANY(%s::regclass[]) GROUP BY 1",
            [list(TABLES)],
        )
        found = dict(cursor.fetchall())
    for table in TABLES:
        if found.get(table, 0) < TRIGGERS:
            text = (
                f"the database no longer refuses changes of {table}: its triggers are switched off"
            )
            yield Finding("unprotected", text)
