"""The source `sessions`: how many, how long, how full, and with what they begin and end.

Asked with the body of POST /api/v1/insights/sessions without its time range, which is the
question's window. Columns: one row a point (and value of the breakdown); `extra` is the contract's
JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from analytics.insights import counted_sessions
from analytics.insights.buckets import Grid, TooManyPoints, cut
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.sessions import Sessions, parse_sessions
from analytics.insights.kept import visits
from analytics.insights.people import Members, instant_of, members_of
from analytics.insights.sources.asking import Asking
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sources.trend import named
from analytics.insights.sql import whole_sessions as sql
from analytics.insights.sql.trend import OTHER, last_seen
from analytics.insights.sql.values import key_of_value, value_of
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.query import Query
from portal.store.sources import Question, sources

Json = dict[str, Any]
Row = tuple[Any, ...]
MEASURES = (
    Column("sessions", "number", "Sessions", "count"),
    Column("people", "number", "People", "count"),
    Column("average_seconds", "number", "Average duration", "s"),
    Column("median_seconds", "number", "Median duration", "s"),
    Column("events_per_session", "number", "Events per session"),
    Column("bounce_share", "number", "Bounces", "ratio"),
)
COLUMNS = (
    Column("t", "time", "Time"),
    Column("breakdown", "string", "Breakdown"),
    *MEASURES,
    Column("complete", "boolean", "Complete"),
)


@dataclass(frozen=True)
class Asked:
    """A question made ready, and what running it has cost so far."""

    sessions: Sessions
    grid: Grid
    asking: Asking

    @property
    def question(self) -> Question:
        return self.asking.question

    def rows(self, query: Query) -> list[Row]:
        return list(self.asking.run(query).rows())

    def counted(self, keys: Sequence[str]) -> list[Row]:
        """Return the rows of `sql.counted`: from kept rows, else from the engine."""
        found = self.asking.visits(self.sessions, self.grid.window)
        if found is not None:
            return visits.sessions(self.sessions, self.grid, found)
        return self.rows(sql.counted(self.sessions, self.grid, self.question.person, keys))

    def keys(self) -> tuple[list[str], bool]:
        """Return the values that are shown, and whether there are more."""
        told_by = self.sessions.breakdown
        if told_by is None:
            return [], False
        window, person = self.grid.window, self.question.person
        found = [key for key, _ in self.rows(sql.ranking(self.sessions, window, person))]
        return found[: told_by.limit], len(found) > told_by.limit


def asked(question: Question) -> Asked:
    """Read a question's parameters. Raises FieldError."""
    if question.window is None:
        raise FieldError("from", "Sessions need a time range.")
    sessions = parse_sessions(question.params, question.window.tzinfo)
    try:
        grid = cut(question.window, sessions.interval, sessions.week_start)
    except TooManyPoints as problem:
        raise FieldError("interval", str(problem)) from problem
    return Asked(resolved(sessions, question.as_of), grid, Asking(question))


