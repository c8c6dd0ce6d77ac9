"""Ask each query of the page, and say what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from django.db import close_old_connections

from analytics.promql import servers
from analytics.promql.asking import Asked, answered
from analytics.promql.errors import BadQuery, QueryFailed
from analytics.promql.exploring.absence import reasons
from analytics.promql.exploring.form import ExploreForm, Line
from analytics.promql.hints import hints
from analytics.promql.outcome import Instant, Outcome, Range
from analytics.promql.steps import MOST_POINTS, Window, filled, grid, step_for
from portal.lib.field_error import FieldError
from portal.store import client

PLACE = re.compile(r"^(\d+:\d+: )?parse error: ")
SIDE_BY_SIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="explore")


@dataclass(frozen=True)
class Remark:
    """A sentence; and, where one is known, a query to ask instead with the page's address for it."""

    message: str
    suggestion: str = ""
    address: str = ""


@dataclass(frozen=True)
class Answer:
    """What one query gave: an outcome, or why there is none.

    `place` is where in the query the mistake stands, from 0. Hints, and what is absent, come with
    a query to ask instead and the address of the page with it, both empty where there is none.
    """

    line: Line
    asked: Asked
    outcome: Outcome | None = None
    problem: str = ""
    place: int | None = None
    hints: tuple[Remark, ...] = ()
    absent: tuple[Remark, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.outcome is not None and not len(self.outcome.series) and not self.outcome.text

    @property
    def column(self) -> int | None:
        """Return the column of the mistake in its line, from 1."""
        if self.place is None:
            return None
        return self.place - self.line.text.rfind("\n", 0, self.place)

    @property
    def row(self) -> int:
        return self.line.text.count("\n", 0, self.place or 0) + 1


def answers(form: ExploreForm, window: Window) -> list[Answer]:
    """Ask all queries that are shown, side by side. Raises FieldError for a step that is too fine."""
    step = form.step_ms or step_for(window)
    if window.length_ms // step > MOST_POINTS:
        raise FieldError("step", f"This range has more than {MOST_POINTS:,} such steps.")
    at = grid(window, step) if form.view in {"lines", "stacked"} else Instant(window.end_ms)
    waiting = [
        SIDE_BY_SIDE.submit(copy_context().run, asked_in_thread, form, line, at, window, step)
        for line in form.asked
    ]
    return [one.result() for one in waiting]


def asked_in_thread(
    form: ExploreForm, line: Line, at: Instant | Range, window: Window, step: int
) -> Answer:
    try:
        return answer(form, line, Asked(filled(line.text, window, step), at))
    finally:
        close_old_connections()


def answer(form: ExploreForm, line: Line, asked: Asked) -> Answer:
    try:
        outcome = servers.answered(form.server, asked) if form.server else answered(asked)
    except BadQuery as error:
        is_as_written = asked.query == line.text
        return Answer(
            line,
            asked,
            problem=bare(error.message),
            place=error.position if is_as_written else None,
        )
    except QueryFailed as error:
        return Answer(line, asked, problem=str(error))
    except client.EngineUnavailable:
        return Answer(line, asked, problem="The engine does not answer; it restarts by itself.")
    except client.QueryFailed as error:
        return Answer(line, asked, problem=str(error).splitlines()[0][:300])
    if form.server:
        return Answer(line, asked, outcome)
    is_empty = not len(outcome.series) and not outcome.text
    absent = reasons(asked) if is_empty else []
    found = [one for one in hints(asked.query, outcome) if one.suggestion or not absent]
    if any(one.suggestion for one in found):
        # What is to be asked instead says why as well.
        absent = [one for one in absent if one.meant]
    return Answer(
        line,
        asked,
        outcome,
        hints=tuple(remark(form, line, one.message, one.suggestion or "") for one in found),
        absent=tuple(remark(form, line, one.message, one.mended(line.text)) for one in absent),
    )


def bare(message: str) -> str:
    """Leave out what Prometheus puts before a mistake: the place is shown apart."""
    return PLACE.sub("", message)


def remark(form: ExploreForm, line: Line, message: str, suggestion: str) -> Remark:
    """Say something of a line, with the page's address as it would be with the suggestion."""
    if not suggestion:
        return Remark(message)
    return Remark(message, suggestion, form.with_text(line.letter, suggestion).address())


def notes(answer: Answer) -> Iterator[str]:
    """Give what the evaluator remarked."""
    if answer.outcome is not None:
        yield from answer.outcome.warnings
        yield from answer.outcome.infos
