"""Who gains and who loses by a move, before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Model

from portal.accounts.folders import within
from portal.accounts.models import Folder, Level, User
from portal.accounts.reasons import Key, read_book
from portal.accounts.shareables import FOLDER, entry_of, shareables

Levels = Mapping[tuple[int, Key], Level]  # person and object -> what they may do with it


@dataclass(frozen=True)
class Effect:
    """What a change does to one person's rights: on how many objects of which kind, from which
    level (None: could not see them) to which (None: will no longer see them).
    """

    user: User
    before: Level | None
    after: Level | None
    counts: Mapping[str, int]

    @property
    def is_gain(self) -> bool:
        return (self.after or 0) > (self.before or 0)

    @property
    def things(self) -> str:
        """Return "2 dashboards, 1 folder"."""
        return ", ".join(counted(kind, number) for kind, number in sorted(self.counts.items()))


def counted(kind: str, number: int) -> str:
    entry = shareables.get(kind)
    return f"{number} {entry.label.lower() if number == 1 else entry.plural}"


def preview(row: Model, change: Callable[[], None]) -> list[Effect]:
    """Return what a change of an object's place or flags would do, those who gain first.

    Makes the change and takes it back; what `change` raises is raised.
    """
    before, people = levels(row)
    with transaction.atomic():
        change()
        after, _ = levels(row)
        transaction.set_rollback(True)
    return effects(before, after, people)


def levels(row: Model) -> tuple[Levels, dict[int, User]]:
    """Return what everybody may do with an object, and with all inside it."""
    rows = affected(row)
    book = read_book(rows)
    alike: dict[Hashable, dict[int, Level]] = {}  # hundreds in one folder mostly are
    found: dict[tuple[int, Key], Level] = {}
    for one in rows:
        entry, decides = entry_of(one), book.decides(one)
        if decides not in alike:
            alike[decides] = {access.user.pk: access.level for access in book.accesses(one)}
        found |= {(user, (entry.kind, one.pk)): level for user, level in alike[decides].items()}
    return found, {user.pk: user for user in book.people}


def affected(row: Model) -> Sequence[Model]:
    """Return an object as it stands now, and all that is inside it."""
    if not isinstance(row, Folder):
        return [type(row)._default_manager.get(pk=row.pk)]
    inside = within(row)
    rows: list[Model] = list(Folder.objects.filter(pk__in=inside))
    for entry in shareables:
        if entry.kind != FOLDER and entry.has_folder:
            rows.extend(entry.model._default_manager.filter(folder__in=inside))
    return rows


def effects(before: Levels, after: Levels, people: Mapping[int, User]) -> list[Effect]:
    changes: dict[tuple[int, Level | None, Level | None], Counter[str]] = {}
    for user, (kind, pk) in before.keys() | after.keys():
        was, will_be = before.get((user, (kind, pk))), after.get((user, (kind, pk)))
        if was != will_be:
            changes.setdefault((user, was, will_be), Counter())[kind] += 1
    found = [Effect(people[user], was, to, counts) for (user, was, to), counts in changes.items()]
    return sorted(found, key=lambda one: (not one.is_gain, str(one.user).casefold()))
