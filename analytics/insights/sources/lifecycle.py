"""The source `lifecycle`: who is new, who came back, who fell asleep.

Asked with the body of POST /api/v1/insights/lifecycle without its time range, which is the
question's window. Columns: `t`, `series` (the status), `value`, `complete`; `extra` is the contract's
JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.insights.buckets import Grid, TooManyPoints, cut, shifted
from analytics.insights.cohorts import resolved
from analytics.insights.counted import moment
from analytics.insights.counted_retention import named
from analytics.insights.definitions.activity import Activity, parse_activity
from analytics.insights.definitions.reading import Reader
from analytics.insights.journeys import array
from analytics.insights.kept import activity as kept
from analytics.insights.passes.lifecycle import lived
from analytics.insights.people import Members, instant_of
from analytics.insights.returns import words
from analytics.insights.sources.asking import Asking
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sql import activity as sql
from analytics.insights.sql.masks import MAX_BUCKETS
from analytics.insights.sql.trend import last_seen
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.native import Columns
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

Json = dict[str, Any]
STATUSES = ("new", "returning", "resurrecting", "dormant")
COLUMNS = (
    Column("t", "time", "Time"),
    Column("series", "string", "Status"),
    Column("value", "number", "People", "count"),
    Column("complete", "boolean", "Complete"),
)


@dataclass(frozen=True)
class LifecycleSource:
    kind: str = "lifecycle"
    label: str = "Lifecycle"
    cell: tuple[str, ...] = ("t", "status")

    def run(self, question: Question) -> Frame:
        """Answer a lifecycle. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        if question.window is None:
            raise FieldError("from", "A lifecycle needs a time range.")
        asked = parse_activity(question.params, question.window.tzinfo, self.kind)
        activity = resolved(asked, question.as_of)
        grid = with_one_before(activity, question.window)
        asking = Asking(question)
        columns = lives(activity, question.window, grid, asking)
        body = {"interval": activity.interval, "series": series(columns, grid, question)}
        meta = asking.meta(
            warnings_of(activity, question, is_empty=not columns),
            sentences(activity, question.window),
        )
        return Frame(COLUMNS, cells(body), meta, body)

    def check(self, question: Question) -> Activity:
        """Return the definition that is asked. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A lifecycle needs a time range.")
        params = without_previous(question).params
        asked = parse_activity(params, question.window.tzinfo, self.kind)
        return resolved(asked, question.as_of)

    def members(self, question: Question, cell: Reader) -> Members:
        """Return whom the point at `t` counts as `status`. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A lifecycle needs a time range.")
        asked = parse_activity(question.params, question.window.tzinfo, self.kind)
        activity = resolved(asked, question.as_of)
        grid = with_one_before(activity, question.window)
        at = instant_of(cell, "t", question.window.tzinfo)
        status = cell.choice("status", STATUSES)
        if at not in grid.starts[1:]:
            raise FieldError("t", f"No {activity.interval} begins then; take a point's `t`.")
        bucket = grid.starts.index(at)
        query = sql.living(activity, question.window, grid, question.person, bucket)
        columns, _ = question.read_columns(query)
        if not columns:
            return Members.nobody()
        first, now, before = (
            array(columns[name]).astype(np.bool_) for name in ("is_first", "now", "before")
        )
        chosen = {
            "new": now & first,
            "returning": now & ~first & before,
            "resurrecting": now & ~first & ~before,
            "dormant": ~now & before,
        }[status]
        return Members(array(columns["who"])[chosen], array(columns["at"])[chosen])


def lives(activity: Activity, window: TimeRange, grid: Grid, asking: Asking) -> Columns:
    """Return who came first when and was active when: from kept rows, or counted by the engine."""
    if activity.sampling == 1:
        everything = TimeRange(sql.BEGINNING, window.end, window.zone)
        found = asking.kept(kept.of_one(activity.event, *activity.where), everything)
        if found is not None:
            return kept.lives(found, window, grid)
    return asking.read(sql.lives(activity, window, grid, asking.question.person))


def with_one_before(activity: Activity, window: TimeRange) -> Grid:
    """Cut the window's buckets and the one before them. Raises FieldError."""
    grid = grid_of(activity, window)
    before = shifted(grid.edges[0], -1, activity.interval, window.tzinfo)
    wide = TimeRange(before, window.end, window.zone)
    found = cut(wide, activity.interval, activity.week_start)
    return replace(found, window=window)  # what this cuts is not complete


def grid_of(activity: Activity, window: TimeRange) -> Grid:
    """Cut the window's buckets. Raises FieldError for too many."""
    try:
        grid = cut(window, activity.interval, activity.week_start)
    except TooManyPoints as problem:
        raise FieldError("interval", str(problem)) from problem
    if len(grid) >= MAX_BUCKETS:
        message = (
            f"The range has {len(grid):,} {activity.interval}s, more than {MAX_BUCKETS - 1:,}:"
            " use a wider interval or a shorter range."
        )
        raise FieldError("interval", message)
    return grid


def series(columns: Columns, grid: Grid, question: Question) -> list[Json]:
    """Return one line of points a status; people who fell asleep count below zero."""
    counts = np.zeros((len(STATUSES), len(grid)), np.int64)
    if columns:
        first, people = (array(columns[name]).astype(np.int64) for name in ("first", "people"))
        lived(first, words(columns, "m"), people, counts)
    complete = grid.complete(question.as_of)
    zone = grid.window.tzinfo
    times = [at.astimezone(zone).isoformat().replace("+00:00", "Z") for at in grid.starts]
    return [
        {
            "status": status,
            "points": [
                {"t": t, "value": -count if status == "dormant" else count, "complete": is_over}
                for t, count, is_over in zip(times, row, complete, strict=True)
            ][1:],
        }
        for status, row in zip(STATUSES, counts.tolist(), strict=True)
    ]


def warnings_of(activity: Activity, question: Question, *, is_empty: bool) -> list[str]:
    """Say why there is nobody, and that a sample is one."""
    found = []
    if activity.sampling < 1:
        found.append(f"Counted over a sample: {activity.sampling:.4g} of all persons.")
    if is_empty and activity.event is not None:
        result, _ = question.run(last_seen(activity.event))
        ((events, last),) = result.rows()
        seen = f"{activity.event!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC."
        found.append(seen if events else f"No event named {activity.event!r} was ever seen.")
    return found


def sentences(activity: Activity, window: TimeRange) -> list[str]:
    interval = activity.interval
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    return [
        f"A person is active in a {interval} when they did {named(activity.event, activity.where)}.",
        "New: their very first time since the beginning of data. Returning: active in the"
        f" {interval} before, too. Resurrecting: active earlier, but not in the {interval} before."
        f" Dormant, below zero: active in the {interval} before, not in this one.",
        f"From {moment(start)} up to, not including, {moment(end)}, cut by {interval} in"
        f" {window.zone}. A {interval} still running, or cut by the range, is marked incomplete.",
    ]


def cells(body: Json) -> tuple[list[Any], ...]:
    rows = [(one["status"], point) for one in body["series"] for point in one["points"]]
    return (
        [point["t"] for _, point in rows],
        [status for status, _ in rows],
        [point["value"] for _, point in rows],
        [point["complete"] for _, point in rows],
    )


sources.add(LifecycleSource())
