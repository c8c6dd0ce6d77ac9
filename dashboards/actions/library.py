"""Keep, change and remove library widgets; the dashboards that they stand on follow at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from analytics.insights.models import RUN_SQL
from dashboards.actions.documents import store
from dashboards.actions.recording import recorded
from dashboards.document import free_key
from dashboards.library import LibraryDraft, filled, unlinked, used_on
from dashboards.models import Dashboard, LibraryWidget
from dashboards.shapes import document_of
from portal.accounts.access import require
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.stale import Stale

Json = dict[str, Any]


@transaction.atomic
def keep_in_library(actor: User, draft: LibraryDraft, now: datetime) -> LibraryWidget:
    """Make a library widget. Raises MissingPermission for SQL that the actor may not run."""
    require_sql(actor, draft.definition, {})
    row = LibraryWidget.objects.create(
        uid=free_key(draft.name, set(LibraryWidget.objects.values_list("uid", flat=True))),
        name=draft.name, description=draft.description, definition=draft.definition,
        created_by=actor, created_at=now, updated_at=now,
    )  # fmt: skip
    trail.record(actor, "library_widget.create", row, Change(after=said(row)))
    return row


@transaction.atomic
def change_library_widget(
    actor: User, row: LibraryWidget, draft: LibraryDraft, version: int | None, now: datetime
) -> LibraryWidget:
    """Change a library widget, and with it every dashboard that it stands on, each as a new version.

    Raises Stale when somebody changed it meanwhile, MissingPermission for SQL that the actor may not run.
    """
    found = LibraryWidget.objects.select_for_update().get(pk=row.pk)
    if version is not None and version != found.version:
        yours = {"name": draft.name, "definition": draft.definition, "version": version}
        raise Stale({**said(found), "definition": found.definition}, yours)
    before = said(found)
    if (found.name, found.description, found.definition) == (
        draft.name, draft.description, draft.definition,
    ):  # fmt: skip
        return found
    require_sql(actor, draft.definition, found.definition)
    found.name, found.description, found.definition = (
        draft.name,
        draft.description,
        draft.definition,
    )
    found.version += 1
    found.updated_at = now
    found.save()
    trail.record(actor, "library_widget.change", found, Change(before, said(found)))
    carry(actor, found, filled, now, f"Library widget “{found.name}” changed")
    return found


@transaction.atomic
def remove_from_library(actor: User, row: LibraryWidget, now: datetime) -> None:
    """Remove a library widget; the boxes that showed it keep what it was as their own."""
    found = LibraryWidget.objects.select_for_update().get(pk=row.pk)
    trail.record(actor, "library_widget.delete", found, Change(before=said(found)))

    def cut(document: Json) -> Json:
        boxes = document["widgets"]
        kept = [
            unlinked(one) if one["config"].get("library") == found.uid else one for one in boxes
        ]
        return {**document, "widgets": kept}

    carry(actor, found, cut, now, f"Library widget “{found.name}” removed")
    found.delete()


def carry(
    actor: User, row: LibraryWidget, change: Callable[[Json], Json], now: datetime, note: str
) -> None:
    """Bring the dashboards that a library widget stands on to what it is now."""
    ids = [board.pk for board in used_on([row.uid])[row.uid]]
    for board in Dashboard.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        store(actor, board, change(document_of(board)), now, note=note)


def require_sql(actor: User, wanted: Json, before: Json) -> None:
    is_same = (wanted["source"], wanted["query"]) == (before.get("source"), before.get("query"))
    if wanted["source"] == "sql" and not is_same:
        require(actor, RUN_SQL)


def said(row: LibraryWidget) -> Json:
    """Return what the trail says of a library widget."""
    return {
        "uid": row.uid, "name": row.name, "description": row.description, "version": row.version,
        "definition": recorded(row.definition),
    }  # fmt: skip
