"""Bring a dashboard in from a file or from Grafana."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dashboards.actions.documents import (
    NOTHING,
    checked_uid,
    free_uid,
    keep_version,
    store,
    write,
)
from dashboards.actions.recording import changed_widgets
from dashboards.askable import check_rights
from dashboards.importing import Read
from dashboards.models import Dashboard
from dashboards.shapes import document_of
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError


@transaction.atomic
def import_dashboard(actor: User, read: Read, now: datetime, *, name: str = "") -> Dashboard:
    """Make a dashboard of one's own of what was read; it has its uid unless that is taken.

    A query that cannot be asked comes along as it is: its box says what is wrong. Raises FieldError
    for a name, and MissingPermission for SQL that the actor may not run.
    """
    document = {**read.document, "name": named(name)} if name.strip() else read.document
    check_rights(actor, NOTHING, document)
    made = Dashboard(uid=wanted_uid(read), created_by=actor, version=1)
    write(made, document)
    keep_version(actor, made, document, now, note_of(read))
    after = {"uid": made.uid, "name": made.name, "from": read.form, "lost": read.count("lost")}
    after |= changed_widgets(NOTHING, document)[1]
    trail.record(actor, "dashboard.import", made, Change(after=after))
    return made


@transaction.atomic
def import_over(actor: User, dashboard: Dashboard, read: Read, now: datetime) -> Dashboard:
    """Make what was read the next version of a dashboard. Raises MissingPermission for SQL."""
    found = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    check_rights(actor, document_of(found), read.document)
    note = note_of(read)
    return store(actor, found, read.document, now, note=note, action="dashboard.import")


def named(name: str) -> str:
    if len(name.strip()) > 120 or "\0" in name:
        raise FieldError("name", "A name has 120 characters at most.")
    return name.strip()


def wanted_uid(read: Read) -> str:
    """Return the uid that the dashboard had, where it can have that here."""
    try:
        return checked_uid(read.uid)
    except FieldError:
        return free_uid(read.document["name"])


def note_of(read: Read) -> str:
    if read.form != "grafana":
        return "Imported from a file"
    lost = read.count("lost")
    return (
        f"Imported from Grafana; {lost} properties could not be kept"
        if lost
        else "Imported from Grafana"
    )
