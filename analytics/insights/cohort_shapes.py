"""How cohorts look as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.insights import nesting
from analytics.insights.cohorts import Found
from analytics.insights.models import Cohort, CohortSize

Json = dict[str, Any]


def whole(row: Cohort, *, reads_all: bool) -> Json:
    """Return a cohort with its list, the size that was noted last, and who uses it.

    Sizes are noted over all events: only who reads all of them is told.
    """
    found = nesting.outlined()
    note = row.sizes.order_by("at").last() if reads_all else None
    used = used_by(row, nesting.users(found), found)
    return as_json(row, row.whole_definition, note) | {"used_by": used}


def as_json(row: Cohort, definition: Json, note: CohortSize | None) -> Json:
    return {
        "id": row.pk,
        "name": row.name,
        "description": row.description,
        "definition": definition,
        "listed": row.listed,
        "version": row.version,
        "created_by": row.created_by.email if row.created_by else "system",
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "size": note.size if note else None,
        "size_at": note.at if note else None,
    }


def used_by(row: Cohort, used: Mapping[int, list[int]], found: Mapping[int, Found]) -> list[Json]:
    """Return the cohorts that are made of this one."""
    return [{"id": user, "name": found[user].name} for user in used.get(row.pk, ())]
