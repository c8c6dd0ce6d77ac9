"""The source `promql`: a query over a window of time, or at its end, as a frame.

Asked with `query` and, where wanted, `server` (the id of another Prometheus server; its own samples
otherwise), `instant` (one row a series as of the window's end, with its labels as columns), `step`
(seconds or a duration), `width` (pixels to draw on), `latest` ("all": the grid ends with the window;
"last": it has one more moment, the window's end),
`legend` ("{{method}}") and `unit`. Over a window the columns are `t`, `series` and `value`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from analytics.promql import moments, remembering, servers
from analytics.promql.asking import Asked
from analytics.promql.errors import QueryFailed
from analytics.promql.legends import NAME, legends
from analytics.promql.outcome import Instant, Labels, Outcome, Range
from analytics.promql.parameters import duration_of
from analytics.promql.ranges import window_between
from analytics.promql.steps import MOST_POINTS, USUAL_WIDTH, Window, filled, grid, step_for
from analytics.series.together import READS
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame, Meta
from portal.store.sources import Question, sources

USUAL_WINDOW = timedelta(hours=1)
MOST_SERIES = 200  # more lines nobody tells apart
LONGEST_QUERY = 100_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """The parameters, read."""

    query: str
    server: int | None
    is_instant: bool
    step_ms: int | None
    width: int
    latest: str
    legend: str
    unit: str


@dataclass(frozen=True)
class PromqlSource:
    kind: str = "promql"
    label: str = "PromQL"

    def run(self, question: Question) -> Frame:
        """Ask the query. Raises FieldError for one that cannot be asked or answered."""
        wanted, window = parse(question.params), window_of(question)
        at = asked_at(wanted, window)
        step = at.step_ms if isinstance(at, Range) else step_for(window, width=wanted.width)
        asked = Asked(filled(wanted.query, window, step), at)
        try:
            outcome = answered(asked, wanted, window, question.as_of)
        except QueryFailed as error:
            raise FieldError("query", str(error)) from error
        return framed(outcome, wanted, asked, question)


def answered(asked: Asked, wanted: Wanted, window: Window, as_of: datetime) -> Outcome:
    """Ask whoever has the samples. Raises QueryFailed."""
    if wanted.server is not None:
        ask: Callable[[Asked], Outcome] = partial(servers.answered, wanted.server)
    else:
        ask = partial(remembering.answered, ask=partial(READS.read, as_of))
    outcome = ask(asked)
    at = asked.at
    if wanted.latest != "last" or isinstance(at, Instant) or at.end_ms >= window.end_ms:
        return outcome
    end = replace(at, start_ms=window.end_ms, end_ms=window.end_ms)
    return moments.joined(outcome, ask(replace(asked, at=end)))


def parse(params: Mapping[str, Any]) -> Wanted:
    """Read what is asked. Raises FieldError naming the field."""
    query = params.get("query")
    if not isinstance(query, str) or not query.strip():
        raise FieldError("query", "A query in PromQL, such as rate(http_requests_total[5m]).")
    if len(query) > LONGEST_QUERY:
        raise FieldError("query", f"A query has {LONGEST_QUERY:,} characters at most.")
    return Wanted(
        query=query,
        server=whole(params, "server", most=2**31 - 1),
        is_instant=bool(params.get("instant")),
        step_ms=step_of(params.get("step")),
        width=whole(params, "width", most=20_000) or USUAL_WIDTH,
        latest=text(params, "latest"),
        legend=text(params, "legend"),
        unit=text(params, "unit"),
    )


def whole(params: Mapping[str, Any], name: str, *, most: int) -> int | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise FieldError(name, f"A whole number up to {most:,}.")
    return value


def text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name) or ""
    if not isinstance(value, str) or len(value) > 1_000:
        raise FieldError(name, "A text of at most 1,000 characters.")
    return value


def step_of(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        step = duration_of(str(value))
    except ValueError as error:
        raise FieldError("step", str(error)) from error
    if step <= 0:
        raise FieldError("step", "A step is longer than nothing.")
    return step


def window_of(question: Question) -> Window:
    start, end = question.as_of - USUAL_WINDOW, question.as_of
    if question.window is not None:
        start, end = question.window.start, question.window.end
    return window_between(start, end, is_here=not question.params.get("server"))


def asked_at(wanted: Wanted, window: Window) -> Instant | Range:
    if wanted.is_instant:
        return Instant(window.end_ms)
    step = wanted.step_ms or step_for(window, width=wanted.width)
    if window.length_ms // step > MOST_POINTS:
        raise FieldError("step", f"This range has more than {MOST_POINTS:,} such steps.")
    return grid(window, step, ends_at_end=wanted.latest == "all")


def framed(outcome: Outcome, wanted: Wanted, asked: Asked, question: Question) -> Frame:
    count = min(len(outcome.series), MOST_SERIES)
    notes = [*outcome.warnings, *outcome.infos]
    if len(outcome.series) > count:
        notes.append(f"Only the first {count} of {len(outcome.series):,} series are shown.")
    meta = Meta(
        as_of=question.as_of,
        elapsed_ms=outcome.stats.elapsed_s * 1000,
        rows_read=outcome.stats.samples,
        sql=(asked.query,),
        warnings=tuple(notes),
        counted=(counted(asked),),
    )
    if outcome.kind == "string":
        return Frame((Column("value", "string"),), ([outcome.text],), meta)
    names = legends(outcome.series[:count], wanted.legend, otherwise=asked.query.strip())
    if wanted.is_instant and outcome.kind != "matrix":
        return table(outcome, names, wanted, meta)
    return over_time(outcome, names, wanted, meta)


def counted(asked: Asked) -> str:
    if isinstance(asked.at, Instant):
        return "PromQL, as of the end of the range; a sample counts for five minutes."
    return f"PromQL, every {asked.at.step_ms / 1000:g} s of the range; a sample counts for five minutes."


def over_time(outcome: Outcome, names: Sequence[str], wanted: Wanted, meta: Meta) -> Frame:
    """One row a point; a gap between a series's points is a row without a value."""
    # One object for all series: whoever draws writes it once.
    moments = {} if outcome.raw else {ms: moment(ms) for ms in outcome.times.tolist()}
    rows = [
        row for index, name in enumerate(names) for row in points(outcome, index, name, moments)
    ]
    columns = (
        Column("t", "time"),
        Column("series", "string"),
        Column("value", "number", "Value", wanted.unit),
    )
    cells = zip(*rows, strict=True) if rows else ((), (), ())
    labels = {name: dict(one) for name, one in zip(names, outcome.series, strict=False)}
    return Frame(columns, tuple(list(one) for one in cells), meta, {"labels": labels})


