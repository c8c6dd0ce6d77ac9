"""A list of people: who, how many, and where the page before ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    MAX_ID,
    Filter,
    InCohort,
    parse_filter,
)
from analytics.insights.definitions.reading import Reader
from portal.lib.field_error import FieldError

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100
MAX_SEARCH = 200


@dataclass(frozen=True)
class PeopleList:
    """A checked list definition; `search` is part of an id or of a text that is known of somebody."""

    search: str = ""
    where: tuple[Filter, ...] = ()
    limit: int = DEFAULT_LIMIT


def parse_people_list(body: Mapping[str, Any], zone: ZoneInfo) -> PeopleList:
    """Read the parameters of GET /api/v1/people without the cursor. Raises FieldError."""
    reader = Reader(body)
    search = reader.text("search", "")
    if len(search) > MAX_SEARCH:
        raise FieldError("search", f"This has {MAX_SEARCH} characters at most.")
    where = reader.each("where", lambda one, path: of_person(one, path, zone), most=MAX_FILTERS)
    cohort = reader.integer("cohort", 0, low=1, high=MAX_ID)
    if cohort:
        where = (*where, InCohort(cohort, "in", "cohort"))
    limit = reader.integer("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    reader.finish()
    return PeopleList(search, where, limit)


def of_person(body: Any, path: str, zone: ZoneInfo) -> Filter:
    """Read a filter on what is known of a person today; `of` need not be said."""
    if isinstance(body, Mapping) and "cohort" not in body:
        if body.get("of") not in (None, "person"):
            message = "People are chosen by what is known of them: leave this out, or say person."
            raise FieldError(f"{path}.of", message)
        body = {**body, "of": "person"}
    return parse_filter(body, path, zone)
