"""The source `stickiness`: on how many days (weeks, months) people did it.

Asked with the body of POST /api/v1/insights/stickiness without its time range, which is the
question's window. Columns: `buckets`, `users`, `share`; `extra` is the contract's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.insights.buckets import Grid
from analytics.insights.cohorts import resolved
from analytics.insights.counted import moment
from analytics.insights.counted_retention import named
from analytics.insights.definitions.activity import Activity, parse_activity
from analytics.insights.definitions.reading import Reader
from analytics.insights.kept import activity as kept
from analytics.insights.people import Members, members_of
from analytics.insights.sources.asking import Asking
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sources.lifecycle import grid_of, warnings_of
from analytics.insights.sql import activity as sql
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

COLUMNS = (
    Column("buckets", "number", "Active in"),
    Column("users", "number", "People", "count"),
    Column("share", "number", "Share", "ratio"),
)


@dataclass(frozen=True)
class StickinessSource:
    kind: str = "stickiness"
    label: str = "Stickiness"
    cell: tuple[str, ...] = ("buckets",)

    def run(self, question: Question) -> Frame:
        """Answer a stickiness. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        if question.window is None:
            raise FieldError("from", "A stickiness needs a time range.")
        asked = parse_activity(question.params, question.window.tzinfo, self.kind)
        activity = resolved(asked, question.as_of)
        grid = grid_of(activity, question.window)
        asking = Asking(question)
        found = counted(activity, grid, asking)
        total = sum(found.values())
        points = [
            {"buckets": n, "users": found.get(n, 0), "share": found.get(n, 0) / total if total else None}
            for n in range(1, len(grid) + 1)
        ]  # fmt: skip
        meta = asking.meta(
            warnings_of(activity, question, is_empty=not total),
            sentences(activity, question.window),
        )
        values = tuple([point[column.name] for point in points] for column in COLUMNS)
        body = {"interval": activity.interval, "points": points, "total": total}
        return Frame(COLUMNS, values, meta, body)

    def check(self, question: Question) -> Activity:
        """Return the definition that is asked. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A stickiness needs a time range.")
        params = without_previous(question).params
        asked = parse_activity(params, question.window.tzinfo, self.kind)
        return resolved(asked, question.as_of)

    def members(self, question: Question, cell: Reader) -> Members:
        """Return who was active in `buckets` buckets. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A stickiness needs a time range.")
        asked = parse_activity(question.params, question.window.tzinfo, self.kind)
        activity = resolved(asked, question.as_of)
        grid = grid_of(activity, question.window)
        count = cell.integer("buckets", 1, low=1, high=len(grid))
        return members_of(question, sql.members(activity, grid, question.person, count))


def counted(activity: Activity, grid: Grid, asking: Asking) -> dict[int, int]:
    """Return how many people were active in how many buckets: from kept rows, or by the engine."""
    if activity.sampling == 1:
        found = asking.kept(kept.of_one(activity.event, *activity.where), grid.window)
        if found is not None:
            return kept.stickiness(found, grid)
    rows = asking.run(sql.buckets(activity, grid, asking.question.person)).rows()
    return {int(buckets): int(people) for buckets, people in rows}


def sentences(activity: Activity, window: TimeRange) -> list[str]:
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    return [
        f"Persons by the number of different {activity.interval}s on which they did"
        f" {named(activity.event, activity.where)}; everybody counts once.",
        f"From {moment(start)} up to, not including, {moment(end)}, cut by {activity.interval} in"
        f" {window.zone}.",
    ]


sources.add(StickinessSource())
