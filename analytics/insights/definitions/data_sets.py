"""What a data set holds, read from JSON: filters on the event itself. Pure.

Whose the event is may change by a merge, and what is known of a person by any later event; so
neither decides who may read it.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.definitions.filters import MAX_FILTERS, PropertyFilter, parse_filter
from portal.lib.field_error import FieldError

MOST_SOURCES = 500
MOST_ID = 2**32 - 1  # that the events' column holds


def parse_filters(body: Any, zone: ZoneInfo, path: str = "filters") -> tuple[PropertyFilter, ...]:
    """Read the filters of a data set. Raises FieldError."""
    if not isinstance(body, list) or len(body) > MAX_FILTERS:
        raise FieldError(path, f"This must be a list of {MAX_FILTERS} filters at most.")
    return tuple(_filter(one, f"{path}[{i}]", zone) for i, one in enumerate(body))


def _filter(body: Any, path: str, zone: ZoneInfo) -> PropertyFilter:
    found = parse_filter(body, path, zone)
    if not isinstance(found, PropertyFilter) or found.property.of != "event":
        raise FieldError(path, "A data set is told by properties of events, not by their persons.")
    return found


def parse_sources(body: Any, path: str = "sources") -> tuple[int, ...]:
    """Read the ids of sources. Raises FieldError."""
    if not isinstance(body, list) or len(body) > MOST_SOURCES:
        raise FieldError(path, f"This must be a list of {MOST_SOURCES} ids of sources at most.")
    for i, one in enumerate(body):
        if type(one) is not int or not 0 <= one <= MOST_ID:
            raise FieldError(f"{path}[{i}]", "This must be the id of a source.")
    return tuple(sorted(set(body)))
