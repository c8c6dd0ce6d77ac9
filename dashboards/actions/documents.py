"""Make, save, restore, copy and remove dashboards; each save is a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from dashboards.actions.recording import changed_widgets
from dashboards.askable import check_changed
from dashboards.document import free_key
from dashboards.library import filled
from dashboards.merging import merge
from dashboards.models import CHANGE, Dashboard, DashboardVersion, Widget
from dashboards.shapes import document_of, values_of
from portal.accounts.actions import check_may_place, forget
from portal.accounts.models import Folder, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.live import publish

Json = dict[str, Any]
RESERVED = {"add", "new", "import"}  # what stands in an address where a dashboard's uid does
NOTHING: Json = {
    "name": "", "description": "", "tags": [], "time": {}, "variables": [], "tabs": [],
    "annotations": [], "links": [], "widgets": [],
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a new dashboard stands: its address ("": made of its name), its folder, who sees it."""

    uid: str = ""
    folder: Folder | None = None
    is_public: bool = False


ANYWHERE = Place()


@transaction.atomic
def create(
    actor: User, document: Json, now: datetime, place: Place = ANYWHERE, note: str = ""
) -> Dashboard:
    """Make a dashboard that only its owner sees, unless its place says otherwise.

    Raises FieldError for a uid that is taken and for what the actor may not ask.
    """
    check_may_place(actor, place.folder, CHANGE)
    document = filled(document)
    check_changed(actor, NOTHING, document, now)
    dashboard = Dashboard(
        uid=checked_uid(place.uid) if place.uid else free_uid(document["name"]),
        created_by=actor,
        folder=place.folder,
        is_public=place.is_public,
        version=1,
    )
    write(dashboard, document)
    keep_version(actor, dashboard, document, now, note)
    after = {"uid": dashboard.uid, "name": dashboard.name, "is_public": place.is_public}
    added = changed_widgets(NOTHING, document)[1]
    trail.record(actor, "dashboard.create", dashboard, Change(after={**after, **added}))
    return dashboard


@transaction.atomic
def save(
    actor: User, dashboard: Dashboard, document: Json, version: int, now: datetime, note: str = ""
) -> Dashboard:
    """Save a document over the version that it was made on; equal ones change nothing.

    Raises Stale when somebody saved meanwhile, with what both sides make together, and FieldError
    for a version that never was and for what the actor may not ask.
    """
    found = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    current = document_of(found)
    if version != found.version:
        raise stale(found, current, document, version)
    document = filled(document)
    check_changed(actor, current, document, now)
    return store(actor, found, document, now, note=note)


def stale(found: Dashboard, current: Json, document: Json, version: int) -> Stale:
    """Say what stands there, what was to be saved, and what both make together."""
    base = found.versions.filter(number=version).first()
    if base is None:
        message = f"This must be the version that was read; it is at {found.version}."
        raise FieldError("version", message)
    merged, conflicts = merge(base.document, document, current)
    more = {
        "base": base.document, "merged": merged,
        "conflicts": [conflict.as_json() for conflict in conflicts],
    }  # fmt: skip
    around = {"uid": found.uid, "version": found.version}
    return Stale({**around, **current}, {**around, "version": version, **document}, more)


@transaction.atomic
def restore(
    actor: User, dashboard: Dashboard, number: int, version: int | None, now: datetime
) -> Dashboard:
    """Make an earlier version the newest one; nothing of the history goes. Raises FieldError, Stale."""
    found = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    wanted = found.versions.filter(number=number).first()
    if wanted is None:
        raise FieldError("version", f"There is no version {number} of this dashboard.")
    if version is not None and version != found.version:
        raise stale(found, document_of(found), wanted.document, version)
    note = f"Restored version {number}"
    return store(actor, found, filled(wanted.document), now, note=note, action="dashboard.restore")


