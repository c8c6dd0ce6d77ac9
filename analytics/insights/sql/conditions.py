"""Filters as SQL conditions. Pure."""

from __future__ import annotations

from analytics.insights.definitions.filters import Filter, PropertyFilter
from analytics.insights.sql.cohorts import Asked, membership
from analytics.insights.sql.comparisons import compared
from analytics.insights.sql.params import Params


def condition(found: Filter, params: Params, person: str) -> str:
    """Return the SQL of one filter over the events table."""
    if isinstance(found, PropertyFilter):
        return compared(found, params, person)
    return membership(found, Asked(params, person, condition))
