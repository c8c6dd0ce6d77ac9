"""The source `paths`: what people did one after the other within a session.

Asked with the body of POST /api/v1/insights/paths without its time range, which is the question's
window. Columns: one row a link; `extra` is the contract's JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analytics.insights.cohorts import resolved
from analytics.insights.counted import joined, moment
from analytics.insights.definitions.paths import Paths, parse_paths
from analytics.insights.definitions.reading import Reader
from analytics.insights.kept import visits
from analytics.insights.people import Members, members_of
from analytics.insights.sources.asking import Asking
from analytics.insights.sources.comparing import with_previous, without_previous
from analytics.insights.sources.trend import named
from analytics.insights.sql import paths as sql
from analytics.insights.sql.trend import last_seen
from analytics.insights.sql.values import key_of_value, value_of
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

Json = dict[str, Any]
END = "$end"
COLUMNS = (
    Column("step", "number", "Step"),
    Column("from", "string", "From"),
    Column("to", "string", "To"),
    Column("users", "number", "People", "count"),
    Column("median_seconds", "number", "Median time", "s"),
)


@dataclass(frozen=True)
class PathsSource:
    kind: str = "paths"
    label: str = "Paths"
    cell: tuple[str, ...] = ("step", "name", "next_name")

    def run(self, question: Question) -> Frame:
        """Answer paths. Raises FieldError."""
        return with_previous(question, self.answer)

    def answer(self, question: Question) -> Frame:
        paths, window = parsed(question)
        asking = Asking(question)
        rows = walked(paths, window, asking)
        body = {"nodes": list(nodes(rows, paths.steps)), "links": list(links(rows))}
        meta = asking.meta(
            tuple(warnings_of(paths, question, is_empty=not rows)), sentences(paths, window)
        )
        return Frame(COLUMNS, cells(body), meta, body)

    def check(self, question: Question) -> Paths:
        """Return the definition that is asked. Raises FieldError."""
        return parsed(without_previous(question))[0]

    def members(self, question: Question, cell: Reader) -> Members:
        """Return who did `name` at `step`, and then `next_name` if given ("$end": nothing more).

        Raises FieldError.
        """
        paths, window = parsed(question)
        step = cell.integer("step", 1, low=1, high=paths.steps)
        name, then = key_of_value(cell.take("name")), cell.take("next_name")
        following = sql.END if then == END else None if then is None else key_of_value(then)
        at = (step, name, following)
        found = Asking(question).visits(paths, window)
        if found is not None:
            return Members(*visits.path_members(paths, found, at))
        return members_of(question, sql.members(paths, window, question.person, at))


def walked(paths: Paths, window: TimeRange, asking: Asking) -> list[tuple[Any, ...]]:
    """Return the rows of `sql.paths.walked`: from kept rows, else from the engine."""
    found = asking.visits(paths, window)
    if found is not None:
        return visits.paths(paths, found)
    return asking.run(sql.walked(paths, window, asking.question.person)).rows()


def parsed(question: Question) -> tuple[Paths, TimeRange]:
    if question.window is None:
        raise FieldError("from", "Paths need a time range.")
    paths = parse_paths(question.params, question.window.tzinfo)
    return resolved(paths, question.as_of), question.window


def nodes(rows: list[tuple[Any, ...]], steps: int) -> Iterator[Json]:
    """Return who did what at which step, and of them whose path ended there.

    What comes after the last step shown is not known: None.
    """
    ended = {
        (step, name): people
        for step, name, following, is_node, people, _ in rows
        if not is_node and following == sql.END
    }
    for step, name, _, is_node, people, _ in rows:
        if is_node:
            found = {"step": int(step), "name": value_of(name), "users": people}
            yield found | {"ended": ended.get((step, name), 0) if step < steps else None}


def links(rows: list[tuple[Any, ...]]) -> Iterator[Json]:
    for step, name, following, is_node, people, median in rows:
        if not is_node and following != sql.END:
            yield {
                "from": {"step": int(step), "name": value_of(name)},
                "to": {"step": int(step) + 1, "name": value_of(following)},
                "users": people,
                "median_seconds": median,
            }


def warnings_of(paths: Paths, question: Question, *, is_empty: bool) -> Iterator[str]:
    """Say why there is no path, and that a sample is one."""
    if paths.sampling < 1:
        yield f"Counted over a sample: {paths.sampling:.4g} of all persons."
    if not is_empty or paths.by is not None:
        return
    for name in dict.fromkeys(str(one) for one in (paths.start, paths.end) if one is not None):
        result, _ = question.run(last_seen(name))
        ((events, last),) = result.rows()
        seen = f"{name!r} was last seen {last:%Y-%m-%d %H:%M:%S} UTC."
        yield seen if events else f"No event named {name!r} was ever seen."


def sentences(paths: Paths, window: TimeRange) -> list[str]:
    """Explain the paths' numbers, one sentence each."""
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    what = f"values of {paths.by.name}" if paths.by else "events"
    return [
        f"Paths are the {what} of a session in their order, repeats in a row counted as one. A"
        " session is a person's events with the same session id; without one it ends where the person"
        f" pauses for more than {paths.session_gap_minutes} minutes.",
        _extent(paths),
        "A person counts once per step and once per link, however many sessions took it; the time is"
        " the median from the first event of the one to the first event of the next. Who ended at a"
        " step did nothing more in at least one such session.",
        f"From {moment(start)} up to, not including, {moment(end)} in {window.zone}.",
        *([f"Only events where {joined(paths.where)}."] if paths.where else []),
        *([f"Shown from {paths.min_users} people on."] if paths.min_users > 1 else []),
    ]


def _extent(paths: Paths) -> str:
    if paths.start is not None and paths.end is not None:
        return (
            f"They begin with a session's first “{paths.start}” and lead to the first “{paths.end}”"
            f" after it; at most {paths.steps} steps are shown."
        )
    if paths.start is not None:
        return (
            f"They begin with a session's first “{paths.start}” and have up to {paths.steps} steps."
        )
    if paths.end is not None:
        return (
            f"They end with a session's last “{paths.end}”, which is step {paths.steps}; the steps"
            " before it are counted back from there."
        )
    return f"They begin with the session and have up to {paths.steps} steps."


def cells(body: Json) -> tuple[list[Any], ...]:
    rows = [
        (one["from"]["step"], named(one["from"]["name"]), named(one["to"]["name"]), one["users"],
         one["median_seconds"])
        for one in body["links"]
    ]  # fmt: skip
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in COLUMNS)


sources.add(PathsSource())
