"""Who exactly a person is: all ids, and all numbers under which something of them may be stored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q

from analytics.ingest.identities import Id, members_of, person_now
from analytics.ingest.models import Identity, Merge
from portal.audit import trail
from portal.audit.personal import Subject
from portal.store import client
from portal.store.query import Query

ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{1,60}")
ADDRESSES = (
    "SELECT DISTINCT string FROM person_properties"
    " WHERE person IN {numbers:Array(UInt64)} AND position(string, '@') > 0 LIMIT 1000"
)


def subject_of(
    ids: Iterable[Id], *, numbers: Iterable[int] = (), addresses: Iterable[str] = ()
) -> Subject:
    """Return the person, or persons, of these ids as they are known now, and what is given."""
    asked = list(ids)
    persons = {person_now(one) for one in asked}
    members = list(dict.fromkeys([*asked, *(one for who in persons for one in members_of(who))]))
    found = stored_under(persons | set(numbers), members)
    return Subject(
        user_ids=tuple(one.value for one in members if one.is_user),
        anonymous_ids=tuple(one.value for one in members if not one.is_user),
        numbers=tuple(sorted(found)),
        addresses=tuple(sorted({*addresses, *addresses_of(found)})),
    )


def ids_of(subject: Subject) -> list[Id]:
    return [
        *(Id(value, is_user=True) for value in subject.user_ids),
        *(Id(value, is_user=False) for value in subject.anonymous_ids),
    ]


def stored_under(persons: set[int], members: Sequence[Id]) -> set[int]:
    """Add the numbers that these persons had before merges.

    A number is left out while it is somebody else's: who was split off leaves their number behind.
    """
    own = [one.number for one in members]
    found = persons | of_nobody_else(own, own)
    while True:
        became = Merge.objects.filter(Q(target__in=found) | Q(winner__in=found))
        fresh = of_nobody_else(set(became.values_list("loser", flat=True)) - found, own)
        if not fresh:
            return found
        found |= fresh


def of_nobody_else(numbers: Collection[int], own: Collection[int]) -> set[int]:
    """Return those numbers that are the person of no id but the given ones."""
    others = Identity.objects.filter(person__in=numbers).exclude(number__in=own)
    return set(numbers) - set(others.values_list("person", flat=True))


def addresses_of(numbers: Iterable[int]) -> list[str]:
    found = client.run(Query(ADDRESSES, {"numbers": sorted(numbers)}))
    return [text for (text,) in found.rows() if ADDRESS.fullmatch(text)]


def reference(one: Id) -> str:
    """Return what stands for an id in the audit trail."""
    return trail.reference(f"{'user' if one.is_user else 'anonymous'}:{one.value}")
