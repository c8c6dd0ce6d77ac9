"""Carry out merges and splits that admins asked for: one after another, by the writer alone.

The writer calls this between two rounds, so that nothing is inserted meanwhile and the identity map
has one owner. Until a change is done, every answer is as before; each step may be repeated.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from analytics.ingest import homing, merging, parting
from analytics.ingest.identities import Changes, Id, Identities, commit, members_of
from analytics.ingest.models import Apart, Identity, Merge, PersonChange
from analytics.ingest.parting import Parting
from portal.store.models import Epoch

State = PersonChange.State
BY_ADMIN, SPLIT = "admin", "split"


def waiting() -> PersonChange | None:
    """Return the change whose turn it is."""
    over = (State.DONE, State.REFUSED)
    return PersonChange.objects.exclude(state__in=over).order_by("pk").first()


def carry_on(change: PersonChange, identities: Identities, now: datetime) -> bool:
    """Take a change one step further; true when the identity map is another afterwards."""
    if change.kind == PersonChange.Kind.MERGE:
        return carry_on_merge(change, identities, now)
    return carry_on_split(change, identities, now)


def carry_on_merge(change: PersonChange, identities: Identities, now: datetime) -> bool:
    if change.state == State.QUEUED and not join(change, identities, now):
        return False
    merging.settle()
    end(change, now)
    return True


@transaction.atomic
def join(change: PersonChange, identities: Identities, now: datetime) -> bool:
    """Write the merge into the identity map; false when there is nothing to merge any more."""
    kept, moved = id_of(change.kept), ids_of(change.moved)
    winner, loser = identities.person_of(kept), identities.person_of(moved[0])
    if winner == loser:
        refuse(change, "They are one person already.", now)
        return False
    leaving = members_of(loser) or moved
    rows = {one.number: (one, loser) for one in leaving} | {kept.number: (kept, winner)}
    new = {number: row for number, row in rows.items() if identities.joined(number) is None}
    ended = pairs(winner, loser).delete()[0]
    commit(Changes(new, {loser: (winner, BY_ADMIN)}), now)
    change.moved = [[one.is_user, one.value] for one in leaving]
    change.person, change.was_apart = loser, bool(ended)
    change.state, change.began_at = State.APPLYING, now
    change.save()
    return True


def carry_on_split(change: PersonChange, identities: Identities, now: datetime) -> bool:
    if change.state == State.QUEUED:
        begin(change, identities, now)
        return False
    leaving = parting_of(change)
    if leaving is None:
        refuse(change, "Meanwhile the person was removed.", now)
        return True
    if change.state == State.APPLYING:
        if not is_rewritten(change, leaving, now):
            return False
        parting.rewrite_rest(leaving)
        parting.part_properties(leaving)
        part(change, leaving, now)
    complete(change, leaving, now)
    return True


def begin(change: PersonChange, identities: Identities, now: datetime) -> None:
    """Let every query take the new number for the old person, before any event has it."""
    person = identities.person_of(id_of(change.kept))
    if any(identities.person_of(one) != person for one in ids_of(change.moved)):
        refuse(change, "By then these ids were not of one person any more.", now)
        return
    with transaction.atomic():
        merge = Merge.objects.create(
            loser=change.person, winner=person, target=person, reason=SPLIT, merged_at=now,
            stage=Merge.Stage.PARTING,
        )  # fmt: skip
        change.state, change.began_at = State.APPLYING, now
        change.save()
        merging.count_overrides()
        merging.write_overrides([merge], version=merge.pk * 2)


def is_rewritten(change: PersonChange, leaving: Parting, now: datetime) -> bool:
    """Begin to rewrite when no query is left that knows nothing of the override; then wait."""
    if change.began_at is None or now - change.began_at <= merging.REKEY_AFTER:
        return False
    if change.rewritten_at is None:
        parting.rewrite(leaving, waits=False)
        change.rewritten_at = now
        change.save(update_fields=["rewritten_at"])
        return False
    return not parting.is_rewriting(leaving)


@transaction.atomic
def part(change: PersonChange, leaving: Parting, now: datetime) -> None:
    """Write the split into the identity map; from here on nothing is inserted until it is done."""
    numbers = [one.number for one in leaving.ids]
    Identity.objects.filter(number__in=numbers).update(person=leaving.number, joined_at=now)
    keep_apart(change, leaving)
    change.state = State.FINISHING
    change.save(update_fields=["state"])


def keep_apart(change: PersonChange, leaving: Parting) -> None:
    """Let no event join the two again, nor the new one with those the old one is kept from.

    An undone merge leaves two persons whom events may join, as they might before.
    """
    old, new = leaving.merge.target, leaving.number
    others = [
        pair.other if pair.one == old else pair.one
        for pair in Apart.objects.filter(Q(one=old) | Q(other=old))
    ]
    if change.undoes is None or change.undoes.was_apart:
        others.append(old)
    Apart.objects.bulk_create([Apart(one=other, other=new) for other in others])


def complete(change: PersonChange, leaving: Parting, now: datetime) -> None:
    """Put the override out of force: this is the moment of the split."""
    homing.note([leaving.number], now)
    merging.retire_overrides([leaving.merge])
    with transaction.atomic():
        leaving.merge.delete()
        merging.count_overrides()
        Epoch.rewritten()
        end(change, now)


def finish(now: datetime) -> None:
    """Complete the split that the identity map has already."""
    for change in PersonChange.objects.filter(state=State.FINISHING):
        carry_on_split(change, Identities(), now)


def end(change: PersonChange, now: datetime) -> None:
    change.state, change.done_at = State.DONE, now
    change.save(update_fields=["state", "done_at"])


def refuse(change: PersonChange, why: str, now: datetime) -> None:
    change.state, change.refusal, change.done_at = State.REFUSED, why, now
    change.save(update_fields=["state", "refusal", "done_at"])


def parting_of(change: PersonChange) -> Parting | None:
    """Return a split under way; None when its person was removed with all that is known of it."""
    merge = Merge.objects.filter(loser=change.person, stage=Merge.Stage.PARTING).first()
    return Parting(ids_of(change.moved), merge.loser, merge) if merge else None


def pairs(one: int, other: int) -> QuerySet[Apart]:
    return Apart.objects.filter(Q(one=one, other=other) | Q(one=other, other=one))


def id_of(packed: list[object]) -> Id:
    """Read an id as changes keep it."""
    return Id(str(packed[1]), bool(packed[0]))


def ids_of(packed: list[list[object]]) -> list[Id]:
    return [id_of(one) for one in packed]
