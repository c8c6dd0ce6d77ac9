"""SQL that somebody typed, with values for its parameters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics.insights.definitions.reading import Reader, name_of
from portal.lib.field_error import FieldError

MAX_PARAMETERS = 100


@dataclass(frozen=True)
class Sql:
    """A statement, and values by the names of its {name:Type}; types are checked where it runs."""

    query: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def parse_sql(body: Mapping[str, Any]) -> Sql:
    """Read the body of POST /api/v1/insights/sql without its time range. Raises FieldError."""
    reader = Reader(body)
    query, parameters = reader.take("query"), reader.take("parameters")
    reader.finish()
    if not isinstance(query, str):
        raise FieldError("query", f"This must be a string, not {name_of(query)}.")
    if parameters is None:
        return Sql(query)
    if not isinstance(parameters, Mapping):
        raise FieldError("parameters", f"This must be an object, not {name_of(parameters)}.")
    if len(parameters) > MAX_PARAMETERS:
        raise FieldError("parameters", f"This has {MAX_PARAMETERS} entries at most.")
    return Sql(query, dict(parameters))
