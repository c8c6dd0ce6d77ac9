"""Lists of users, and the rules of cohorts that name somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from analytics.insights.models import Cohort
from portal.audit.personal import Subject, Turn, holders
from portal.audit.personal_texts import Texts


@dataclass(frozen=True)
class Lists:
    kind: str = "cohort_lists"
    label: str = "Lists of cohorts"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("insights.Cohort", "insights.CohortSize")
    stays: str = ""

    def _of(self, subject: Subject) -> Any:
        conditions = [Q(user_ids__contains=[one]) for one in subject.ids]
        return Cohort.objects.filter(listed__isnull=False).filter(reduce(or_, conditions, Q(pk=0)))

    def count(self, subject: Subject) -> int:
        return int(self._of(subject).count())

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject):
            named = [user for user in one.user_ids if user in subject.ids]
            yield {"cohort": one.pk, "name": one.name, "listed_as": named}

    @transaction.atomic
    def erase(self, subject: Subject) -> None:
        for one in self._of(subject).select_for_update():
            left = [user for user in one.user_ids if user not in subject.ids]
            Cohort.objects.filter(pk=one.pk).update(
                user_ids=left, listed=len(left), version=F("version") + 1
            )


holders.add(Lists())
holders.add(
    Texts(
        kind="cohorts",
        label="Names and rules of cohorts",
        model=Cohort,
        fields=("name", "description", "definition"),
        has_version=True,
        unique_field="name",
    )
)
