"""The source `person_properties`: which properties persons have, for pickers.

Columns: `name`, `types` (JSON list), `found` (persons), the most frequent first.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.insights.sql import people as sql
from portal.store.frame import Column, Frame
from portal.store.sources import Question, sources

COLUMNS = (
    Column("name", "string", "Property"),
    Column("types", "json", "Types"),
    Column("found", "number", "People", "count"),
)


@dataclass(frozen=True)
class PersonProperties:
    kind: str = "person_properties"
    label: str = "Properties of persons"

    def run(self, question: Question) -> Frame:
        result, meta = question.run(sql.keys(question.person))
        rows = result.rows()
        return Frame(COLUMNS, tuple([row[n] for row in rows] for n in range(len(COLUMNS))), meta)


sources.add(PersonProperties())
