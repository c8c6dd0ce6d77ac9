"""Each fast way of an insight against the slow one, and against others' ways, on the same rows."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import psutil
from clickhouse_connect.driver.client import Client

from analytics.insights import fast, property_columns
from analytics.insights.models import PropertyColumn
from bench import _duck
from bench import _funnel_forms as forms
from bench._events import END, START, STEPS
from bench._stage import client
from bench._turns import ROUNDS, Actions, Taken, in_turns
from portal.store import native
from portal.store.client import Result
from portal.store.frame import Frame, Meta
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, sources
from tests.running import RunningPortal, eventually

Json = dict[str, Any]
AS_OF = END - timedelta(seconds=1)  # so the last of the days is not over
ALL = TimeRange(START, END)
UNCACHED = {"use_query_condition_cache": 0, "max_execution_time": 280}  # paths take minutes
NO_ROLLUPS = {"optimize_use_projections": 0, "optimize_use_implicit_projections": 0}
FUNNEL: Json = {
    "steps": [{"event": name} for name in STEPS],
    "window": {"value": 7, "unit": "day"},
    "breakdown": {"property": "country", "attribution": "first_touch", "limit": 50},
}
RETENTION: Json = {
    "start_event": STEPS[0], "return_event": STEPS[0], "interval": "week", "periods": 12,
    "kind": "recurring",
}  # fmt: skip
BY_PLATFORM: Json = {"series": [{"event": None}], "breakdown": {"property": "$platform"}}
ONE_BY_PLATFORM: Json = BY_PLATFORM | {"series": [{"event": "page_viewed"}]}
UNIQUE_USERS: Json = {"series": [{"event": "page_viewed", "math": "unique_users"}]}
SLOW_ROUNDS = 2  # of what takes the engine minutes
OTHERS = ("nested window functions", "grouped arrays", "folded arrays", "windowFunnel", "DuckDB")
DUCK_BY_PLATFORM = "SELECT day, platform, count(*) FROM events GROUP BY day, platform"
DUCK_ONE_BY_PLATFORM = (
    "SELECT day, platform, count(*) FROM events WHERE name = 'page_viewed' GROUP BY day, platform"
)
DUCK_UNIQUE_USERS = (
    "SELECT day, count(DISTINCT person) FROM events WHERE name = 'page_viewed' GROUP BY day"
)


class Uncached(Question):
    """A question whose queries read what they answer."""

    def run(self, query: Query) -> tuple[Result, Meta]:
        return super().run(without_cache(query))

    def read_columns(self, query: Query) -> tuple[native.Columns, Meta]:
        return super().read_columns(without_cache(query))


def without_cache(query: Query) -> Query:
    """Switch off what the engine itself would take from an earlier answer or from rollups."""
    rollups = {} if fast.is_on("rollups") else NO_ROLLUPS
    return replace(query, settings={**query.settings, **UNCACHED, **rollups})


def asked(kind: str, params: Json, window: TimeRange, *using: fast.Form) -> Frame:
    """Answer an insight in some of the fast forms alone, past the cache of answers."""
    with fast.only(*using):
        return sources.get(kind).run(Uncached(params, window, AS_OF))


@dataclass(frozen=True)
class Bench:
    """What is measured with: the engine, its process, DuckDB if it is there."""

    engine: Client
    process: psutil.Process
    duck: _duck.Duck | None

    def in_turns(self, actions: Actions, rounds: int = ROUNDS) -> dict[str, Taken]:
        return in_turns(actions, others=[self.process], rounds=rounds)

    def with_duck(self, sql: str) -> Actions:
        return {} if self.duck is None else {"DuckDB": partial(self.duck.ask, sql)}


def measured(portal: RunningPortal) -> dict[str, float]:
    """Measure all; raises AssertionError when two ways do not answer the same."""
    engine = client()
    country = column_of("country")
    duck = _duck.Duck(portal.data_dir / "duck.db", engine) if _duck.is_here() else None
    bench = Bench(engine, psutil.Process(portal.processes()["engine"]), duck)
    return {
        **funnel(bench, country),
        **fast_and_raw(bench, "refreshed funnel", Pair("funnel", FUNNEL, "rows", "columns")),
        **fast_and_raw(bench, "retention by week", Pair("retention", RETENTION, "rows")),
        **fast_and_raw(
            bench,
            "events by platform",
            Pair("trend", BY_PLATFORM, "rollups"),
            bench.with_duck(DUCK_BY_PLATFORM),
        ),
        **fast_and_raw(
            bench,
            "one event by platform",
            Pair("trend", ONE_BY_PLATFORM, "rollups"),
            bench.with_duck(DUCK_ONE_BY_PLATFORM),
        ),
        **fast_and_raw(
            bench,
            "refreshed unique users",
            Pair("trend", UNIQUE_USERS, "rows"),
            bench.with_duck(DUCK_UNIQUE_USERS),
        ),
        **fast_and_raw(bench, "refreshed paths", Pair("paths", {}, "rows"), rounds=SLOW_ROUNDS),
        **fast_and_raw(
            bench, "refreshed sessions", Pair("sessions", {}, "rows"), rounds=SLOW_ROUNDS
        ),
        **live(),
    }


def column_of(name: str) -> str:
    """Have the engine give a property its column, and write it."""
    now = datetime.now(UTC)
    row, _ = PropertyColumn.objects.get_or_create(
        name=name, kind=property_columns.KEY, defaults={"used_at": now}
    )
    property_columns.add_due(now)
    eventually(lambda: property_columns.is_written(row), within_s=900, what="the column's values")
    return row.column


def funnel(bench: Bench, country: str) -> dict[str, float]:
    """Ask one funnel in all ways."""
    rows = forms.engine_rows(country)
    in_order = forms.Sorted(bench.engine, rows)

    def ask(sql: str) -> forms.Counted:
        return forms.by_level(bench.engine.query(sql, settings=UNCACHED).result_rows)

    ways: dict[str, Callable[[], forms.Counted]] = {
        "raw funnel": lambda: counted(asked("funnel", FUNNEL, ALL, "columns")),
        "raw funnel over maps": lambda: counted(asked("funnel", FUNNEL, ALL)),
        "nested window functions": partial(ask, forms.nested_windows(rows)),
        "grouped arrays": partial(ask, forms.grouped_arrays(rows)),
        "folded arrays": partial(ask, forms.folded_arrays(rows)),
        "windowFunnel": partial(ask, forms.window_funnel(rows)),
        "hand-written pass": in_order.walk,
    }
    if bench.duck is not None:
        ways["DuckDB"] = partial(duck_funnel, bench.duck)
    check_equal(ways)
    scans: Actions = {
        "scan": partial(bench.engine.query, forms.scan(country), settings=UNCACHED),
        "scan of maps": partial(bench.engine.query, forms.scan("strings"), settings=UNCACHED),
        "memory": in_order.touch,
    }
    taken = bench.in_turns({**ways, **scans})
    pairs = {
        "raw funnel / scan of its columns": ("raw funnel", "scan"),
        "raw funnel over maps / scan of its columns": ("raw funnel over maps", "scan of maps"),
        "raw funnel / hand-written pass over sorted arrays": ("raw funnel", "hand-written pass"),
        "raw funnel / reading those arrays": ("raw funnel", "memory"),
    }
    pairs |= {f"{name} / raw funnel": (name, "raw funnel") for name in OTHERS if name in taken}
    return ratios(taken, pairs) | in_ms("funnel: ", taken)


def duck_funnel(duck: _duck.Duck) -> forms.Counted:
    return forms.by_level(duck.ask(forms.nested_windows(forms.DUCK_ROWS)))


@dataclass(frozen=True)
class Pair:
    """An insight that has a fast form; `columns` when the raw form has the properties' columns.

    Asked again, rows are read of the last day only, as no other can have changed.
    """

    kind: str
    params: Json
    form: fast.Form
    columns: Literal["columns", ""] = ""


def fast_and_raw(
    bench: Bench,
    title: str,
    pair: Pair,
    others: Actions = MappingProxyType({}),
    rounds: int = ROUNDS,
) -> dict[str, float]:
    """Compare a fast form with the raw one; both must answer the same."""
    raw: tuple[fast.Form, ...] = (pair.columns,) if pair.columns else ()
    quick = partial(asked, pair.kind, pair.params, ALL, pair.form, *raw)
    slow = partial(asked, pair.kind, pair.params, ALL, *raw)
    if quick().extra != slow().extra:
        raise AssertionError(f"{title}: the fast form does not answer what the raw one does")
    taken = bench.in_turns({"fast": quick, "raw": slow, **others}, rounds)
    pairs = {f"{title}: fast / {name}": ("fast", name) for name in ("raw", *others)}
    return ratios(taken, pairs) | in_ms(f"{title}: ", taken)


def live() -> dict[str, float]:
    """Ask for the last half hour, as a live widget does, at a busy hour."""
    until = END - timedelta(hours=9)
    window = TimeRange(until - timedelta(minutes=30), until)
    params = UNIQUE_USERS | {"interval": "minute"}
    taken = [
        sources.get("trend").run(Uncached(params, window, until)).meta.elapsed_ms for _ in range(21)
    ]
    return {"live widget of 30 minutes, ms in the engine": statistics.median(taken)}


def ratios(taken: Mapping[str, Taken], pairs: Mapping[str, tuple[str, str]]) -> dict[str, float]:
    """Return ratios of time; and of processor time, which other work on the machine moves less."""
    figures = {name: taken[a].ms / taken[b].ms for name, (a, b) in pairs.items()}
    return figures | {
        f"{name}, by processor time": taken[a].cpu_ms / max(taken[b].cpu_ms, 1.0)
        for name, (a, b) in pairs.items()
    }


def in_ms(prefix: str, taken: Mapping[str, Taken]) -> dict[str, float]:
    return {f"{prefix}{name}, ms": one.ms for name, one in taken.items()}


def check_equal(ways: Mapping[str, Callable[[], forms.Counted]]) -> None:
    """Raise unless all ways answer the same."""
    answers = {name: way() for name, way in ways.items()}
    expected = answers["raw funnel"]
    wrong = {name: answer for name, answer in answers.items() if answer != expected}
    if wrong:
        raise AssertionError(f"the portal says {expected}, but {wrong}")


def counted(frame: Frame) -> forms.Counted:
    """Return a funnel's persons by country and step."""
    found = {
        "" if group["value"] == "$none" else str(group["value"]): tuple(
            step["users"] for step in group["steps"]
        )
        for group in frame.extra["breakdown"]
    }
    return dict(sorted(found.items()))
