"""How saved insights look as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights.data_rights import row_rights
from analytics.insights.models import SavedInsight
from portal.accounts.access import visible
from portal.accounts.folders import paths_of
from portal.accounts.models import Folder, User

Json = dict[str, Any]
BADGES = {
    "ok": ("Checked: same", "success", "circle-check"),
    "differs": ("Differs", "critical", "triangle-alert"),
    "failed": ("Not checked", "warning", "circle-alert"),
}


def insight_json(insight: SavedInsight, paths: Mapping[int, str], *, reads_all: bool) -> Json:
    """Return the API's shape of a saved insight; `paths` are those of folders the asker may see."""
    return {
        "id": insight.pk,
        "name": insight.name,
        "description": insight.description,
        "kind": insight.kind,
        "definition": insight.definition,
        "view": insight.view,
        "folder": folder_path(insight, paths) or None,
        "folder_id": insight.folder_id if insight.folder_id in paths else None,
        "is_shared": insight.is_shared,
        "version": insight.version,
        "created_by": insight.created_by.email if insight.created_by else "system",
        "created_at": insight.created_at,
        "updated_at": insight.updated_at,
        "check": check_json(insight, reads_all=reads_all),
        "page_url": insight.get_absolute_url(),
    }


def shown_to(user: User, insight: SavedInsight) -> Json:
    """Return the API's shape of a saved insight as somebody may see it."""
    return insight_json(insight, folder_paths(user), reads_all=row_rights(user).is_all)


def check_json(insight: SavedInsight, *, reads_all: bool) -> Json | None:
    """Return what the nightly check found; None when it has not looked yet."""
    if not insight.check_state:
        return None
    return {
        "at": insight.checked_at,
        "state": insight.check_state,
        "note": check_note(insight, reads_all=reads_all),
    }


def check_note(insight: SavedInsight, *, reads_all: bool) -> str:
    """Return what the nightly check says; it counts over all events and may tell their figures."""
    return insight.check_note if reads_all else "Checked over all data, of which you read a part."


def folder_path(insight: SavedInsight, paths: Mapping[int, str]) -> str:
    """Return where an insight stands, nothing at the top or where that may not be seen."""
    return paths.get(insight.folder_id or 0, "")


def folder_paths(user: User) -> dict[int, str]:
    """Return the paths of the folders that somebody may know of."""
    return paths_of(visible(user, Folder))


def check_badge(insight: SavedInsight, *, reads_all: bool) -> Json | None:
    """Return how the nightly check's finding looks: words, kind, icon, note, at."""
    words, kind, icon = BADGES.get(insight.check_state, ("", "", ""))
    if not words:
        return None
    return {
        "words": words,
        "kind": kind,
        "icon": icon,
        "note": check_note(insight, reads_all=reads_all),
        "at": insight.checked_at,
    }