@dataclass(frozen=True)
class SessionsSource:
    kind: str = "sessions"
    label: str = "Sessions"
    cell: tuple[str, ...] = ("t", "breakdown_value", "entry", "exit", "bounced")

    def run(self, question: Question) -> Frame:
        """Answer sessions. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        ready = asked(question)
        keys, has_more = ready.keys()
        rows = ready.counted(keys)
        body = body_of(ready, rows, [*keys, *([OTHER] if has_more else [])])
        meta = ready.asking.meta(
            tuple(warnings_of(ready, body)),
            counted_sessions.sentences(ready.sessions, ready.grid.window),
        )
        return Frame(COLUMNS, cells(body), meta, body)

    def check(self, question: Question) -> Sessions:
        """Return the definition that is asked. Raises FieldError."""
        return asked(without_previous(question)).sessions

    def members(self, question: Question, cell: Reader) -> Members:
        """Return whose sessions began at `t`, with `breakdown_value`, with the event `entry`, ended
        with `exit`, or held one event only (`bounced`). Raises FieldError.
        """
        ready = asked(question)
        chosen = cell_of(ready, cell)
        found = ready.asking.visits(ready.sessions, ready.grid.window)
        if found is not None:
            return Members(*visits.session_members(ready.sessions, ready.grid, found, chosen))
        keys = ready.keys()[0] if chosen.key == OTHER else []
        query = sql.members(ready.sessions, ready.grid, question.person, chosen, keys)
        return members_of(question, query)


def cell_of(ready: Asked, cell: Reader) -> sql.Cell:
    """Read which sessions are meant. Raises FieldError."""
    bucket = None
    if cell.values.get("t") is not None:
        at = instant_of(cell, "t", ready.grid.window.tzinfo)
        if at not in ready.grid.starts:
            message = f"No {ready.sessions.interval} begins then; take a point's `t`."
            raise FieldError("t", message)
        bucket = ready.grid.starts.index(at)
    value = cell.take("breakdown_value")
    if value is not None and ready.sessions.breakdown is None:
        raise FieldError("breakdown_value", "These sessions have no breakdown.")
    key = None if value is None else OTHER if value == OTHER else key_of_value(value)
    return sql.Cell(
        bucket,
        key,
        cell.text("entry", "") or None,
        cell.text("exit", "") or None,
        cell.flag("bounced"),
    )


def body_of(ready: Asked, rows: Sequence[Row], keys: Sequence[str]) -> Json:
    """Return the contract's JSON without `meta`. A label is a key's place from 1, 0 for the rest."""
    points = {(row[1], row[2]): row for row in rows if row[0] == sql.POINTS}
    totals = {row[1]: row for row in rows if row[0] == sql.TOTALS}
    overall = next((row for row in rows if row[0] == sql.OVERALL), None)
    labels = {1: None} if ready.sessions.breakdown is None else dict(enumerate(keys, 1))
    series = []
    for label, key in labels.items():
        number = 0 if key == OTHER else label
        one: Json = (
            {} if key is None else {"breakdown_value": OTHER if key == OTHER else value_of(key)}
        )
        found = [points.get((number, bucket)) for bucket in range(len(ready.grid))]
        one["points"] = list(timed(ready, found))
        series.append(one | {"total": measured(totals.get(number))})
    return {
        "series": series,
        "total": measured(overall),
        "entries": edges(rows, sql.ENTRIES, overall),
        "exits": edges(rows, sql.EXITS, overall),
    }


def timed(ready: Asked, rows: Sequence[Row | None]) -> Iterator[Json]:
    """Lay buckets out as points. One is complete when no session of its can go on."""
    grid = ready.grid
    gap = timedelta(minutes=ready.sessions.session_gap_minutes)
    complete = grid.complete(ready.question.as_of - gap)
    for at, row, is_over in zip(grid.starts, rows, complete, strict=True):
        t = at.astimezone(grid.window.tzinfo).isoformat().replace("+00:00", "Z")
        yield {"t": t, **measured(row), "complete": is_over}


def measured(row: Row | None) -> Json:
    """Return what is told of some sessions; without any there is no average."""
    if row is None or not row[5]:
        return {column.name: None for column in MEASURES} | {"sessions": 0, "people": 0}
    sessions, people, spent, median, events, bounces = row[5:]
    return {
        "sessions": sessions,
        "people": people,
        "average_seconds": spent / sessions / 1e6,
        "median_seconds": median / 1e6,
        "events_per_session": events / sessions,
        "bounce_share": bounces / sessions,
    }


def edges(rows: Sequence[Row], level: int, overall: Row | None) -> list[Json]:
    """Return with what sessions began (or ended), the most frequent first."""
    whole = overall[5] if overall else 0
    place = 3 if level == sql.ENTRIES else 4
    found = [
        {"name": row[place], "sessions": row[5], "share": row[5] / whole, "bounce_share": row[10] / row[5]}
        for row in rows
        if row[0] == level and row[5]
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one["sessions"], one["name"]))


def warnings_of(ready: Asked, body: Json) -> Iterator[str]:
    """Say why there is nothing, and that a sample is one."""
    if ready.sessions.sampling < 1:
        share = f"{ready.sessions.sampling:.4g}"
        yield f"Counted over a sample: {share} of all persons, not scaled up."
    name = ready.sessions.event
    if name is not None and not body["total"]["sessions"]:
        ((events, last),) = ready.rows(last_seen(name))
        seen = f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC."
        yield seen if events else f"No event named {name!r} was ever seen."


def cells(body: Json) -> tuple[list[Any], ...]:
    """Lay the points out as rows."""
    rows = [
        [point["t"], named(one["breakdown_value"]) if "breakdown_value" in one else None,
         *(point[column.name] for column in MEASURES), point["complete"]]
        for one in body["series"]
        for point in one["points"]
    ]  # fmt: skip
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in COLUMNS)


sources.add(SessionsSource())
