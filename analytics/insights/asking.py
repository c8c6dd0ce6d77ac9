"""Several queries of one question, with what they cost together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from portal.store.frame import Meta
from portal.store.native import Columns
from portal.store.query import Query
from portal.store.sources import Question


@dataclass
class Asking:
    """Runs a question's queries one after another and adds up their costs."""

    question: Question
    costs: list[Meta] = field(default_factory=list)

    @property
    def person(self) -> str:
        return self.question.person

    def rows(self, query: Query) -> list[tuple[Any, ...]]:
        result, cost = self.question.run(query)
        self.costs.append(cost)
        return result.rows()

    def read(self, query: Query) -> Columns:
        """Run a query of very many rows."""
        columns, cost = self.question.read_columns(query)
        self.costs.append(cost)
        return columns

    def meta(self) -> Meta:
        return reduce(Meta.plus, self.costs) if self.costs else Meta(self.question.as_of)
