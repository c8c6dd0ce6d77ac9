"""Make a widget of an insight: what it is drawn as, and how large."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied

from analytics.insights.definitions.reading import Reader
from analytics.insights.drafts import read_new
from analytics.insights.forms.shared import RANGE
from analytics.insights.keeping import OTHERWISE
from analytics.insights.models import RUN_SQL, SavedInsight
from analytics.insights.pages import Kept, address_of
from dashboards.actions import NewWidget
from dashboards.evaluate import CannotShow, Look, interval_for
from dashboards.evaluate import asked as asked_of
from dashboards.models import ADMINISTER, CHANGE, Widget
from dashboards.variables.selection import CannotFill
from dashboards.widgets import widgets
from portal.accounts.access import require, visible
from portal.accounts.models import User
from portal.lib.field_error import FieldError
from portal.lib.time_range import BadRange

# What an insight may be drawn as; the first is usual.
DRAWINGS: Mapping[str, tuple[str, ...]] = {
    "trend": ("line", "area", "bar", "stat", "table"),
    "funnel": ("funnel", "stat", "table"),
    "retention": ("retention", "table"),
    "lifecycle": ("lifecycle", "table"),
    "stickiness": ("stickiness", "table"),
    "paths": ("paths", "table"),
    "sessions": ("sessions", "table"),
    "sql": ("picture", "table"),
}
SIZES: Mapping[str, tuple[int, int]] = {
    "stat": (6, 3), "table": (8, 7), "funnel": (12, 7), "retention": (16, 8),
    "paths": (24, 9),
}  # fmt: skip
USUAL_SIZE = (12, 6)


def may_make(user: User) -> bool:
    """Tell whether somebody may make dashboards of their own."""
    return user.has_perm(CHANGE) or user.has_perm(ADMINISTER)


def require_may_make(user: User) -> None:
    """Raise PermissionDenied for somebody whose roles do not let them make dashboards."""
    if not may_make(user):
        raise PermissionDenied("Your roles do not let you change dashboards.")


def insight_in(body: Any, user: User, now: datetime) -> tuple[str, str, Kept]:
    """Read which insight to add: a saved one's id, or a definition. Returns its name, kind, what is kept.

    Raises FieldError, and MissingPermission where a kind needs more.
    """
    reader = Reader(body)
    if reader.take("insight") is not None:
        wanted = reader.integer("insight", 0, low=1, high=2**63 - 1)
        saved = visible(user, SavedInsight).filter(pk=wanted).first()
        if saved is None:
            raise FieldError("insight", "There is no saved insight with this id.")
        require_kind(user, saved.kind)
        return saved.name, saved.kind, Kept(saved.definition, saved.view)
    whole = {name: reader.take(name) for name in ("kind", "definition", "view")}
    require_kind(user, str(whole["kind"]))
    draft = read_new({"name": "x", **whole, "view": whole["view"] or {}}, now)
    return "", draft.kind, Kept(draft.definition, draft.view)


def require_kind(user: User, kind: str) -> None:
    if kind == "sql":
        require(user, RUN_SQL)


def drawings(kind: str, view: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an insight can be drawn as, (kind, label), what its page shows first."""
    known = [one for one in DRAWINGS.get(kind, ()) if one in widgets] or ["table"]
    shown = str(view.get("chart", ""))
    if shown in known:
        known = [shown, *(one for one in known if one != shown)]
    return [(one, widgets.get(one).label) for one in known]


def widget_of(title: str, kind: str, kept: Kept, drawn_as: str = "") -> NewWidget:
    """Return a widget that asks what is kept, over the dashboard's own range. Raises FieldError."""
    choices = [name for name, _ in drawings(kind, kept.view)]
    drawn_as = drawn_as or choices[0]
    if drawn_as not in choices:
        raise FieldError("drawn_as", f"This must be one of: {', '.join(choices)}.")
    w, h = SIZES.get(drawn_as, USUAL_SIZE)
    source, query, config = asked(kind, kept)
    return NewWidget(title, drawn_as, source, query, w, h, config=config)


def explore_url(widget: Widget, look: Look, now: datetime) -> str:
    """Return the address where Explore asks the same over the same range; nothing for other sources."""
    try:
        widget = look.filled(widget, now)
        kind, definition = asked_of(widget)
        chosen = look.range_at(now)
    except (CannotShow, CannotFill, BadRange):
        return ""
    if kind == "trend":
        definition.setdefault("interval", interval_for(chosen.end - chosen.start))
    given = {RANGE.get(name, name): look.chosen.get(name) for name in ("from", "to", "tz")}
    given = {name: value for name, value in given.items() if value}
    view = {**widget.config, "chart": widget.kind}
    whole = definition if kind == "sql" else {**definition, "from": look.default, **given}
    return address_of(kind, Kept(whole, view), now)


def asked(kind: str, kept: Kept) -> tuple[str, str, dict[str, Any]]:
    """Return source, query and config. The range is the dashboard's, and so is a fitting interval."""
    left_out = {*OTHERWISE, *(["interval"] if kept.view.get("fits") else [])}
    definition = {name: value for name, value in kept.definition.items() if name not in left_out}
    if kind == "sql":
        parameters = definition.get("parameters") or {}
        return "sql", definition["query"], {"parameters": parameters} if parameters else {}
    config: dict[str, Any] = {
        name: kept.view[name] for name in ("view", "shown", "drawn", "measure") if name in kept.view
    }
    return "insight", json.dumps({"kind": kind, "definition": definition}), config
