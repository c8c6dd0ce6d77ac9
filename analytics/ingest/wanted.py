"""What a merge or a split would change, checked before anybody is shown its effect."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.ingest.changing import id_of, ids_of
from analytics.ingest.identities import Id, members_of, person_now
from analytics.ingest.models import PersonChange
from portal.lib.field_error import FieldError

MAX_MOVED = 400  # ids; they stand in one statement's parameters
Kind = PersonChange.Kind


@dataclass(frozen=True)
class Wanted:
    """A merge or a split as asked for: what stays, which ids move, from which person to which."""

    kind: PersonChange.Kind
    kept: Id
    moved: tuple[Id, ...]
    stays: int  # the person that `kept` is
    person: int  # the person that the moved ids are (merge) or will be (split)
    undoes: PersonChange | None = None


def merge(into: Id, other: Id, undoes: PersonChange | None = None) -> Wanted:
    """Want the person of `other` to become that of `into`. Raises FieldError."""
    stays, person = person_now(into), person_now(other)
    if stays == person:
        raise FieldError("from", "These two ids are one person already.")
    moved = tuple(members_of(person)) or (other,)
    if len(moved) > MAX_MOVED:
        message = f"This person has more than {MAX_MOVED} ids; merge the other way round."
        raise FieldError("from", message)
    return Wanted(Kind.MERGE, into, moved, stays, person, undoes)


def split(ids: Sequence[Id], undoes: PersonChange | None = None) -> Wanted:
    """Want these ids of one person to be a person of their own. Raises FieldError."""
    if not ids:
        raise FieldError("ids", "Choose at least one id to split off.")
    if len(ids) > MAX_MOVED:
        raise FieldError("ids", f"At most {MAX_MOVED} ids are split off at once.")
    persons = {person_now(one) for one in ids}
    if len(persons) > 1:
        raise FieldError("ids", "These ids are not of one person.")
    (stays,) = persons
    left = [one for one in members_of(stays) if one not in ids]
    if not left:
        raise FieldError("ids", "Nothing would be left of the person: leave at least one id.")
    return Wanted(Kind.SPLIT, left[0], tuple(dict.fromkeys(ids)), stays, fresh(), undoes)


def undo(change: PersonChange) -> Wanted:
    """Want the inverse of a change. Raises FieldError when it cannot be undone."""
    if change.state != PersonChange.State.DONE:
        raise FieldError("change", "Only a change that is done can be undone.")
    if change.undone_by.exclude(state=PersonChange.State.REFUSED).exists():
        raise FieldError("change", "This was undone already.")
    kept, moved = id_of(change.kept), ids_of(change.moved)
    if len({person_now(one) for one in moved}) > 1:
        message = "Since then its ids were split again: undo the later change first."
        raise FieldError("change", message)
    is_together = person_now(kept) == person_now(moved[0])
    if is_together != (change.kind == Kind.MERGE):
        words = "are two persons" if change.kind == Kind.MERGE else "are one person again"
        raise FieldError("change", f"Since then these {words}: there is nothing to undo.")
    return split(moved, change) if is_together else merge(kept, moved[0], change)


def fresh() -> int:
    """Return a number that no person has: 63 bits, never 0.

    Not that of an id: events of an earlier merge may still be on their way from or to it.
    """
    return secrets.randbits(63) or 1
