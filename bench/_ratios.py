"""Each fast way of an insight against the slow one, and against others' ways, on the same rows."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from clickhouse_connect.driver.client import Client

from analytics.insights import fast, property_columns
from analytics.insights.models import PropertyColumn
from bench import _duck
from bench import _funnel_forms as forms
from bench._events import END, START, STEPS
from bench._stage import client
from bench._turns import in_turns
from portal.store import native
from portal.store.client import Result
from portal.store.frame import Frame, Meta
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, sources
from tests.running import RunningPortal, eventually

Json = dict[str, Any]
AS_OF = END - timedelta(seconds=1)  # so the last of the days is not over
ALL = TimeRange(START, END)
UNCACHED = {"use_query_condition_cache": 0}
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


def measured(portal: RunningPortal) -> dict[str, float]:
    """Measure all; raises AssertionError when two ways do not answer the same."""
    engine = client()
    country = column_of("country")
    duck = _duck.Duck(portal.data_dir / "duck.db", engine) if _duck.is_here() else None
    return {
        **funnel(engine, country, duck),
        **refreshed_funnel(),
        **retention(),
        **by_platform(duck),
        **unique_users(duck),
        **live(),
    }


def column_of(name: str) -> str:
    """Have the engine give a property its column, and write it."""
    now = datetime.now(UTC)
    property_columns.note({(name, property_columns.KEY)}, now)
    property_columns.add_due(now)
    row = PropertyColumn.objects.get(name=name, kind=property_columns.KEY)
    eventually(lambda: property_columns.is_written(row), within_s=900, what="the column's values")
    return row.column


def funnel(engine: Client, country: str, duck: _duck.Duck | None) -> dict[str, float]:
    """Ask one funnel in all ways."""
    rows = forms.engine_rows(country)
    in_order = forms.Sorted(engine, rows)

    def ask(sql: str) -> forms.Counted:
        return forms.by_level(engine.query(sql, settings=UNCACHED).result_rows)

    ways: dict[str, Callable[[], forms.Counted]] = {
        "raw funnel": lambda: counted(asked("funnel", FUNNEL, ALL, "columns")),
        "raw funnel over maps": lambda: counted(asked("funnel", FUNNEL, ALL)),
        "nested window functions": partial(ask, forms.nested_windows(rows)),
        "grouped arrays": partial(ask, forms.grouped_arrays(rows)),
        "folded arrays": partial(ask, forms.folded_arrays(rows)),
        "windowFunnel": partial(ask, forms.window_funnel(rows)),
        "hand-written pass": in_order.walk,
    }
    if duck is not None:
        ways["DuckDB"] = partial(duck_funnel, duck)
    check_equal(ways)
    ms = in_turns(
        ways
        | {
            "scan": partial(engine.query, forms.scan(country), settings=UNCACHED),
            "scan of maps": partial(engine.query, forms.scan("strings"), settings=UNCACHED),
            "memory": in_order.touch,
        }
    )
    raw = ms["raw funnel"]
    figures = {
        "raw funnel / scan of its columns": raw / ms["scan"],
        "raw funnel over maps / scan of its columns": ms["raw funnel over maps"]
        / ms["scan of maps"],
        "raw funnel / hand-written pass over sorted arrays": raw / ms["hand-written pass"],
        "raw funnel / reading those arrays": raw / ms["memory"],
    }
    slower = ("nested window functions", "grouped arrays", "folded arrays", "windowFunnel")
    figures |= {
        f"{name} / raw funnel": ms[name] / raw for name in (*slower, "DuckDB") if name in ms
    }
    return figures | in_ms("funnel: ", ms)


def duck_funnel(duck: _duck.Duck) -> forms.Counted:
    return forms.by_level(duck.ask(forms.nested_windows(forms.DUCK_ROWS)))


def refreshed_funnel() -> dict[str, float]:
    """Ask the funnel again when only the last day can have changed."""
    return fast_and_raw("funnel", FUNNEL, "refreshed funnel", "rows", raw=("columns",))


def retention() -> dict[str, float]:
    return fast_and_raw("retention", RETENTION, "retention by week", "rows")


def by_platform(duck: _duck.Duck | None) -> dict[str, float]:
    others = {} if duck is None else {"DuckDB": partial(duck.ask, DUCK_BY_PLATFORM)}
    figures = fast_and_raw("trend", BY_PLATFORM, "events by platform", "rollups", others=others)
    others = {} if duck is None else {"DuckDB": partial(duck.ask, DUCK_ONE_BY_PLATFORM)}
    return figures | fast_and_raw(
        "trend", ONE_BY_PLATFORM, "one event by platform", "rollups", others=others
    )


def unique_users(duck: _duck.Duck | None) -> dict[str, float]:
    """Ask for unique users again when only the last day can have changed."""
    others = {} if duck is None else {"DuckDB": partial(duck.ask, DUCK_UNIQUE_USERS)}
    return fast_and_raw("trend", UNIQUE_USERS, "refreshed unique users", "rows", others=others)


def fast_and_raw(
    kind: str,
    params: Json,
    title: str,
    *using: fast.Form,
    raw: tuple[fast.Form, ...] = (),
    others: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, float]:
    """Compare a fast form with the raw one; both must answer the same."""
    quick = partial(asked, kind, params, ALL, *using, *raw)
    slow = partial(asked, kind, params, ALL, *raw)
    if quick().extra != slow().extra:
        raise AssertionError(f"{title}: the fast form does not answer what the raw one does")
    ms = in_turns({"fast": quick, "raw": slow, **(others or {})})
    figures = {f"{title}: fast / raw": ms["fast"] / ms["raw"]}
    figures |= {f"{title}: fast / {name}": ms["fast"] / ms[name] for name in others or ()}
    return figures | in_ms(f"{title}: ", ms)


def live() -> dict[str, float]:
    """Ask for the last half hour, as a live widget does, at a busy hour."""
    until = END - timedelta(hours=9)
    window = TimeRange(until - timedelta(minutes=30), until)
    params = UNIQUE_USERS | {"interval": "minute"}
    taken = [
        sources.get("trend").run(Uncached(params, window, until)).meta.elapsed_ms for _ in range(21)
    ]
    return {"live widget of 30 minutes, ms in the engine": statistics.median(taken)}


def in_ms(prefix: str, ms: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}{name}, ms": taken for name, taken in ms.items()}


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
