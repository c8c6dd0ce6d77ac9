"""What stands above a board: its variables, and how it is looked at."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from analytics.insights.models import ANNOTATE
from dashboards.annotations import annotation_kinds
from dashboards.looking import Look, marks_of
from dashboards.models import Dashboard
from dashboards.variables.selection import CannotFill
from dashboards.variables.text import in_text
from portal.accounts.models import User
from portal.lib import clock


def said(text: str, look: Look, now: datetime) -> str:
    """Return what a dashboard says of itself, with the chosen values where they can stand."""
    try:
        return in_text(text, look.values(now), look.built_in(now))
    except CannotFill:
        return text


def look_bar(found: Dashboard, look: Look, user: User) -> dict[str, Any]:
    """Return the context of the bar above a dashboard's board."""
    now = clock.now()
    kinds = [{"kind": one.kind, "label": one.label} for one in annotation_kinds]
    return {
        "variables": [one.as_json() for one in look.states(now).values()],
        "mark_kinds": json.dumps(kinds),
        "marks": ",".join(sorted(marks_of(found, ""))),
        "may_annotate": user.has_perm(ANNOTATE),
        "time_zone": look.zone,
        "subtitle": said(found.description, look, now),
    }
