"""Who is who: the identity map, the log of merges, and what queries apply of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from analytics.ingest.models import Apart, Away, Identity, Merge
from analytics.ingest.personal.events import count, params
from analytics.ingest.subjects import ids_of
from portal.audit.personal import Subject, Turn, holders
from portal.store import client, nodes
from portal.store.cluster import altered

OVERRIDES = "loser IN {numbers:Array(UInt64)} OR winner IN {numbers:Array(UInt64)}"


def joined(subject: Subject) -> QuerySet[Identity]:
    own = [one.number for one in ids_of(subject)]
    return Identity.objects.filter(number__in=own)


def merges(subject: Subject) -> QuerySet[Merge]:
    numbers = subject.numbers
    return Merge.objects.filter(
        Q(loser__in=numbers) | Q(winner__in=numbers) | Q(target__in=numbers)
    )


@dataclass(frozen=True)
class Identities:
    kind: str = "identities"
    label: str = "Joined ids"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("ingest.Identity",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return joined(subject).count()

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in joined(subject).order_by("-is_user", "value"):
            kind = "user" if one.is_user else "anonymous"
            yield {"id": one.value, "kind": kind, "joined_at": one.joined_at}

    def erase(self, subject: Subject) -> None:
        joined(subject).delete()


@dataclass(frozen=True)
class Merges:
    """Merges, persons kept apart, and moves between shards; by number, which tells of the id."""

    kind: str = "merges"
    label: str = "Merges of ids"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("ingest.Merge", "ingest.Apart", "ingest.Away")
    stays: str = ""

    def _apart(self, subject: Subject) -> QuerySet[Apart]:
        return Apart.objects.filter(Q(one__in=subject.numbers) | Q(other__in=subject.numbers))

    def _away(self, subject: Subject) -> QuerySet[Away]:
        return Away.objects.filter(person__in=subject.numbers)

    def count(self, subject: Subject) -> int:
        found = (merges(subject), self._apart(subject), self._away(subject))
        return sum(rows.count() for rows in found)

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in merges(subject).order_by("pk"):
            yield {"merged_at": one.merged_at, "how": one.reason, "stage": one.stage}
        for _ in self._apart(subject):
            yield {"how": "kept apart from another person"}

    @transaction.atomic
    def erase(self, subject: Subject) -> None:
        for rows in (merges(subject), self._apart(subject), self._away(subject)):
            rows.delete()


@dataclass(frozen=True)
class Overrides:
    """What queries apply of late merges. It goes last: `forget`, when the events are gone."""

    kind: str = "person_overrides"
    label: str = "Merges under way in the engine"
    turn: Turn = Turn.WRITER
    covers: Sequence[str] = ("person_overrides",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return count("person_overrides", OVERRIDES, subject)

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        return iter(())  # numbers only; the merges say it in words

    def erase(self, subject: Subject) -> None:
        """Do nothing yet: events that still stand under a loser's number need it."""


def forget_overrides(subject: Subject) -> None:
    """Delete what queries applied of the person's merges, at once and everywhere."""
    client.command(
        f"ALTER TABLE {altered('person_overrides', nodes.cluster())} DELETE WHERE {OVERRIDES}",
        settings_={"mutations_sync": 2},
        **params(subject),
    )


holders.add(Identities())
holders.add(Merges())
holders.add(Overrides())
