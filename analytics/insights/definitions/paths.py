"""Paths: what people did one after the other within a session. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Filter,
    Property,
    parse_filter,
    parse_property,
)
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.trend import parse_sampling
from portal.lib.field_error import FieldError

Scalar = str | float | bool
MAX_STEPS = 20
DEFAULT_STEPS, DEFAULT_GAP_MINUTES = 5, 30
LONGEST_GAP_MINUTES = 24 * 60


@dataclass(frozen=True)
class Paths:
    """A checked paths definition; `by` is None for the events' names.

    `start` and `end` are a name or a value of the property; None is wherever the session begins, ends.
    """

    start: Scalar | None = None
    end: Scalar | None = None
    steps: int = DEFAULT_STEPS
    by: Property | None = None
    session_gap_minutes: int = DEFAULT_GAP_MINUTES
    min_users: int = 1
    where: tuple[Filter, ...] = ()
    sampling: float = 1.0


def parse_paths(body: Mapping[str, Any], zone: ZoneInfo) -> Paths:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    if reader.choice("kind", ("paths",), "paths") != "paths":
        raise FieldError("kind", "These are not paths.")
    by = _by(reader.take("by"))
    found = Paths(
        start=_edge(reader, "start", by),
        end=_edge(reader, "end", by),
        steps=reader.integer("steps", DEFAULT_STEPS, low=2, high=MAX_STEPS),
        by=by,
        session_gap_minutes=reader.integer(
            "session_gap_minutes", DEFAULT_GAP_MINUTES, low=1, high=LONGEST_GAP_MINUTES
        ),
        min_users=reader.integer("min_users", 1, low=1, high=1_000_000_000),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        sampling=parse_sampling(reader),
    )
    reader.finish()
    return found


def _edge(reader: Reader, name: str, by: Property | None) -> Scalar | None:
    """Take a name; of a property also a number or true and false, as its values are."""
    if by is not None and isinstance(reader.values.get(name), bool | int | float):
        found: Scalar = reader.take(name)
        return found
    return reader.text(name, "") or None


def _by(body: Any) -> Property | None:
    if body is None or body == "event":
        return None
    if not isinstance(body, Mapping):
        raise FieldError("by", 'This must be "event" or {"property": "…"}.')
    reader = Reader(body, "by")
    found = parse_property(reader)
    reader.finish()
    if found.of == "person":
        raise FieldError("by.of", "A person's property does not change along a path.")
    return found
