"""How saved insights and folders look as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analytics.insights.models import Folder, SavedInsight

Json = dict[str, Any]
DEEPEST = 10  # folders inside folders
BADGES = {
    "ok": ("Checked: same", "success", "circle-check"),
    "differs": ("Differs", "critical", "triangle-alert"),
    "failed": ("Not checked", "warning", "circle-alert"),
}


def insight_json(insight: SavedInsight, paths: Mapping[int, str] | None = None) -> Json:
    """Return the API's shape of a saved insight; `paths` are those of all folders, for a list."""
    return {
        "id": insight.pk,
        "name": insight.name,
        "description": insight.description,
        "kind": insight.kind,
        "definition": insight.definition,
        "view": insight.view,
        "folder": folder_path(insight, paths) or None,
        "folder_id": insight.folder_id,
        "is_shared": insight.is_shared,
        "version": insight.version,
        "created_by": insight.created_by.email if insight.created_by else "system",
        "created_at": insight.created_at,
        "updated_at": insight.updated_at,
        "check": check_json(insight),
        "page_url": insight.get_absolute_url(),
    }


def check_json(insight: SavedInsight) -> Json | None:
    """Return what the nightly check found; None when it has not looked yet."""
    if not insight.check_state:
        return None
    return {
        "at": insight.checked_at, "state": insight.check_state, "note": insight.check_note,
    }  # fmt: skip


def folder_json(folder: Folder, path: str = "") -> Json:
    return {
        "id": folder.pk,
        "name": folder.name,
        "parent": folder.parent_id,
        "path": path or path_of(folder),
        "created_by": folder.created_by.email if folder.created_by else "system",
        "created_at": folder.created_at,
    }


def folder_path(insight: SavedInsight, paths: Mapping[int, str] | None = None) -> str:
    """Return where an insight stands, nothing at the top."""
    if paths is not None:
        return paths.get(insight.folder_id or 0, "")
    return path_of(insight.folder) if insight.folder else ""


def paths_of(folders: Iterable[Folder]) -> dict[int, str]:
    """Return the path of each of all folders, without asking for any of them again."""
    way: list[str] = []
    found = {}
    for depth, folder in tree(folders):
        way = [*way[:depth], folder.name]
        found[folder.pk] = "/".join(way)
    return found


def path_of(folder: Folder) -> str:
    """Return the names from the top down, "Growth/Weekly"."""
    return "/".join(one.name for one in way_to(folder))


def way_to(folder: Folder | None) -> list[Folder]:
    """Return a folder with those around it, the outermost first."""
    way: list[Folder] = []
    while folder is not None and len(way) <= DEEPEST:
        way.insert(0, folder)
        folder = folder.parent
    return way


def tree(folders: Iterable[Folder]) -> list[tuple[int, Folder]]:
    """Return folders with their depth, each below the one that it is in, by name."""
    inside: dict[int | None, list[Folder]] = {}
    for folder in sorted(folders, key=lambda one: one.name.lower()):
        inside.setdefault(folder.parent_id, []).append(folder)

    def below(parent: int | None, depth: int) -> list[tuple[int, Folder]]:
        if depth > DEEPEST:
            return []
        return [
            found
            for folder in inside.get(parent, [])
            for found in ((depth, folder), *below(folder.pk, depth + 1))
        ]

    return below(None, 0)


def check_badge(insight: SavedInsight) -> Json | None:
    """Return how the nightly check's finding looks: words, kind, icon, note, at."""
    words, kind, icon = BADGES.get(insight.check_state, ("", "", ""))
    if not words:
        return None
    return {
        "words": words, "kind": kind, "icon": icon, "note": insight.check_note,
        "at": insight.checked_at,
    }  # fmt: skip
