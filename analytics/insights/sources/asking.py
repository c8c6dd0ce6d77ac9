"""What sources share while they answer: run queries, add up what they cost, say what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from analytics.insights.definitions.paths import Paths
from analytics.insights.definitions.sessions import Sessions
from analytics.insights.kept.days import Found
from analytics.insights.kept.use import kept_rows
from analytics.insights.kept.visits import kept_selection
from analytics.insights.sql.kept import KeptSelection
from portal.lib.field_error import FieldError
from portal.store.client import QueryFailed, Result
from portal.store.frame import Meta
from portal.store.native import Columns
from portal.store.query import Query, TimeRange
from portal.store.sources import Question

CANNOT_COMPILE_PATTERN = 427
LONGEST_WAIT_S = 120.0  # for rows of sessions that are read for the first time


@dataclass
class Asking:
    """One question on its way to an answer."""

    question: Question
    costs: list[Meta] = field(default_factory=list)

    def run(self, query: Query) -> Result:
        """Run a query. Raises FieldError, client.QueryFailed, client.EngineUnavailable."""
        try:
            result, cost = self.question.run(query)
        except QueryFailed as error:
            raise translated(error) from error
        self.costs.append(cost)
        return result

    def read(self, query: Query) -> Columns:
        """Run a query of very many rows. Raises as `run` does."""
        try:
            columns, cost = self.question.read_columns(query)
        except QueryFailed as error:
            raise translated(error) from error
        self.costs.append(cost)
        return columns

    def kept(self, selection: KeptSelection, window: TimeRange) -> Found | None:
        """Return kept rows where they are the better way. Raises as `run` does."""
        return self._taken(kept_rows(selection, window, self.question, self.read))

    def visits(self, asked: Paths | Sessions, window: TimeRange) -> Found | None:
        """Return the kept rows of sessions, read if need be: the engine takes longer."""
        selection = kept_selection(asked)
        if selection is None:
            return None
        return self._taken(
            kept_rows(
                selection, window, self.question, self.read, is_worth_it=True, wait_s=LONGEST_WAIT_S
            )
        )

    def _taken(self, kept: tuple[Found, Meta] | None) -> Found | None:
        if kept is None:
            return None
        self.costs.append(kept[1])
        return kept[0]

    def meta(self, warnings: Sequence[str], counted: Sequence[str]) -> Meta:
        """Return what all queries cost together, with what is to be said of the answer."""
        spent = reduce(Meta.plus, self.costs, Meta(as_of=self.question.as_of))
        return replace(
            spent, warnings=(*dict.fromkeys(spent.warnings), *warnings), counted=tuple(counted)
        )


def translated(error: QueryFailed) -> Exception:
    """Tell a pattern that the engine cannot read from other failures."""
    if error.code == CANNOT_COMPILE_PATTERN:
        return FieldError("where", f"The engine does not read this pattern: {error}")
    return error
