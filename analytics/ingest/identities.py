"""Which person an id belongs to. Ids never joined are their own person and need no row.

The whole map of joined ids is in the writer's memory (16 bytes an id): the writer alone joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.db.models import Q

from analytics.ingest.models import Apart, Identity, Merge

Numbers = npt.NDArray[np.int64]
LOADED_AT_ONCE = 50_000


@dataclass(frozen=True)
class Id:
    """A userId or an anonymousId as clients send it."""

    value: str
    is_user: bool

    @property
    def number(self) -> int:
        """The person that this id is as long as nothing joins it: 63 bits, never 0."""
        kind = "u" if self.is_user else "a"
        digest = blake2b(f"{kind}:{self.value}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") & 0x7FFF_FFFF_FFFF_FFFF) or 1


@dataclass(frozen=True)
class Join:
    """Two ids that a client said to be one person."""

    user: Id
    other: Id
    reason: str


@dataclass
class Changes:
    """What joining would change: rows of the map, and who became whom, in order."""

    rows: dict[int, tuple[Id, int]] = field(default_factory=dict)
    merges: dict[int, tuple[int, str]] = field(default_factory=dict)

    def winners(self) -> set[int]:
        """Return the persons who get ids."""
        return {winner for winner, _ in self.merges.values()} | {
            who for _, who in self.rows.values()
        }


def person_now(one: Id) -> int:
    """Ask the map in PostgreSQL whose an id is; outside the writer, that is the way."""
    found = Identity.objects.filter(number=one.number).values_list("person", flat=True).first()
    return found or one.number


def members_of(person: int) -> list[Id]:
    """Return the joined ids of a person, user ids first; none for an id that nothing joined."""
    rows = Identity.objects.filter(person=person).order_by("-is_user", "value")
    return [Id(value, is_user) for value, is_user in rows.values_list("value", "is_user")]


class Identities:
    """The map of joined ids."""

    def __init__(self) -> None:
        self._numbers: Numbers = np.empty(0, np.int64)
        self._persons: Numbers = np.empty(0, np.int64)
        self._added: dict[int, int] = {}
        self._became: dict[int, int] = {}
        self._lone: frozenset[int] = frozenset()  # persons of one joined id: split from others
        self._apart: tuple[tuple[int, int], ...] = ()

    @classmethod
    def load(cls) -> Identities:
        """Read the map from PostgreSQL."""
        found = cls()
        rows = Identity.objects.order_by("number").values_list("number", "person")
        pairs = np.fromiter(
            (pair for pair in rows.iterator(chunk_size=LOADED_AT_ONCE)),
            dtype=np.dtype([("number", np.int64), ("person", np.int64)]),
        )
        found._numbers = np.ascontiguousarray(pairs["number"])
        found._persons = np.ascontiguousarray(pairs["person"])
        different, counts = np.unique(found._persons, return_counts=True)
        found._lone = frozenset(different[counts == 1].tolist())
        unfinished = Merge.objects.exclude(stage__in=(Merge.Stage.DONE, Merge.Stage.PARTING))
        found._became = dict(unfinished.values_list("loser", "target"))
        found._apart = tuple(Apart.objects.values_list("one", "other"))
        return found

    def joined(self, number: int) -> int | None:
        """Return the person of a joined id; None when nothing joined it."""
        person = self._added.get(number)
        if person is None:
            place = int(np.searchsorted(self._numbers, number))
            if place == len(self._numbers) or self._numbers[place] != number:
                return None
            person = int(self._persons[place])
        return self._now(person)

    def _now(self, person: int) -> int:
        while person in self._became:
            person = self._became[person]
        return person

    def person_of(self, one: Id) -> int:
        number = one.number
        return self.joined(number) or self._now(number)

    def is_alone(self, person: int) -> bool:
        """Tell whether a person is one id that was split from others and joined nothing since."""
        return person in self._lone

    def apart(self) -> list[tuple[int, int]]:
        """Return the pairs of persons whom no event joins."""
        return [(self._now(one), self._now(other)) for one, other in self._apart]

    def persons_of(self, ids: Iterable[str], *, are_users: bool) -> Numbers:
        """Return the person of each id; the empty id is nobody: 0."""
        found = [self.person_of(Id(value, are_users)) if value else 0 for value in ids]
        return np.array(found, np.int64)

    def plan(self, joins: Iterable[Join]) -> Changes:
        """Work out what these joins change, in their order, without changing anything."""
        planned = Planned(self)
        for join in joins:
            planned.join(join)
        return planned.changes

    def apply(self, changes: Changes) -> None:
        """Take over what is committed."""
        self._lone -= changes.winners()
        self._became |= {loser: winner for loser, (winner, _) in changes.merges.items()}
        self._added |= {number: person for number, (_, person) in changes.rows.items()}


class Planned:
    """The map as it would be after the joins so far."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self.changes = Changes()

    def join(self, join: Join) -> None:
        """Join two ids.

        An anonymous id stays with the first person that it was joined to (a shared device), and
        two persons whom an admin split stay two.
        """
        winner = self._person(join.user)
        loser = self._person(join.other)
        if not join.other.is_user and self._is_joined(join.other) and not self._is_alone(loser):
            return
        if self._are_apart(winner, loser):
            return
        self._add(join.user, winner)
        self._add(join.other, winner)
        if winner != loser:
            self.changes.merges[loser] = (winner, join.reason)

    def _add(self, one: Id, person: int) -> None:
        if not self._is_joined(one):
            self.changes.rows[one.number] = (one, person)

    def _is_joined(self, one: Id) -> bool:
        number = one.number
        return number in self.changes.rows or self._identities.joined(number) is not None

    def _is_alone(self, person: int) -> bool:
        """Tell whether it is one id split from all others: it joins the next, as if it were new."""
        return self._identities.is_alone(person) and person not in self.changes.winners()

    def _are_apart(self, one: int, other: int) -> bool:
        """Tell whether an admin split them. There are few such pairs, all made by hand."""
        return one != other and any(
            {self._now(first), self._now(second)} == {one, other}
            for first, second in self._identities.apart()
        )

    def _person(self, one: Id) -> int:
        row = self.changes.rows.get(one.number)
        return self._now(row[1] if row else self._identities.person_of(one))

    def _now(self, person: int) -> int:
        return end_of(person, self.changes)


