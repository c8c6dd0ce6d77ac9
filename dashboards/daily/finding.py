"""Find a dashboard among hundreds: words, folders, tags, owners, stars, what was opened lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from dashboards.models import Dashboard, Favorite, Visit
from portal.accounts.access import visible
from portal.accounts.folders import paths_of, tree
from portal.accounts.models import Folder, FolderPath, User

SORTS = {"name": "Name", "opened": "Opened by you", "changed": "Changed"}
PAGE = 200
MOST_WORDS = 8
NO_FOLDER = "none"


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; as a page's query string has it."""

    words: str = ""
    tags: tuple[str, ...] = ()
    folder: str = ""  # a folder's id, or "none"
    owner: str = ""  # an e-mail address, or "system"
    sort: str = "name"
    only_starred: bool = False
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, Any], tags: Sequence[str]) -> Wanted:
        """Read a query string; what cannot be is left out."""
        text = {name: str(query.get(name, "")).replace("\0", "") for name in ("q", "owner")}
        folder, page = str(query.get("folder", "")), str(query.get("page", ""))
        sort = str(query.get("sort", ""))
        return cls(
            words=text["q"].strip()[:200],
            tags=tuple(tag for tag in tags[:10] if tag and "\0" not in tag),
            folder=folder if folder == NO_FOLDER or is_number(folder) else "",
            owner=text["owner"].strip().lower(),
            sort=sort if sort in SORTS else "name",
            only_starred=query.get("starred") == "1",
            page=int(page) if is_number(page) and int(page) > 0 else 1,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.words or self.tags or self.folder or self.owner or self.only_starred)


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 18


@dataclass(frozen=True)
class Place:
    """One folder of the tree, with how many dashboards stand in it and below."""

    folder: Folder
    depth: int
    count: int
    is_open: bool


def annotated(user: User) -> QuerySet[Any]:
    """Return the dashboards that somebody sees, with their stars and visits."""
    mine = {"user": user, "dashboard": OuterRef("pk")}
    return visible(user, Dashboard).annotate(
        is_starred=Exists(Favorite.objects.filter(**mine)),
        opened_at=Subquery(Visit.objects.filter(**mine).values("last_at")[:1]),
    )


def found(user: User, wanted: Wanted) -> QuerySet[Any]:
    """Return the dashboards that fit, starred ones first, then as sorted."""
    rows = annotated(user).filter(fits(wanted))
    if wanted.only_starred:
        rows = rows.filter(is_starred=True)
    then: dict[str, Any] = {
        "name": Lower("name"),
        "changed": "-updated_at",
        "opened": F("opened_at").desc(nulls_last=True),  # most are never opened by somebody
    }
    return rows.order_by("-is_starred", then[wanted.sort], Lower("name"), "pk")


def fits(wanted: Wanted) -> Q:
    condition = Q()
    for word in wanted.words.split()[:MOST_WORDS]:
        condition &= (
            Q(name__icontains=word) | Q(description__icontains=word) | Q(tags__icontains=word)
        )
    for tag in wanted.tags:
        condition &= Q(tags__contains=[tag])
    if wanted.owner == "system":
        condition &= Q(created_by=None)
    elif wanted.owner:
        condition &= Q(created_by__email=wanted.owner)
    if wanted.folder == NO_FOLDER:
        condition &= Q(folder=None)
    elif wanted.folder:
        inside = FolderPath.objects.filter(ancestor_id=int(wanted.folder))
        condition &= Q(folder__in=inside.values("descendant"))
    return condition


@dataclass(frozen=True)
class Page:
    """One page of what was found; `first` counts from 1."""

    rows: list[Any]
    first: int
    count: int
    has_next: bool


def page_of(user: User, wanted: Wanted) -> Page:
    """Return the page that is looked at, with each dashboard's folder and number of widgets."""
    listed = found(user, wanted)
    count = listed.count()
    start = (wanted.page - 1) * PAGE
    widgets = Count("widgets", distinct=True)
    rows = list(
        listed.annotate(widget_count=widgets).select_related("created_by")[start : start + PAGE]
    )
    paths = paths_of(visible(user, Folder))
    for row in rows:
        row.path = paths.get(row.folder_id or 0, "")
    return Page(rows, start + 1, count, start + PAGE < count)


@dataclass(frozen=True)
class Around:
    """What the list can be narrowed by, over all that somebody sees."""

    places: list[Place]
    loose: int  # dashboards in no folder that they may see
    tags: list[tuple[str, int]]
    owners: list[tuple[str, str, int]]  # address, name, dashboards
    everything: int


def around(user: User, wanted: Wanted) -> Around:
    rows = list(
        visible(user, Dashboard).values(
            "folder_id", "tags", "created_by__email", "created_by__name"
        )
    )
    folders = list(visible(user, Folder))
    own: Counter[int | None] = Counter(row["folder_id"] for row in rows)
    tags = Counter(tag for row in rows for tag in row["tags"] if isinstance(tag, str))
    owners = Counter(
        (row["created_by__email"] or "system", row["created_by__name"] or "") for row in rows
    )
    return Around(
        places=places_in(folders, own, wanted.folder),
        loose=own[None],
        tags=sorted(tags.items(), key=lambda one: (-one[1], one[0].casefold())),
        owners=sorted((email, name or email, n) for (email, name), n in owners.items()),
        everything=len(rows),
    )


def places_in(folders: Sequence[Folder], own: Mapping[Any, int], wanted: str) -> list[Place]:
    """Return the tree of folders that hold something, at any depth; each counts what is below it."""
    listed = tree(folders)
    counts = [own.get(folder.pk, 0) for _, folder in listed]
    for at in range(len(listed) - 1, -1, -1):
        depth = listed[at][0]
        above = next((up for up in range(at - 1, -1, -1) if listed[up][0] < depth), None)
        if above is not None:
            counts[above] += counts[at]
    return [
        Place(folder, depth, count, str(folder.pk) == wanted)
        for (depth, folder), count in zip(listed, counts, strict=True)
        if count
    ]


def starred(user: User) -> list[Any]:
    """Return somebody's favorites, by name."""
    return list(annotated(user).filter(is_starred=True).order_by(Lower("name")))


def recent(user: User, most: int = 8) -> list[Any]:
    """Return what somebody opened lately, the latest first."""
    return list(annotated(user).filter(opened_at__isnull=False).order_by("-opened_at")[:most])


def called(user: User, words: str, most: int) -> list[Any]:
    """Return the dashboards whose name has these words, starred ones first, then as often opened."""
    named = Q()
    for word in words.split()[:5]:
        named &= Q(name__icontains=word)
    visits = Visit.objects.filter(user=user, dashboard=OuterRef("pk")).values("count")[:1]
    rows = annotated(user).filter(named).annotate(visit_count=Subquery(visits))
    return list(
        rows.order_by("-is_starred", F("visit_count").desc(nulls_last=True), Lower("name"))[:most]
    )