def points(
    outcome: Outcome, index: int, name: str, moments: Mapping[int, datetime]
) -> Iterator[tuple[datetime, str, float | None]]:
    if outcome.raw:
        own, values = outcome.points(index)
        for ms, value in zip(own.tolist(), values.tolist(), strict=True):
            yield moment(ms), name, drawn(value)
        return
    present = outcome.present[index]
    where = present.nonzero()[0]
    if not len(where):
        return
    shown = slice(int(where[0]), int(where[-1]) + 1)
    cells = zip(
        outcome.times[shown].tolist(), outcome.values[index, shown].tolist(),
        present[shown].tolist(), strict=True,
    )  # fmt: skip
    for ms, value, is_there in cells:
        yield moments[ms], name, drawn(value) if is_there else None


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def drawn(value: float) -> float | None:
    """Return a value that can be drawn: neither NaN nor an infinity can."""
    return value if math.isfinite(value) else None


def table(outcome: Outcome, legend: Sequence[str], wanted: Wanted, meta: Meta) -> Frame:
    """One row a series: its labels, and the value; `extra["names"]` is what each is called."""
    found = outcome.series[: len(legend)]
    names = label_names(found)
    values = [drawn(float(outcome.points(row)[1][0])) for row in range(len(found))]
    columns = [Column(name, "string", "Metric" if name == NAME else name) for name in names]
    labels = [[dict(one).get(name, "") for one in found] for name in names]
    heads = (*columns, Column("value", "number", "Value", wanted.unit))
    return Frame(heads, (*labels, values), meta, {"names": list(legend)})


def label_names(found: Sequence[Labels]) -> list[str]:
    return sorted({name for labels in found for name, _ in labels})


sources.add(PromqlSource())
