"""The source `samples`: the frequent values of a property, for pickers.

Asked with `property`, `of`, and optionally `event`, `matching` and `limit`; the window is needed
for events only. Columns: `value` (text), `type`, `found` (events, or persons).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.insights.definitions.samples import parse_samples
from analytics.insights.sql import samples as sql
from analytics.insights.sql.values import value_of
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.sources import Question, sources

TYPES = {"s": "string", "n": "number", "b": "boolean"}
COLUMNS = (
    Column("value", "string", "Value"),
    Column("type", "string", "Type"),
    Column("found", "number", "Found", "count"),
)


@dataclass(frozen=True)
class SampleSource:
    kind: str = "samples"
    label: str = "Values of a property"

    def run(self, question: Question) -> Frame:
        """Answer the most frequent values first. Raises FieldError."""
        asked = parse_samples(question.params)
        if asked.property.of == "person":
            query = sql.of_people(asked, question.person)
        elif question.window is None:
            raise FieldError("from", "Values of events need a time range.")
        else:
            query = sql.of_events(asked, question.window, question.person)
        result, meta = question.run(query)
        rows = [as_json(key, found) for key, found in result.rows()]
        values = tuple([row[column.name] for row in rows] for column in COLUMNS)
        return Frame(COLUMNS, values, meta, {"values": rows})


def as_json(key: str, found: int) -> dict[str, Any]:
    return {"value": value_of(key), "type": TYPES[key[0]], "found": found}


sources.add(SampleSource())
