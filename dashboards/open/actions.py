"""Make, note and revoke what opens dashboards to people without an account; keep snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from dashboards.models import Dashboard, Playlist, PublicLink, Snapshot
from dashboards.open.freezing import Frozen, require_rows
from dashboards.open.links import LABEL
from dashboards.open.models import LINK, SCREEN
from portal.accounts.access import require_level
from portal.accounts.models import Level, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.secrets import new_secret
from portal.live import publish

LONGEST_NAME = 120
LONGEST_LIFE = timedelta(days=366)
MOST_LINKS = 100  # that were not revoked, on one thing
MOST_SNAPSHOTS = 200  # of one dashboard


@dataclass(frozen=True)
class NewLink:
    """What somebody asks for. `look` is the query string to look with, name -> values."""

    name: str
    kind: str = LINK
    expires_at: datetime | None = None
    look: dict[str, list[str]] = field(default_factory=dict)
    may_choose_range: bool = False
    may_download: bool = False
    hosts: Sequence[str] = ()
    snapshot: Snapshot | None = None


@transaction.atomic
def create_link(
    actor: User, target: Dashboard | Playlist, new: NewLink, now: datetime
) -> tuple[PublicLink, str]:
    """Return a new link and its secret, which is not kept and never shown again.

    Raises FieldError for what cannot be, PermissionDenied unless the actor administers the target.
    """
    require_level(actor, target, Level.ADMIN)
    check(target, new, now)
    if new.snapshot is not None:
        require_rows(actor, new.snapshot)
    secret = new_secret(LABEL)
    link = PublicLink.objects.create(
        **{"dashboard" if isinstance(target, Dashboard) else "playlist": target},
        snapshot=new.snapshot, kind=new.kind, name=new.name.strip(), prefix=secret.prefix,
        digest=secret.digest, look=new.look, may_choose_range=new.may_choose_range,
        may_download=new.may_download, hosts=list(new.hosts), created_by=actor, created_at=now,
        expires_at=new.expires_at,
    )  # fmt: skip
    trail.record(actor, "public_link.create", target, Change(after=described(link)))
    return link, secret.text


def check(target: Dashboard | Playlist, new: NewLink, now: datetime) -> None:
    if not settings.PUBLIC_LINKS:
        message = "Public links are switched off here; PORTAL_PUBLIC_LINKS=true allows them."
        raise FieldError("kind", message)
    if not 0 < len(new.name.strip()) <= LONGEST_NAME or "\0" in new.name:
        message = f"Say whom it is for, in at most {LONGEST_NAME} characters."
        raise FieldError("name", message)
    check_expiry(new, now)
    if isinstance(target, Playlist) and new.kind != SCREEN:
        raise FieldError("kind", "A playlist is opened by a screen only.")
    if new.snapshot is not None and new.snapshot.dashboard_id != target.pk:
        raise FieldError("snapshot", "This dashboard has no such snapshot.")
    strange = [host for host in new.hosts if host not in settings.EMBED_HOSTS]
    if strange:
        message = f"{strange[0]} may not frame pages; PORTAL_EMBED_HOSTS lists those that may."
        raise FieldError("hosts", message)
    if target.public_links.filter(revoked_at=None).count() >= MOST_LINKS:
        message = f"There are {MOST_LINKS} links already; revoke some first."
        raise FieldError("name", message)


def check_expiry(new: NewLink, now: datetime) -> None:
    if new.expires_at is None:
        if new.kind != SCREEN:
            raise FieldError("expires_at", "A link needs an end, at most a year ahead.")
    elif not now < new.expires_at <= now + LONGEST_LIFE:
        raise FieldError("expires_at", "This must be in the future, at most a year ahead.")


@transaction.atomic
def revoke_link(actor: User, link: PublicLink, now: datetime) -> None:
    """End a link at once, also for those who look at it. Twice changes nothing."""
    require_level(actor, target_of(link), Level.ADMIN)
    if PublicLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now):
        before = described(link)
        trail.record(actor, "public_link.revoke", target_of(link), Change(before=before))
        publish.rights_changed()


@transaction.atomic
def note_opening(link: PublicLink, now: datetime, *, is_news: bool) -> None:
    """Count that somebody opened a link; on record where that is news."""
    PublicLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, last_opened_at=now)
    if is_news:
        after = {"link": str(link), "kind": link.kind}
        trail.record(None, "public_link.open", target_of(link), Change(after=after))


@transaction.atomic
def keep_snapshot(
    actor: User,
    dashboard: Dashboard,
    frozen: Frozen,
    *,
    name: str,
    expires_at: datetime,
    now: datetime,
) -> Snapshot:
    """Keep what was frozen. Raises FieldError where it is too large, or too many are kept."""
    name = name.strip() or f"{dashboard.name}, {now:%Y-%m-%d %H:%M} UTC"[:LONGEST_NAME]
    if len(name) > LONGEST_NAME or "\0" in name:
        raise FieldError("name", f"A name has {LONGEST_NAME} characters at most.")
    if not now < expires_at <= now + LONGEST_LIFE:
        raise FieldError("expires_at", "This must be in the future, at most a year ahead.")
    if frozen.size_bytes > settings.SNAPSHOT_MAX_BYTES:
        message = (
            f"Its data have {frozen.size_bytes >> 10} KiB; PORTAL_SNAPSHOT_MAX_MB allows"
            f" {settings.SNAPSHOT_MAX_BYTES >> 10} KiB. Choose a shorter range."
        )
        raise FieldError("look", message)
    if dashboard.snapshots.count() >= MOST_SNAPSHOTS:
        message = f"There are {MOST_SNAPSHOTS} snapshots of it already; delete some first."
        raise FieldError("name", message)
    snapshot = Snapshot.objects.create(
        dashboard=dashboard, name=name, board=frozen.board, answers=frozen.answers,
        rows_read=frozen.rows_read, size_bytes=frozen.size_bytes, created_by=actor,
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    trail.record(actor, "snapshot.create", snapshot, Change(after=kept(snapshot)))
    return snapshot


@transaction.atomic
def delete_snapshot(actor: User | None, snapshot: Snapshot) -> None:
    """Delete a snapshot and its links; nobody (None) does it when its time is over."""
    before = kept(snapshot)
    trail.record(actor, "snapshot.delete", snapshot, Change(before=before))
    snapshot.delete()
    publish.rights_changed()


def kept(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the trail says of a snapshot: nothing of its data."""
    return {
        "dashboard": snapshot.dashboard_id,
        "size_bytes": snapshot.size_bytes,
        "range": snapshot.board["range"],
        "expires_at": snapshot.expires_at.isoformat(),
    }


def target_of(link: PublicLink) -> Dashboard | Playlist:
    found = link.dashboard or link.playlist
    assert found is not None  # noqa: S101  # public_link_to_one
    return found


def described(link: PublicLink) -> dict[str, Any]:
    """Return what the trail says of a link; values of variables may be about persons."""
    return {
        "link": str(link),
        "kind": link.kind,
        "snapshot": link.snapshot_id,
        "sets": sorted(link.look),
        "may_choose_range": link.may_choose_range,
        "may_download": link.may_download,
        "hosts": link.hosts,
        "expires_at": link.expires_at and link.expires_at.isoformat(),
    }
