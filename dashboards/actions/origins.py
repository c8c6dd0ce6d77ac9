"""Keep dashboards in step with what ships and with files, without locking them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from dashboards.actions.documents import keep_version, store, write
from dashboards.models import Dashboard, Origin
from dashboards.shapes import document_of
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change

Json = dict[str, Any]


@transaction.atomic
def make_from(
    actor: User | None, origin: Origin, document: Json, now: datetime, *, is_public: bool = False
) -> Dashboard:
    """Make the dashboard of an origin that is not here; `actor` None is the portal itself."""
    made = Dashboard(
        uid=origin.uid, created_by=actor, is_public=is_public, version=1,
        is_provisioned=origin.kind == "shipped",
    )  # fmt: skip
    write(made, document)
    keep_version(actor, made, document, now, note_of(origin))
    after = {"uid": made.uid, "name": made.name, "is_public": is_public, "from": origin.kind}
    trail.record(actor, action_of(origin), made, Change(after=after))
    agree(origin, made, document, now)
    return made


@transaction.atomic
def take_from(
    actor: User | None, origin: Origin, document: Json, base: Json, now: datetime
) -> Dashboard:
    """Make a document the next version of the origin's dashboard, and `base` what both agree on."""
    held = Dashboard.objects.select_for_update().get(uid=origin.uid)
    stored = store(actor, held, document, now, note=note_of(origin), action=action_of(origin))
    agree(origin, stored, base, now)
    return stored


def agree(origin: Origin, dashboard: Dashboard, base: Json, now: datetime) -> Origin:
    """Keep what both sides agree on from here."""
    values = {
        "dashboard": dashboard, "path": origin.path, "base": base,
        "version": dashboard.version, "synced_at": now,
    }  # fmt: skip
    kept, _ = Origin.objects.update_or_create(kind=origin.kind, uid=origin.uid, defaults=values)
    return kept


@transaction.atomic
def forget_origin(actor: User, origin: Origin) -> None:
    """Forget that a dashboard was kept elsewhere; it stays here."""
    before = {"uid": origin.uid, "kind": origin.kind, "path": origin.path}
    trail.record(actor, "dashboard.forget_origin", origin.dashboard, Change(before=before))
    Origin.objects.filter(kind=origin.kind, uid=origin.uid).delete()


def here(uid: str) -> Json | None:
    """Return the document of a dashboard as it stands; None where there is none."""
    found = Dashboard.objects.filter(uid=uid).first()
    return document_of(found) if found is not None else None


def origin_of(kind: str, uid: str, path: str = "") -> Origin:
    """Return what is known of a place where a dashboard is kept, or a new one, not saved yet."""
    found = Origin.objects.filter(kind=kind, uid=uid).first()
    return found or Origin(kind=kind, uid=uid, path=path, base=None)


def note_of(origin: Origin) -> str:
    return "As shipped" if origin.kind == "shipped" else f"From {origin.path}"


def action_of(origin: Origin) -> str:
    return "dashboard.provision" if origin.kind == "shipped" else "dashboard.sync"
