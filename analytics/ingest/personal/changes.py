"""Merges and splits that admins asked for. Who asked stands in the audit trail, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from analytics.ingest.models import PersonChange
from analytics.ingest.subjects import ids_of
from portal.audit.personal import Subject, Turn, holders


@dataclass(frozen=True)
class Changes:
    kind: str = "person_changes"
    label: str = "Merges and splits by admins"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("ingest.PersonChange",)
    stays: str = ""

    def _of(self, subject: Subject) -> QuerySet[PersonChange]:
        touching = Q(person__in=subject.numbers)
        for one in ids_of(subject):
            packed = [one.is_user, one.value]
            touching |= Q(kept=packed) | Q(moved__contains=[packed])
        return PersonChange.objects.filter(touching)

    def count(self, subject: Subject) -> int:
        return self._of(subject).count()

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject).order_by("pk"):
            yield {
                "kind": one.kind, "kept": one.kept, "moved": one.moved, "reason": one.reason,
                "effect": one.effect, "requested_at": one.requested_at, "state": one.state,
            }  # fmt: skip

    @transaction.atomic
    def erase(self, subject: Subject) -> None:
        """Delete them; what undid one of them, or was undone by it, stays without that link."""
        doomed = list(self._of(subject).values_list("pk", flat=True))
        PersonChange.objects.filter(undoes__in=doomed).update(undoes=None)
        PersonChange.objects.filter(pk__in=doomed).delete()


holders.add(Changes())
