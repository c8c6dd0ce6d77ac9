"""The tree of folders: paths, depths, and the closure that the access rule asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portal.accounts.models import Folder, FolderPath

Json = dict[str, Any]
DEEPEST = 10  # folders inside folders


def folder_json(folder: Folder, paths: Mapping[int, str]) -> Json:
    """Return the API's shape; `paths` are those of the folders that the asker may see."""
    return {
        "id": folder.pk,
        "name": folder.name,
        "parent": folder.parent_id if folder.parent_id in paths else None,
        "path": paths.get(folder.pk, folder.name),
        "is_public": folder.is_public,
        "stop_inheriting": folder.stop_inheriting,
        "created_by": folder.created_by.email if folder.created_by else "system",
        "created_at": folder.created_at,
    }


def paths_of(folders: Iterable[Folder]) -> dict[int, str]:
    """Return the path of each of these folders, "Growth/Weekly"; one whose parent is not among
    them begins a path.
    """
    way: list[str] = []
    found = {}
    for depth, folder in tree(folders):
        way = [*way[:depth], folder.name]
        found[folder.pk] = "/".join(way)
    return found


def tree(folders: Iterable[Folder]) -> list[tuple[int, Folder]]:
    """Return folders with their depth, each below the one that it is in, by name."""
    listed = sorted(folders, key=lambda one: one.name.lower())
    known = {folder.pk for folder in listed}
    inside: dict[int | None, list[Folder]] = {}
    for folder in listed:
        inside.setdefault(folder.parent_id if folder.parent_id in known else None, []).append(
            folder
        )

    def below(parent: int | None, depth: int) -> list[tuple[int, Folder]]:
        if depth > DEEPEST:
            return []
        return [
            found
            for folder in inside.get(parent, [])
            for found in ((depth, folder), *below(folder.pk, depth + 1))
        ]

    return below(None, 0)


def way_to(folder: Folder | None) -> list[Folder]:
    """Return a folder with those around it, the outermost first."""
    way: list[Folder] = []
    while folder is not None and len(way) <= DEEPEST:
        way.insert(0, folder)
        folder = folder.parent
    return way


def height(folder: Folder, everything: Sequence[Folder]) -> int:
    """Return how many folders stand inside one another, from this one on."""
    inside = [one for one in everything if one.parent_id == folder.pk]
    return 1 + max((height(one, everything) for one in inside), default=0)


def within(folder: Folder) -> set[int]:
    """Return the ids of a folder and all inside it, at any depth."""
    rows = FolderPath.objects.filter(ancestor=folder)
    return set(rows.values_list("descendant_id", flat=True))


def write_paths() -> None:
    """Write the closure anew from the folders as they are; call it with all of them locked."""
    folders = {folder.pk: folder for folder in Folder.objects.all()}
    FolderPath.objects.all().delete()
    FolderPath.objects.bulk_create(
        FolderPath(ancestor_id=ancestor, descendant_id=folder.pk, inherits=inherits)
        for folder in folders.values()
        for ancestor, inherits in closure(folder, folders)
    )


def closure(folder: Folder, folders: Mapping[int, Folder]) -> list[tuple[int, bool]]:
    """Return each folder that one stands in, itself first, and whether its rights reach there."""
    found, inherits = [(folder.pk, True)], True
    while folder.parent_id is not None:
        inherits = inherits and not folder.stop_inheriting
        folder = folders[folder.parent_id]
        found.append((folder.pk, inherits))
    return found
