"""Change what members of staff keep for their day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F

from dashboards.models import (
    ADMINISTER,
    CHANGE,
    Dashboard,
    Favorite,
    HomeDashboard,
    Playlist,
    PlaylistEntry,
    Visit,
)
from portal.accounts.access import MissingPermission, require, require_level
from portal.accounts.actions import forget
from portal.accounts.models import Folder, Level, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.live import publish

PLAYLIST = "playlist"  # as portal.accounts.shareables has it
LONGEST_NAME = 120
SHORTEST_S, LONGEST_S = 5, 3600
MOST_ENTRIES = 50
VISIT_EVERY = timedelta(minutes=5)  # what is loaded again within this is one occasion


@transaction.atomic
def star(actor: User, dashboard: Dashboard, now: datetime) -> None:
    """Put a dashboard among somebody's favorites. Twice changes nothing."""
    require_level(actor, dashboard, Level.VIEW)
    _, is_new = Favorite.objects.get_or_create(
        user=actor, dashboard=dashboard, defaults={"created_at": now}
    )
    if is_new:
        trail.record(actor, "dashboard.star", dashboard)


@transaction.atomic
def unstar(actor: User, dashboard: Dashboard) -> None:
    """Take a dashboard from somebody's favorites. Twice changes nothing."""
    removed, _ = Favorite.objects.filter(user=actor, dashboard=dashboard).delete()
    if removed:
        trail.record(actor, "dashboard.unstar", dashboard)


def note_visit(user: User, dashboard: Dashboard, now: datetime) -> None:
    """Remember that somebody opened a dashboard; what they did a moment ago is not written again."""
    visit, is_new = Visit.objects.get_or_create(
        user=user, dashboard=dashboard, defaults={"last_at": now}
    )
    if not is_new and now - visit.last_at > VISIT_EVERY:
        Visit.objects.filter(pk=visit.pk).update(last_at=now, count=F("count") + 1)


@transaction.atomic
def choose_home(actor: User, dashboard: Dashboard | None) -> None:
    """Choose what one finds at home; None: what one's teams and roles have."""
    if dashboard is not None:
        require_level(actor, dashboard, Level.VIEW)
    set_home(actor, {"user": actor}, dashboard)


@transaction.atomic
def choose_home_of(actor: User, group: Group, dashboard: Dashboard | None) -> None:
    """Choose what a team or role finds at home, as an admin. Raises MissingPermission."""
    require(actor, ADMINISTER)
    set_home(actor, {"group": group}, dashboard)


def set_home(actor: User, whose: dict[str, Any], dashboard: Dashboard | None) -> None:
    before = HomeDashboard.objects.filter(**whose).select_related("dashboard").first()
    if (before.dashboard if before else None) == dashboard:
        return
    if dashboard is None:
        HomeDashboard.objects.filter(**whose).delete()
    else:
        HomeDashboard.objects.update_or_create(**whose, defaults={"dashboard": dashboard})
    of = str(whose["group"]) if "group" in whose else "their own"
    change = Change(
        before={"of": of, "home": before.dashboard.uid} if before else None,
        after={"of": of, "home": dashboard.uid if dashboard else None},
    )
    trail.record(actor, "home.choose", dashboard, change)


@dataclass(frozen=True)
class PlaylistDraft:
    """A playlist as somebody wants it. `boards` are shown in this order."""

    name: str
    interval_s: int
    boards: Sequence[Dashboard]


def checked(draft: PlaylistDraft) -> PlaylistDraft:
    if not 0 < len(draft.name.strip()) <= LONGEST_NAME or "\0" in draft.name:
        raise FieldError("name", f"A playlist needs a name of at most {LONGEST_NAME} characters.")
    if not SHORTEST_S <= draft.interval_s <= LONGEST_S:
        message = f"This must be {SHORTEST_S} to {LONGEST_S} seconds."
        raise FieldError("interval_s", message)
    if not 0 < len(draft.boards) <= MOST_ENTRIES:
        raise FieldError("dashboards", f"Choose 1 to {MOST_ENTRIES} dashboards.")
    return draft


def require_may_make(user: User) -> None:
    """Raise MissingPermission unless somebody may make playlists."""
    if not user.has_perm(CHANGE) and not user.has_perm(ADMINISTER):
        raise MissingPermission(CHANGE)


@transaction.atomic
def create_playlist(
    actor: User, draft: PlaylistDraft, now: datetime, folder: Folder | None = None
) -> Playlist:
    """Make a playlist that only its owner sees until it is shared. Raises FieldError."""
    require_may_make(actor)
    draft = checked(draft)
    playlist = Playlist.objects.create(
        name=draft.name.strip(), interval_s=draft.interval_s, folder=folder, created_by=actor,
        created_at=now, updated_at=now,
    )  # fmt: skip
    set_entries(playlist, draft.boards)
    trail.record(actor, "playlist.create", playlist, Change(after=described(playlist)))
    return playlist


@transaction.atomic
def change_playlist(
    actor: User, playlist: Playlist, draft: PlaylistDraft, version: int | None, now: datetime
) -> Playlist:
    """Change a playlist; who may is for the caller to check. Raises FieldError; Stale where
    somebody changed it after the version that the actor saw.
    """
    draft = checked(draft)
    found = Playlist.objects.select_for_update().get(pk=playlist.pk)
    before = described(found)
    if version is not None and version != found.version:
        raise Stale(current=before | {"version": found.version}, yours={"name": draft.name})
    found.name, found.interval_s = draft.name.strip(), draft.interval_s
    found.version, found.updated_at = found.version + 1, now
    found.save(update_fields=["name", "interval_s", "version", "updated_at"])
    set_entries(found, draft.boards)
    trail.record(actor, "playlist.change", found, Change(before, described(found)))
    publish.rights_changed()  # screens may show less now
    return found


@transaction.atomic
def delete_playlist(actor: User, playlist: Playlist) -> None:
    """Delete a playlist; its screens close."""
    trail.record(actor, "playlist.delete", playlist, Change(before=described(playlist)))
    forget(PLAYLIST, playlist.pk)
    playlist.delete()
    publish.rights_changed()


def set_entries(playlist: Playlist, boards: Sequence[Dashboard]) -> None:
    playlist.entries.all().delete()
    PlaylistEntry.objects.bulk_create(
        PlaylistEntry(playlist=playlist, dashboard=board, place=place)
        for place, board in enumerate(boards)
    )


def described(playlist: Playlist) -> dict[str, Any]:
    """Return what the trail says of a playlist."""
    entries = playlist.entries.select_related("dashboard")
    return {
        "name": playlist.name,
        "interval_s": playlist.interval_s,
        "dashboards": [entry.dashboard.uid for entry in entries],
    }