def store(
    actor: User | None, dashboard: Dashboard, document: Json, now: datetime, *, note: str = "",
    action: str = "dashboard.change",
) -> Dashboard:  # fmt: skip
    """Write a document as the next version of a locked dashboard, whoever may have made it."""
    before = document_of(dashboard)
    if before == document:
        return dashboard
    keep_version(None, dashboard, before, dashboard.updated_at, "")
    dashboard.version += 1
    write(dashboard, document)
    keep_version(actor, dashboard, document, now, note)
    old, new = changed_widgets(before, document)
    own = [name for name in document if name != "widgets" and before[name] != document[name]]
    change = Change(
        before={"version": dashboard.version - 1, **{name: before[name] for name in own}, **old},
        after={"version": dashboard.version, **{name: document[name] for name in own}, **new},
    )
    trail.record(actor, action, dashboard, change)
    transaction.on_commit(partial(publish.changed, "dashboards", dashboard.uid))
    return dashboard


def write(dashboard: Dashboard, document: Json) -> None:
    """Bring the rows to what a document says."""
    for name in document.keys() - {"widgets"}:
        setattr(dashboard, name, document[name])
    dashboard.save()
    rows = {row.key: row for row in dashboard.widgets.all()}
    wanted = {widget["id"]: values_of(widget) for widget in document["widgets"]}
    dashboard.widgets.filter(key__in=rows.keys() - wanted.keys()).delete()
    made = [Widget(dashboard=dashboard, **wanted[key]) for key in wanted if key not in rows]
    Widget.objects.bulk_create(made)
    kept = [with_values(rows[key], wanted[key]) for key in wanted if key in rows]
    if kept:
        Widget.objects.bulk_update(kept, [*values_of(document["widgets"][0])])


def with_values(row: Widget, values: Json) -> Widget:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def keep_version(
    actor: User | None, dashboard: Dashboard, document: Json, at: datetime, note: str
) -> None:
    """Keep a document as the dashboard's present version, unless that is there already."""
    DashboardVersion.objects.get_or_create(
        dashboard=dashboard,
        number=dashboard.version,
        defaults={"document": document, "note": note[:200], "created_by": actor, "created_at": at},
    )


@transaction.atomic
def duplicate(actor: User, dashboard: Dashboard, now: datetime, *, name: str = "") -> Dashboard:
    """Make a dashboard of one's own that begins as this one is."""
    document = document_of(dashboard)
    document["name"] = (name.strip() or f"{dashboard.name} (copy)")[:120]
    copy = Dashboard(uid=free_uid(document["name"]), created_by=actor, version=1)
    write(copy, document)
    keep_version(actor, copy, document, now, f"Copied from {dashboard.name}")
    after = {"uid": copy.uid, "name": copy.name, "copy_of": dashboard.uid}
    trail.record(actor, "dashboard.create", copy, Change(after=after))
    return copy


@transaction.atomic
def remove(actor: User, dashboard: Dashboard) -> None:
    """Remove a dashboard, its versions and who it is shared with."""
    before = {"uid": dashboard.uid, "name": dashboard.name, "version": dashboard.version}
    trail.record(actor, "dashboard.delete", dashboard, Change(before=before))
    forget("dashboard", dashboard.pk)
    uid = dashboard.uid
    dashboard.delete()
    transaction.on_commit(partial(publish.changed, "dashboards", uid))


def checked_uid(uid: str) -> str:
    """Raise FieldError for an address that a dashboard cannot have, or another one has."""
    plain = uid.isascii() and uid.replace("-", "").replace("_", "").isalnum()
    if not plain or len(uid) > 64 or uid in RESERVED:
        raise FieldError("uid", "This must be letters, digits, - and _, at most 64 of them.")
    if Dashboard.objects.filter(uid=uid).exists():
        raise FieldError("uid", "Another dashboard has this uid; leave it out to get a free one.")
    return uid


def free_uid(name: str) -> str:
    """Return an address for a dashboard: its name, numbered where that is taken."""
    return free_key(name, set(Dashboard.objects.values_list("uid", flat=True)) | RESERVED)
