"""How library widgets look as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from dashboards.library import used_on
from dashboards.models import Dashboard, LibraryWidget
from portal.accounts.access import visible
from portal.accounts.models import User

Json = dict[str, Any]


def listed_as_json(user: User) -> list[Json]:
    """Return all library widgets that somebody may use."""
    rows = list(visible(user, LibraryWidget).select_related("created_by"))
    boards = used_on(row.uid for row in rows)
    seen = set(visible(user, Dashboard).values_list("pk", flat=True))
    return [as_json(row, boards[row.uid], seen) for row in rows]


def row_as_json(user: User, row: LibraryWidget) -> Json:
    boards = used_on([row.uid])[row.uid]
    ids = [board.pk for board in boards]
    return as_json(
        row, boards, set(visible(user, Dashboard).filter(pk__in=ids).values_list("pk", flat=True))
    )


def as_json(row: LibraryWidget, boards: Sequence[Dashboard], seen: set[int]) -> Json:
    """Return one with how many dashboards it stands on, and those of them that may be seen."""
    return {
        "uid": row.uid,
        "name": row.name,
        "description": row.description,
        "definition": row.definition,
        "version": row.version,
        "created_by": row.created_by.email if row.created_by else "system",
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "dashboards": len(boards),
        "used_on": [{"uid": one.uid, "name": one.name} for one in boards if one.pk in seen],
        "url": row.get_absolute_url(),
        "api": reverse("api-library-widget", args=[row.uid]),
    }
