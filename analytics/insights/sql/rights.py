"""Data sets as one condition of the engine on an event. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analytics.insights.definitions.filters import PropertyFilter
from analytics.insights.sql.comparisons import compared
from analytics.insights.sql.literals import Literals, whole_numbers


def held(sources: Sequence[int], filters: Iterable[PropertyFilter]) -> str:
    """Return the condition that an event is in one data set; nothing where all are."""
    params = Literals()
    found = [compared(one, params, "person") for one in filters]
    if sources:
        found.insert(0, f"source IN {whole_numbers(sources)}")
    return " AND ".join(f"({one})" for one in found)


def any_of(conditions: Iterable[str]) -> str:
    """Return the condition that one of several holds, the same in whatever order they come."""
    return " OR ".join(f"({one})" for one in sorted(set(conditions)))