def commit(changes: Changes, now: datetime) -> None:
    """Write the map and the merge log. Doing it again changes nothing: nothing is left to join."""
    if not changes.rows and not changes.merges:
        return
    final = {loser: end_of(loser, changes) for loser in changes.merges}
    with transaction.atomic():
        Identity.objects.bulk_create(
            [
                Identity(
                    number=number, is_user=one.is_user, value=one.value,
                    person=final.get(person, person), joined_at=now,
                )
                for number, (one, person) in changes.rows.items()
            ],
            ignore_conflicts=True, batch_size=5_000,
        )  # fmt: skip
        repoint(final)
        Merge.objects.bulk_create(
            [
                Merge(loser=loser, winner=winner, target=final[loser], reason=reason, merged_at=now)
                for loser, (winner, reason) in changes.merges.items()
            ],
            batch_size=5_000,
        )


def repoint(final: dict[int, int]) -> None:
    """Give the ids of merged persons, and merges under way to them, their new person."""
    held = Identity.objects.filter(person__in=final).values_list("person", flat=True).distinct()
    for loser in list(held):
        Identity.objects.filter(person=loser).update(person=final[loser])
    unfinished = Merge.objects.filter(target__in=final).exclude(stage=Merge.Stage.DONE)
    for merge in unfinished:
        merge.target = final[merge.target]
        merge.save(update_fields=["target"])
    for pair in Apart.objects.filter(Q(one__in=final) | Q(other__in=final)):
        pair.one, pair.other = final.get(pair.one, pair.one), final.get(pair.other, pair.other)
        pair.save(update_fields=["one", "other"])


def end_of(person: int, changes: Changes) -> int:
    while person in changes.merges:
        person = changes.merges[person][0]
    return person
