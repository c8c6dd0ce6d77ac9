"""Add a widget to a dashboard from elsewhere: from a page of Explore, or by the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from dashboards.actions.documents import create, store
from dashboards.document import LONGEST_NAME, MOST_WIDGETS, checked, free_key, widget
from dashboards.models import Dashboard, Widget
from dashboards.shapes import document_of
from portal.accounts.models import User
from portal.lib.field_error import FieldError


@dataclass(frozen=True)
class NewWidget:
    """A box to add; its place is found."""

    title: str
    kind: str
    source: str
    query: str
    w: int
    h: int
    description: str = ""
    refresh_interval_ms: int = 30_000
    config: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "query": self.query,
            "refresh_interval": self.refresh_interval_ms,
            "position": {"w": self.w, "h": self.h},
            "config": {**self.config, "kind": self.kind},
        }


def create_dashboard(actor: User, *, name: str, now: datetime, starts: str = "") -> Dashboard:
    """Make an empty dashboard that only its owner sees. Raises FieldError for its name.

    `starts` is where its usual range begins, such as "-30d".
    """
    check_named(name, "name", "A dashboard")
    return create(actor, checked({"name": name, "time": {"from": starts}}), now)


@transaction.atomic
def add_widget(actor: User, dashboard: Dashboard, new: NewWidget, now: datetime) -> Widget:
    """Put a box onto the first free place. Raises FieldError for its title, or a full dashboard."""
    check_named(new.title, "title", "A widget")
    found = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    document = document_of(found)
    if len(document["widgets"]) >= MOST_WIDGETS:
        message = f"A dashboard has {MOST_WIDGETS} widgets at most; choose another."
        raise FieldError("dashboard", message)
    added = widget(new.as_json())
    added["id"] = free_key(added["title"], {one["id"] for one in document["widgets"]})
    document["widgets"].append(added)
    store(actor, found, checked(document), now, action="widget.create")
    return found.widgets.get(key=added["id"])


def check_named(name: str, field_name: str, what: str) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME or "\0" in name:
        message = f"{what} needs a name of at most {LONGEST_NAME} characters."
        raise FieldError(field_name, message)
