"""Who may what, in words: the rule of `portal.accounts.access` for many people at once, each level
with the chain of grants that gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model, Q

from portal.accounts.models import Folder, Grant, Level, User
from portal.accounts.roles import ROLES
from portal.accounts.shareables import FOLDER, Shareable, entry_of

VERBS = {Level.VIEW: "view", Level.EDIT: "edit", Level.ADMIN: "administer"}
Key = tuple[str, int]  # kind and id


@dataclass(frozen=True)
class Reason:
    """One thing that gives somebody a level on an object, as a sentence."""

    level: Level
    text: str


@dataclass(frozen=True)
class Access:
    """What one person may do with an object, the strongest reason first."""

    user: User
    reasons: tuple[Reason, ...]

    @property
    def level(self) -> Level:
        return self.reasons[0].level


@dataclass(frozen=True)
class Book:
    """All that decides about some objects and some people, read at once."""

    people: Sequence[User]  # their groups are loaded
    groups: Mapping[int, set[int]]  # person -> teams and roles
    holders: Mapping[str, set[int]]  # permission -> who has it
    ways: Mapping[int, list[Folder]]  # folder -> those whose rights reach into it, itself first
    grants: Mapping[Key, list[Grant]]
    open: set[Key]
    changeable: set[Key]  # by all whose role lets them change such things
    shown: Container[int]  # folders whose names the reader may know

    def accesses(self, row: Model) -> list[Access]:
        """Return everybody who may at least see an object, the mightiest first, then by name."""
        found = [Access(user, reasons) for user in self.people if (reasons := self.why(user, row))]
        return sorted(found, key=lambda one: (-one.level, str(one.user).casefold()))

    def decides(self, row: Any) -> Hashable:
        """Return all that decides about an object: those with the same have the same accesses."""
        entry = entry_of(row)
        key = (entry.kind, row.pk)
        own = tuple(grant.pk for grant in self.grants.get(key, ()))
        place = tuple(folder.pk for folder in reaching(self.ways, entry, row))
        flags = key in self.open, key in self.changeable
        return entry.kind, place, row.created_by_id, flags, own

    def level(self, user: User, row: Model) -> Level | None:
        reasons = self.why(user, row)
        return reasons[0].level if reasons else None

    def why(self, user: User, row: Model) -> tuple[Reason, ...]:
        """Return what gives somebody a level on an object, the strongest first."""
        entry = entry_of(row)
        if not any(user.pk in self.holders[one] for one in (entry.see, entry.administer)):
            return ()
        found = list(self._reasons(user, entry, row))
        return tuple(sorted(found, key=lambda one: -one.level))

    def _reasons(self, user: User, entry: Shareable, row: Any) -> Iterator[Reason]:
        if user.pk in self.holders[entry.administer]:
            text = f"{user} {by_role(user)} and sees and changes every {entry.label.lower()}."
            yield Reason(Level.ADMIN, text)
        if user.pk not in self.holders[entry.see]:
            return
        if entry.is_makers and row.created_by_id == user.pk:
            yield self._owner(user, entry)
        if (entry.kind, row.pk) in self.open:
            words = f"{entry.open_words}: all whose role shows {entry.plural} see it."
            yield Reason(Level.VIEW, words)
        if user.pk in self.holders[entry.change] and (entry.kind, row.pk) in self.changeable:
            words = f"all whose role lets them change {entry.plural} may edit it"
            yield Reason(Level.EDIT, f"It is not protected: {words}.")
        if entry.kind != FOLDER:
            for grant in self._held(user, (entry.kind, row.pk)):
                may = f"may {VERBS[Level(grant.level)]} this {entry.label.lower()}"
                yield Reason(Level(grant.level), f"{subject_of(user, grant)} {may}.")
        yield from self._from_folders(user, entry, row)

    def _owner(self, user: User, entry: Shareable) -> Reason:
        if user.pk in self.holders[entry.change]:
            return Reason(Level.ADMIN, f"{user} made it and administers it.")
        words = f"but their roles do not let them change {entry.plural} of their own"
        return Reason(Level.VIEW, f"{user} made it and sees it, {words}.")

    def _from_folders(self, user: User, entry: Shareable, row: Any) -> Iterator[Reason]:
        for folder in reaching(self.ways, entry, row):
            is_itself = entry.kind == FOLDER and folder.pk == row.pk
            what = "this folder" if is_itself else self.called(folder)
            follows = "" if is_itself else ", and what is inside has its rights"
            if folder.is_public:
                here = what[0].upper() + what[1:]
                yield Reason(Level.VIEW, f"{here} is open to all staff{follows}.")
            for grant in self._held(user, (FOLDER, folder.pk)):
                level = Level(grant.level)
                text = f"{subject_of(user, grant)} may {VERBS[level]} {what}{follows}."
                yield Reason(level, text)

    def called(self, folder: Folder) -> str:
        return f"the folder “{folder}”" if folder.pk in self.shown else "a folder around it"

    def _held(self, user: User, key: Key) -> list[Grant]:
        """Return the grants on one thing that somebody has, in person or by a group."""
        return [
            grant
            for grant in self.grants.get(key, ())
            if grant.user_id == user.pk or grant.group_id in self.groups[user.pk]
        ]


def reaching(ways: Mapping[int, list[Folder]], entry: Shareable, row: Any) -> list[Folder]:
    """Return the folders whose rights reach an object, the nearest first."""
    if entry.kind == FOLDER:
        return ways[row.pk]
    if not entry.has_folder or row.folder_id is None or row.stop_inheriting:
        return []
    return ways[row.folder_id]


def subject_of(user: User, grant: Grant) -> str:
    if grant.group is None:
        return str(user)
    word = "role" if grant.group.name in ROLES else "team"
    held = "has the role" if word == "role" else "is in the team"
    return f"{user} {held} {grant.group.name}, which"


def by_role(user: User) -> str:
    roles = user.roles()
    return f"has the role {roles[-1] if 'admin' not in roles else 'admin'}" if roles else "may"


class All:
    """Contains everything."""

    def __contains__(self, _: object) -> bool:
        return True


def read_book(
    rows: Collection[Model],
    people: Iterable[User] | None = None,
    shown: Container[int] | None = None,
) -> Book:
    """Read what decides about these objects; for these people, or for all who are active.

    `shown` are the folders whose names the reader may know; left out: all.
    """
    everybody = User.objects.filter(is_active=True)
    chosen = everybody if people is None else everybody.filter(pk__in=[one.pk for one in people])
    entries = {entry_of(row) for row in rows}
    ways = read_ways()
    keys = {(entry_of(row).kind, row.pk) for row in rows}
    reached = {folder.pk for row in rows for folder in reaching(ways, entry_of(row), row)}
    listed = list(chosen.prefetch_related("groups"))
    return Book(
        people=listed,
        groups={user.pk: {group.pk for group in user.groups.all()} for user in listed},
        holders={
            permission: holders(permission)
            for entry in entries
            for permission in (entry.see, entry.change, entry.administer)
        },
        ways=ways,
        grants=read_grants(keys | {(FOLDER, pk) for pk in reached}),
        open=matching(keys, {entry: entry.is_open for entry in entries}),
        changeable=matching(keys, {entry: entry.change_is_open for entry in entries}),
        shown=All() if shown is None else shown,
    )


def read_ways() -> dict[int, list[Folder]]:
    folders = {folder.pk: folder for folder in Folder.objects.all()}
    return {pk: way_up(folder, folders) for pk, folder in folders.items()}


def way_up(folder: Folder, folders: Mapping[int, Folder]) -> list[Folder]:
    """Return the folders whose rights reach into one: up to where one stops inheriting."""
    way = [folder]
    while not way[-1].stop_inheriting and way[-1].parent_id is not None:
        way.append(folders[way[-1].parent_id])
    return way


def read_grants(keys: Collection[Key]) -> dict[Key, list[Grant]]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, pk in keys:
        by_kind[kind].append(pk)
    found: dict[Key, list[Grant]] = defaultdict(list)
    for kind, ids in by_kind.items():
        rows = Grant.objects.filter(object_type=kind, object_id__in=ids)
        for grant in rows.select_related("user", "group", "created_by"):
            found[kind, grant.object_id].append(grant)
    return dict(found)


def matching(keys: Collection[Key], conditions: Mapping[Shareable, Q]) -> set[Key]:
    """Return those of the objects whose rows match the condition of their kind."""
    found: set[Key] = set()
    for entry, condition in conditions.items():
        ids = [pk for kind, pk in keys if kind == entry.kind]
        rows = entry.model._default_manager.filter(condition, pk__in=ids)
        found |= {(entry.kind, pk) for pk in rows.values_list("pk", flat=True)}
    return found


def holders(permission: str) -> set[int]:
    """Return the active members of staff who hold a permission ("app.codename")."""
    app, codename = permission.split(".")
    named = {"permissions__codename": codename, "permissions__content_type__app_label": app}
    groups = Group.objects.filter(**named)
    directly = Q(user_permissions__codename=codename, user_permissions__content_type__app_label=app)
    held = Q(is_superuser=True) | Q(groups__in=groups) | directly
    return set(User.objects.filter(held, is_active=True).values_list("pk", flat=True))


def who_can(row: Model) -> list[Access]:
    """Return everybody who may at least see an object, and why."""
    return read_book([row]).accesses(row)


def why_can(user: User, row: Model) -> list[str]:
    """Return the chain of grants by which somebody may see or change an object, as sentences; or
    the one sentence that says why not.
    """
    book = read_book([row], [user])
    return [reason.text for reason in book.why(user, row)] or [why_not(book, user, row)]


def why_not(book: Book, user: User, row: Model) -> str:
    entry = entry_of(row)
    if not user.is_active:
        return f"{user}'s account is switched off."
    if user.pk not in book.holders[entry.see]:
        return f"{user} has no role that shows {entry.plural}."
    return f"Nothing is shared with {user} that leads to this {entry.label.lower()}."
