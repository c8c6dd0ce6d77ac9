"""A look at the values of a property, for pickers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.insights.definitions.filters import Property, parse_property
from analytics.insights.definitions.reading import Reader

DEFAULT_LIMIT, MAX_LIMIT = 30, 200


@dataclass(frozen=True)
class Samples:
    """The property, the event that it is looked up on (empty: any), and what values contain."""

    property: Property
    event: str = ""
    matching: str = ""
    limit: int = DEFAULT_LIMIT


def parse_samples(body: Mapping[str, Any]) -> Samples:
    """Read the parameters of the source `samples`. Raises FieldError."""
    reader = Reader(body)
    found = Samples(
        parse_property(reader),
        reader.text("event", ""),
        reader.text("matching", ""),
        reader.integer("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT),
    )
    reader.finish()
    return found
