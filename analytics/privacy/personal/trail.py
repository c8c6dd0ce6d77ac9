"""What stays on purpose: references in the audit trail and in requests, which only a key can make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from analytics.ingest.models import PersonRequest
from analytics.ingest.subjects import ids_of, reference
from portal.audit.models import AuditEntry
from portal.audit.personal import Subject, Turn, holders

ONE = ("person", "stays")
MANY = ("moves", "persons")


@dataclass(frozen=True)
class Trail:
    kind: str = "audit"
    label: str = "References in the audit trail"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("audit.AuditEntry",)
    stays: str = "Keyed references: nobody gets from them to the person."

    def _of(self, subject: Subject) -> QuerySet[AuditEntry]:
        conditions = [
            condition
            for one in map(reference, ids_of(subject))
            for condition in (
                *(Q(**{f"after__{name}": one}) for name in ONE),
                *(Q(**{f"after__{name}__contains": [one]}) for name in MANY),
            )
        ]
        return AuditEntry.objects.filter(reduce(or_, conditions, Q(pk=0)))

    def count(self, subject: Subject) -> int:
        return self._of(subject).count()

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject).order_by("pk"):
            yield {"at": one.at, "who": one.actor_label, "action": one.action}

    def erase(self, subject: Subject) -> None:
        """Do nothing: the trail is append-only, and holds nothing else of the person."""


@dataclass(frozen=True)
class Requests:
    kind: str = "requests"
    label: str = "Requests to export or erase"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = (
        "ingest.PersonRequest",
        "ingest.ErasedId",
        "ingest.PrivacySettings",
    )
    stays: str = "Keyed references and hashes; who it was is forgotten with the last step."

    def _of(self, subject: Subject) -> list[PersonRequest]:
        asked = set(map(reference, ids_of(subject)))
        rows = PersonRequest.objects.order_by("pk")
        return [one for one in rows if asked & set(one.references)]

    def count(self, subject: Subject) -> int:
        return len(self._of(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject):
            yield {"kind": one.kind, "state": one.state, "requested_at": one.requested_at}

    def erase(self, subject: Subject) -> None:
        """Forget whom earlier requests were about; the erasure's own row needs it to its end."""
        for one in self._of(subject):
            if one.is_over:
                PersonRequest.objects.filter(pk=one.pk).update(subject="")


holders.add(Trail())
holders.add(Requests())
