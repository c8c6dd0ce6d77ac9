"""The source `retention`: of those who began in a period, how many came back in later ones.

Asked with the body of POST /api/v1/insights/retention without its time range, which is the
question's window. Columns: one row a cohort and period; `extra` is the contract's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from analytics.insights import counted_retention, returns
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.retention import Retention, parse_retention
from analytics.insights.kept import activity
from analytics.insights.people import Members, instant_of, members_of
from analytics.insights.returns import periods_of
from analytics.insights.sources.asking import Asking
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sources.trend import named
from analytics.insights.sql import retention as sql
from analytics.insights.sql.retention import Wanted
from analytics.insights.sql.trend import OTHER, last_seen
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.native import Columns
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

Json = dict[str, Any]
COLUMNS = (
    Column("cohort", "string", "Cohort"),
    Column("breakdown", "string", "Breakdown"),
    Column("size", "number", "People", "count"),
    Column("period", "number", "Period"),
    Column("returned", "number", "Returned", "count"),
    Column("rate", "number", "Rate", "ratio"),
    Column("complete", "boolean", "Complete"),
)


@dataclass(frozen=True)
class RetentionSource:
    kind: str = "retention"
    label: str = "Retention"
    cell: tuple[str, ...] = ("start", "period", "value")

    def run(self, question: Question) -> Frame:
        """Answer a retention. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        if question.window is None:
            raise FieldError("from", "A retention needs a time range.")
        asked = parse_retention(question.params, question.window.tzinfo)
        retention = resolved(asked, question.as_of)
        periods = periods_of(retention, question.window, question.as_of)
        asking = Asking(question)
        wanted = Wanted(retention, question.window, periods.grid, question.person)
        body = returns.answer(retention, periods, counted(wanted, asking))
        meta = asking.meta(
            warnings_of(retention, question, body),
            counted_retention.sentences(retention, question.window),
        )
        return Frame(COLUMNS, cells(body), meta, body)

    def check(self, question: Question) -> Retention:
        """Return the definition that is asked. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A retention needs a time range.")
        params = without_previous(question).params
        return resolved(parse_retention(params, question.window.tzinfo), question.as_of)

    def members(self, question: Question, cell: Reader) -> Members:
        """Return who is in the cohort that begins at `start`, and came back in `period`.

        With `value` only those whom the breakdown counts for it. Raises FieldError.
        """
        if question.window is None:
            raise FieldError("from", "A retention needs a time range.")
        asked = parse_retention(question.params, question.window.tzinfo)
        value = value_in(cell, asked)
        retention = resolved(asked, question.as_of)
        if value is None:
            retention = replace(retention, breakdown=None)
        periods = periods_of(retention, question.window, question.as_of)
        start = instant_of(cell, "start", question.window.tzinfo)
        period = cell.integer("period", 0, low=0, high=retention.periods)
        starts = periods.grid.starts[: periods.cohorts]
        if start not in starts:
            raise FieldError("start", "No cohort begins then; take a cohort's `start`.")
        cohort = starts.index(start)
        if period >= periods.begun(cohort):
            raise FieldError("period", "This period has not begun.")
        last = periods.begun(cohort) - 1 if retention.counting == "on_or_after" else period
        returns = range(cohort + period, cohort + last + 1) if period else ()
        wanted = Wanted(retention, question.window, periods.grid, question.person)
        return members_of(question, sql.members(wanted, cohort, returns, value))


def value_in(cell: Reader, retention: Retention) -> str | float | bool | None:
    """Take the breakdown's value whose people are asked for, if one is. Raises FieldError."""
    value = cell.take("value")
    if value is None:
        return None
    if retention.breakdown is None:
        raise FieldError("value", "This retention has no breakdown.")
    if value == OTHER or not isinstance(value, str | int | float):
        raise FieldError("value", "Choose one of the values; $other is all the rest.")
    return value


def counted(wanted: Wanted, asking: Asking) -> Columns:
    """Return what people did, as masks of buckets: from kept rows, or counted by the engine."""
    selection = activity.of_retention(wanted)
    if selection is not None:
        begin = sql.BEGINNING if wanted.reads_history else wanted.begin.start
        window = TimeRange(begin, wanted.grid.edges[-1], wanted.begin.zone)
        found = asking.kept(selection, window)
        if found is not None:
            return activity.retention(found, wanted)
    return asking.read(sql.counted(wanted))


def warnings_of(retention: Retention, question: Question, body: Json) -> list[str]:
    """Say why there is nothing: an event that never came, or not in this range."""
    found = []
    if retention.sampling < 1:
        found.append(f"Counted over a sample: {retention.sampling:.4g} of all persons.")
    if any(cohort["size"] for cohort in body["cohorts"]):
        return found
    names = dict.fromkeys(n for n in (retention.start_event, retention.return_event) if n)
    for name in names:
        result, _ = question.run(last_seen(name))
        ((events, last),) = result.rows()
        seen = f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC."
        found.append(seen if events else f"No event named {name!r} was ever seen.")
    return found


def cells(body: Json) -> tuple[list[Any], ...]:
    """Lay the answer out as rows."""
    groups: list[tuple[str | None, list[Json]]] = [(None, body["cohorts"])]
    groups += [(named(group["value"]), group["cohorts"]) for group in body.get("breakdown", ())]
    rows = [
        (
            cohort["start"][:10], value, cohort["size"], period, count,
            count / cohort["size"] if cohort["size"] else None, cohort["complete"][period],
        )
        for value, cohorts in groups
        for cohort in cohorts
        for period, count in enumerate(cohort["returned"])
    ]  # fmt: skip
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in COLUMNS)


sources.add(RetentionSource())
