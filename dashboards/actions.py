"""Everything that people change about dashboards."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from dashboards.layout import Area, free_place
from dashboards.models import Dashboard, Widget
from dashboards.shapes import size_of, widget_as_json
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish

MOST_WIDGETS = 100
LONGEST_NAME = 120


@dataclass(frozen=True)
class NewWidget:
    """A box to add; its place is found."""

    title: str
    type: str
    kind: str
    source: str
    query: str
    w: int
    h: int
    description: str = ""
    refresh_interval_ms: int = 30_000
    config: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def create_dashboard(actor: User, *, name: str, starts: str = "") -> Dashboard:
    """Make an empty dashboard that only its owner sees. Raises FieldError for its name.

    `starts` is where its usual range begins, such as "-30d".
    """
    name = checked_name(name, "name", "A dashboard")
    time = {"from": starts, "to": ""} if starts else {}
    dashboard = Dashboard.objects.create(uid=free_uid(name), name=name, created_by=actor, time=time)
    after = {"uid": dashboard.uid, "name": name, "is_public": False}
    trail.record(actor, "dashboard.create", dashboard, Change(after=after))
    return dashboard


@transaction.atomic
def add_widget(actor: User, dashboard: Dashboard, new: NewWidget) -> Widget:
    """Put a box onto the first free place. Raises FieldError for its title, or a full dashboard."""
    title = checked_name(new.title, "title", "A widget")
    found = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    present = list(found.widgets.all())
    if len(present) >= MOST_WIDGETS:
        message = f"A dashboard has {MOST_WIDGETS} widgets at most; choose another."
        raise FieldError("dashboard", message)
    place = free_place((Area(one.x, one.y, one.w, one.h) for one in present), new.w, new.h)
    widget = Widget.objects.create(
        dashboard=found, key=free_key(title, {one.key for one in present}), title=title,
        description=new.description, type=new.type, kind=new.kind, source=new.source,
        query=new.query, refresh_interval_ms=new.refresh_interval_ms, size=size_of(place.w),
        x=place.x, y=place.y, w=place.w, h=place.h, config=new.config,
    )  # fmt: skip
    found.version += 1
    found.save(update_fields=["version", "updated_at"])
    after = {"widget": widget_as_json(widget), "version": found.version}
    trail.record(actor, "widget.create", found, Change(after=after))
    transaction.on_commit(partial(publish.changed, "dashboards", found.uid))
    return widget


def checked_name(name: str, field_name: str, what: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        message = f"{what} needs a name of at most {LONGEST_NAME} characters."
        raise FieldError(field_name, message)
    return name


def free_uid(name: str) -> str:
    """Return an address for a dashboard: its name, numbered where that is taken."""
    taken = set(Dashboard.objects.values_list("uid", flat=True))
    return free_key(name, taken | {"add"})


def free_key(name: str, taken: set[str]) -> str:
    base = slugify(name)[:50].strip("-") or "box"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(one for one in numbered if one not in taken)
