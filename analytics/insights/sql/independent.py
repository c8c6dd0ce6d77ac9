"""The same figures by other means than those that answer, for the nightly check. Pure.

Only what a filter means is shared: times are compared as whole microseconds instead of by day,
buckets are looked up among their edges, persons are told apart by DISTINCT, and a funnel is the
engine's own windowFunnel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.insights.definitions.activity import Activity
from analytics.insights.definitions.filters import Filter
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.definitions.trend import Series
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params, microseconds
from portal.store.query import Query, TimeRange

AT = "toUnixTimestamp64Micro(ts)"


@dataclass(frozen=True)
class Chosen:
    """Events of a name (None: any) in a window that pass all filters; `person` is SQL."""

    event: str | None
    where: tuple[Filter, ...]
    window: TimeRange
    person: str


def points(series: Series, chosen: Chosen, edges: Sequence[datetime]) -> Query:
    """Return `at` (a bucket's beginning in microseconds) and `n`: events, or persons."""
    params = Params()
    found = conditions(chosen, params)
    if series.math == "total":
        text = f"SELECT {_bucket(edges, params)} AS at, count() AS n FROM events WHERE {found} GROUP BY at"
    else:
        text = f"SELECT at, count() AS n FROM ({_active(chosen, edges, params, found)}) GROUP BY at"
    return Query(text, params.values, heavy=True)


def total(series: Series, chosen: Chosen) -> Query:
    """Return one row, `n`: events, or persons over the whole window."""
    params = Params()
    found = conditions(chosen, params)
    people = f"SELECT DISTINCT {chosen.person} FROM events WHERE {found} AND {chosen.person} != 0"
    rows = f"events WHERE {found}" if series.math == "total" else f"({people})"
    return Query(f"SELECT count() AS n FROM {rows}", params.values, heavy=True)


def reached(funnel: Funnel, window: TimeRange, person: str) -> Query:
    """Return `level` (steps taken at most) and `people`, of an ordered funnel of required steps."""
    params = Params()
    steps = [_step(one.event, one.where, params, person) for one in funnel.steps]
    steps[0] = f"({steps[0]} AND {AT} < {params.integer(microseconds(window.end))})"
    span = funnel.window // timedelta(microseconds=1)
    inside = TimeRange(window.start, window.end + funnel.window, window.zone)
    found = conditions(Chosen(None, funnel.where, inside, person), params)
    level = f"windowFunnel({span}, 'strict_once')(toUInt64({AT}), {', '.join(steps)})"
    people = (
        f"SELECT {person} AS who, {level} AS level FROM events WHERE {found} AND {person} != 0"
        f" AND ({' OR '.join(steps)}) GROUP BY who"
    )
    text = f"SELECT level, count() AS people FROM ({people}) GROUP BY level"
    return Query(text, params.values, heavy=True)


def buckets(activity: Activity, chosen: Chosen, edges: Sequence[datetime]) -> Query:
    """Return `n` (buckets in which a person was active) and `people`."""
    params = Params()
    active = _active(chosen, edges, params, conditions(chosen, params))
    each = f"SELECT who, count() AS n FROM ({active}) GROUP BY who"
    return Query(f"SELECT n, count() AS people FROM ({each}) GROUP BY n", params.values, heavy=True)


def conditions(chosen: Chosen, params: Params) -> str:
    window = chosen.window
    return " AND ".join(
        [
            f"{AT} >= {params.integer(microseconds(window.start))}",
            f"{AT} < {params.integer(microseconds(window.end))}",
            *([] if chosen.event is None else [f"name = {params.text(chosen.event)}"]),
            *(condition(one, params, chosen.person) for one in chosen.where),
        ]
    )


def _active(chosen: Chosen, edges: Sequence[datetime], params: Params, found: str) -> str:
    person = chosen.person
    bucket = _bucket(edges, params)
    return f"SELECT DISTINCT {bucket} AS at, {person} AS who FROM events WHERE {found} AND {person} != 0"


def _bucket(edges: Sequence[datetime], params: Params) -> str:
    starts = params.add([microseconds(one) for one in edges[:-1]], "Array(Int64)")
    return f"roundDown({AT}, {starts})"


def _step(event: str | None, filters: Iterable[Filter], params: Params, person: str) -> str:
    named = [] if event is None else [f"name = {params.text(event)}"]
    return (
        f"({' AND '.join([*named, *(condition(one, params, person) for one in filters)]) or '1'})"
    )
