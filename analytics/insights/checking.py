"""The nightly check: compute a kept insight a second time in another way, and compare.

Every kind is asked as everybody asks it, and once more without any fast form. INDEPENDENT adds a
third way for the kinds that have one, which shares no more than the meaning of a filter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights import fast
from analytics.insights.buckets import cut
from analytics.insights.definitions.activity import Activity
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.definitions.trend import Trend
from analytics.insights.keeping import keepable, question_of
from analytics.insights.sources.lifecycle import grid_of
from analytics.insights.sql import independent as sql
from analytics.insights.sql.params import microseconds
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.query import EmptyWindow, TimeRange
from portal.store.sources import Question, ask

Json = dict[str, Any]
Figures = dict[str, int]
UNCHECKED = ("sql",)  # only the engine can say what a statement means
SETTLED = timedelta(minutes=10)  # later events may still be on their way between two answers
NIGHT_BEGINS_H = 2
MOST_SHOWN = 3
WRONG = (FieldError, EngineUnavailable, QueryFailed, EmptyWindow)


@dataclass(frozen=True)
class Finding:
    """What a check found: `state` is ok, differs or failed; `note` says how, and what."""

    state: str
    note: str


def night_of(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the night began that is, or was last: two o'clock in the portal's zone."""
    local = now.astimezone(zone)
    begun = local.replace(hour=NIGHT_BEGINS_H, minute=0, second=0, microsecond=0)
    return (begun if begun <= local else begun - timedelta(days=1)).astimezone(UTC)


def check(kind: str, definition: Mapping[str, Any], now: datetime) -> Finding:
    """Compute twice, or three times, and compare; once more where something moved meanwhile."""
    try:
        keepable(kind)
        question = settled(definition, now)
        found, ways = compared(kind, question)
        if found:
            found, ways = compared(kind, question)
    except WRONG as problem:
        return Finding("failed", f"It could not be computed: {problem}"[:1_000])
    if not found:
        return Finding("ok", f"The same {ways}, up to {question.window.end:%Y-%m-%d %H:%M} UTC.")  # type: ignore[union-attr]  # settled
    more = f" And {len(found) - MOST_SHOWN} more." if len(found) > MOST_SHOWN else ""
    return Finding("differs", f"Different {ways}: {'; '.join(found[:MOST_SHOWN])}.{more}")


def settled(definition: Mapping[str, Any], now: datetime) -> Question:
    """Ask a definition up to what will not change by itself. Raises as `check` catches."""
    question, _ = question_of(definition, now, ALL, {})
    if question.window is None:
        raise FieldError("from", "A check needs a time range.")
    end = min(question.window.end, now - SETTLED)
    return replace(question, window=TimeRange(question.window.start, end, question.window.zone))


def compared(kind: str, question: Question) -> tuple[list[str], str]:
    """Return what differs, and in which ways it was computed."""
    answer = ask(kind, question, refresh=True).extra
    with fast.only():
        raw = ask(kind, question, refresh=True).extra
        figures = independent(kind, question)
    found = [
        *differences(answer, raw),
        *(
            f"{name}: {was} instead of {value}"
            for name, value in figures.items()
            if (was := named(kind, answer).get(name)) != value
        ),
    ]
    ways = "from the events alone"
    return found, f"{ways} and by other SQL ({len(figures)} figures)" if figures else ways


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Name what differs between two answers; numbers may differ by rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        for name in one:
            yield from differences(one[name], other[name], f"{path}.{name}" if path else str(name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
            yield f"{path}: {one} instead of {other}"
    elif one != other:
        yield f"{path}: {short(one)} instead of {short(other)}"


def short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def independent(kind: str, question: Question) -> Figures:
    """Return figures by other means, by the names that `named` gives them; none where there is no
    other way.
    """
    by_other_means = INDEPENDENT.get(kind)
    return by_other_means(keepable(kind).check(question), question) if by_other_means else {}


def rows_of(question: Question, query: Any) -> list[tuple[Any, ...]]:
    result, _ = question.run(query)
    return result.rows()


def of_trend(trend: object, question: Question) -> Figures:
    """Count events and persons of series that are told apart by nothing."""
    if not isinstance(trend, Trend) or question.window is None:
        return {}
    if trend.breakdown or trend.formula or trend.sampling < 1:
        return {}
    edges = cut(question.window, trend.interval).edges
    found: Figures = {}
    for place, series in enumerate(trend.series):
        if series.math not in {"total", "unique_users"}:
            continue
        where = (*trend.where, *series.where)
        chosen = sql.Chosen(series.event, where, question.window, question.person)
        counts = dict(rows_of(question, sql.points(series, chosen, edges)))
        for start, _ in pairwise(edges):
            at = start.astimezone(UTC)
            found[f"series {place}, {at:%Y-%m-%dT%H:%M}"] = counts.get(microseconds(start), 0)
        ((whole,),) = rows_of(question, sql.total(series, chosen))
        found[f"series {place}, total"] = whole
    return found


def of_funnel(funnel: object, question: Question) -> Figures:
    """Count who reached each step of an ordered funnel, where nothing voids an attempt."""
    if not isinstance(funnel, Funnel) or question.window is None or not is_plain(funnel):
        return {}
    levels = dict(rows_of(question, sql.reached(funnel, question.window, question.person)))
    return {
        f"step {step}": sum(people for level, people in levels.items() if level >= step)
        for step in range(1, len(funnel.steps) + 1)
    }


def is_plain(funnel: Funnel) -> bool:
    return (
        funnel.order == "ordered"
        and not funnel.exclusions
        and not funnel.leave_out_open
        and funnel.sampling == 1
        and not any(step.is_optional for step in funnel.steps)
    )


def of_stickiness(activity: object, question: Question) -> Figures:
    if not isinstance(activity, Activity) or question.window is None or activity.sampling < 1:
        return {}
    edges = grid_of(activity, question.window).edges
    chosen = sql.Chosen(activity.event, activity.where, question.window, question.person)
    counts = dict(rows_of(question, sql.buckets(activity, chosen, edges)))
    return {f"{n} active": counts.get(n, 0) for n in range(1, len(edges))}


INDEPENDENT: dict[str, Callable[[object, Question], Figures]] = {
    "trend": of_trend,
    "funnel": of_funnel,
    "stickiness": of_stickiness,
}


def named(kind: str, answer: Json) -> dict[str, Any]:
    """Return an answer's figures by the names that `independent` gives them."""
    if kind == "funnel":
        return {f"step {one['step']}": one["users"] for one in answer["steps"]}
    if kind == "stickiness":
        return {f"{one['buckets']} active": one["users"] for one in answer["points"]}
    shown = [one for one in answer["series"] if not one.get("compare")]
    found = {f"series {place}, total": one["total"] for place, one in enumerate(shown)}
    for place, one in enumerate(shown):
        for point in one["points"]:
            at = datetime.fromisoformat(point["t"]).astimezone(UTC)
            found[f"series {place}, {at:%Y-%m-%dT%H:%M}"] = point["value"]
    return found
