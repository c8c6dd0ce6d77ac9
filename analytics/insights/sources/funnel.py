"""The source `funnel`: how many persons take steps one after the other inside a window.

Asked with the body of POST /api/v1/insights/funnel without its time range, which is the question's
window. Columns: one row a step (and a value of the breakdown); `extra` is the contract's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from analytics.insights import conversions, counted_funnel, engine_journeys
from analytics.insights.buckets import Grid, TooManyPoints, cut
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.funnel import Funnel, parse_funnel
from analytics.insights.definitions.reading import Reader
from analytics.insights.journeys import Journeys, journeys
from analytics.insights.kept.attempts import kept_journeys, kept_selection
from analytics.insights.kept.use import kept_rows
from analytics.insights.people import Members
from analytics.insights.sources.asking import translated
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sources.trend import named
from analytics.insights.sql.funnel import reach
from analytics.insights.sql.funnel_in_engine import reason_against
from analytics.insights.sql.trend import last_seen
from portal.lib.field_error import FieldError
from portal.store import nodes
from portal.store.client import QueryFailed
from portal.store.frame import Column, Frame, Meta
from portal.store.native import Columns
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, sources

Json = dict[str, Any]
COLUMNS = (
    Column("step", "number", "Step"),
    Column("label", "string", "Event"),
    Column("breakdown", "string", "Breakdown"),
    Column("users", "number", "People", "count"),
    Column("conversion_rate", "number", "Of step 1", "ratio"),
    Column("from_previous", "number", "Of the step before", "ratio"),
    Column("median_seconds", "number", "Median time", "s"),
    Column("average_seconds", "number", "Average time", "s"),
)


@dataclass(frozen=True)
class Asked:
    """A funnel question made ready, and what running it has cost so far."""

    funnel: Funnel
    window: TimeRange
    question: Question
    costs: list[Meta]

    def read(self, query: Query) -> Columns:
        try:
            columns, cost = self.question.read_columns(query)
        except QueryFailed as error:
            raise translated(error) from error
        self.costs.append(cost)
        return columns

    def journeys(self, grid: Grid | None = None, *, named: bool = False) -> Journeys:
        """Find each person's best attempt: where the rows are, or by a pass over the rows."""
        question, selection = self.question, kept_selection(self.funnel)
        about = (self.funnel, self.window, question.as_of, question.person, self.read)
        if finds_in_engine() and not reason_against(self.funnel, has_trend=grid is not None):
            self.costs.append(Meta(question.as_of, forms=("shards",)))
            return engine_journeys.journeys(*about, named=named)
        if selection is not None:
            wide = reach(self.funnel, self.window)
            kept = kept_rows(selection, wide, question, self.read, is_worth_it=True)
            if kept is not None:
                self.costs.append(kept[1])
                return kept_journeys(self.funnel, self.window, question.as_of, kept[0], grid)
        return journeys(*about, grid)


def finds_in_engine() -> bool:
    """Tell whether rows are on many machines, so that they should not come here."""
    return nodes.cluster() is not None


def asked(question: Question) -> Asked:
    """Read a question's parameters. Raises FieldError."""
    if question.window is None:
        raise FieldError("from", "A funnel needs a time range.")
    funnel = resolved(parse_funnel(question.params, question.window.tzinfo), question.as_of)
    return Asked(funnel, question.window, question, [])


@dataclass(frozen=True)
class FunnelSource:
    kind: str = "funnel"
    label: str = "Funnel"
    cell: tuple[str, ...] = ("step", "outcome", "value")

    def run(self, question: Question) -> Frame:
        """Answer a funnel. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        ready = asked(question)
        grid = grid_of(ready)
        complete = complete_of(ready, grid) if grid else []
        body = conversions.answer(ready.funnel, ready.journeys(grid), grid, complete)
        warnings = (
            *warnings_of(ready, body),
            *marks(ready.funnel),
            *travels(ready.funnel, has_trend=grid is not None),
        )
        spent = reduce(Meta.plus, ready.costs)
        meta = replace(
            spent,
            warnings=(*dict.fromkeys(spent.warnings), *warnings),
            counted=tuple(counted_funnel.sentences(ready.funnel, ready.window)),
        )
        return Frame(COLUMNS, cells(body), meta, body)

    def check(self, question: Question) -> Funnel:
        """Return the definition that is asked. Raises FieldError."""
        return asked(without_previous(question)).funnel

    def members(self, question: Question, cell: Reader) -> Members:
        """Return who reached `step`, or with `outcome` "dropped" who took the one before only.

        With `value` only those whom the breakdown counts for it. Raises FieldError.
        """
        ready = asked(question)
        step = cell.integer("step", 1, low=1, high=len(ready.funnel.steps))
        outcome = cell.choice("outcome", ("reached", "dropped"), "reached")
        value = cell.take("value")
        found = ready.journeys(named=True)
        chosen = found.taken[:, step - 1]
        if outcome == "dropped":
            base = conversions.before(ready.funnel, step - 1) if step > 1 else 0
            chosen = found.taken[:, base] & ~chosen
        if value is not None:
            chosen = chosen & conversions.of_value(ready.funnel, found, value)
        return Members(found.person[chosen], found.times[chosen, 0])


def grid_of(ready: Asked) -> Grid | None:
    if ready.funnel.trend_interval is None:
        return None
    try:
        return cut(ready.window, ready.funnel.trend_interval)
    except TooManyPoints as problem:
        raise FieldError("trend_interval", str(problem)) from problem


def complete_of(ready: Asked, grid: Grid) -> list[bool]:
    """Tell for each bucket whether all attempts that begin in it have had their time."""
    inside = grid.complete(ready.question.as_of)
    closed = [edge + ready.funnel.window <= ready.question.as_of for edge in grid.edges[1:]]
    return [a and b for a, b in zip(inside, closed, strict=True)]


def warnings_of(ready: Asked, body: Json) -> list[str]:
    """Say what the numbers cannot: a step that never came, a window longer than the range."""
    found = []
    if ready.funnel.window > ready.window.end - ready.window.start:
        found.append("The conversion window is longer than the time range.")
    names = [
        step.event
        for step, row in zip(ready.funnel.steps, body["steps"], strict=True)
        if step.event is not None and not row["users"]
    ]
    for name in dict.fromkeys(names):
        result, cost = ready.question.run(last_seen(name))
        ready.costs.append(cost)
        ((events, last),) = result.rows()
        if not events:
            found.append(f"No event named {name!r} was ever seen.")
        elif not ready.window.start <= last < ready.window.end:
            found.append(f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC.")
    return found


def marks(funnel: Funnel) -> list[str]:
    if funnel.sampling == 1:
        return []
    return [f"Counted over a sample: {funnel.sampling:.4g} of all persons, not scaled up."]


def travels(funnel: Funnel, *, has_trend: bool) -> list[str]:
    """Say why a cluster has to send every event of the steps."""
    reason = reason_against(funnel, has_trend=has_trend) if finds_in_engine() else ""
    return [f"Slow on a cluster, for all events of its steps are sent: {reason}."] if reason else []


def cells(body: Json) -> tuple[list[Any], ...]:
    """Lay the answer out as rows."""
    rows: list[tuple[str | None, Json]] = [(None, step) for step in body["steps"]]
    for group in body.get("breakdown", ()):
        rows += [(named(group["value"]), step) for step in group["steps"]]
    columns: list[list[Any]] = []
    for column in COLUMNS:
        if column.name == "breakdown":
            columns.append([value for value, _ in rows])
        else:
            columns.append([step[column.name] for _, step in rows])
    return tuple(columns)


sources.add(FunnelSource())
