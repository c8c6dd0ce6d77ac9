"""Each fast way of an insight against the slow one, and against others' ways, on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench import _duck
from bench import _funnel_forms as forms
from bench._events import END, START, STEPS
from bench._stage import client
from bench._turns import in_turns
from portal.store import native
from portal.store.client import Result
from portal.store.frame import Frame, Meta
from portal.store.models import Epoch
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, sources
from tests.running import RunningPortal

Json = dict[str, Any]
AS_OF = END
ALL = TimeRange(START, END)
LAST_HALF_HOUR = TimeRange(END - timedelta(hours=2, minutes=30), END - timedelta(hours=2))
UNCACHED = {"use_query_condition_cache": 0}
FUNNEL: Json = {
    "steps": [{"event": name} for name in STEPS],
    "window": {"value": 7, "unit": "day"},
    "breakdown": {"property": "country", "attribution": "first_touch", "limit": 50},
}
RETENTION: Json = {
    "start_event": STEPS[0], "return_event": STEPS[0], "interval": "week", "periods": 12,
    "kind": "first_in_range",
}  # fmt: skip
BY_PLATFORM: Json = {"series": [{"event": None}], "breakdown": {"property": "$platform"}}
UNIQUE_USERS: Json = {"series": [{"event": "page_viewed", "math": "unique_users"}]}
LIVE: Json = UNIQUE_USERS | {"interval": "minute"}


class Uncached(Question):
    """A question whose queries read what they answer."""

    def run(self, query: Query) -> tuple[Result, Meta]:
        return super().run(without_cache(query))

    def read_columns(self, query: Query) -> tuple[native.Columns, Meta]:
        return super().read_columns(without_cache(query))


def without_cache(query: Query) -> Query:
    return replace(query, settings={**query.settings, **UNCACHED})


def raw_forms() -> AbstractContextManager[None]:
    """Switch the fast forms off."""
    return nullcontext()


def asked(kind: str, params: Json, window: TimeRange, *, fast: bool) -> Frame:
    """Answer an insight as the portal does, past the cache of answers."""
    if fast:
        return sources.get(kind).run(Question(params, window, AS_OF, epoch=Epoch()))
    with raw_forms():
        return sources.get(kind).run(Uncached(params, window, AS_OF, epoch=Epoch()))


def measured(portal: RunningPortal) -> dict[str, float]:
    return funnel(portal.data_dir)


def funnel(data_dir: Path) -> dict[str, float]:
    """Ask one funnel in all forms; all must count the same."""
    engine = client()
    in_order = forms.Sorted(engine)

    def ask(sql: str) -> forms.Counted:
        return forms.by_level(engine.query(sql, settings=UNCACHED).result_rows)

    ways: dict[str, Callable[[], forms.Counted]] = {
        "portal": lambda: counted(asked("funnel", FUNNEL, ALL, fast=False)),
        "nested window functions": partial(ask, forms.nested_windows(forms.ENGINE_ROWS)),
        "grouped arrays": partial(ask, forms.grouped_arrays()),
        "folded arrays": partial(ask, forms.folded_arrays()),
        "windowFunnel": partial(ask, forms.window_funnel()),
        "hand-written pass": in_order.walk,
    }
    if _duck.is_here():
        duck = _duck.Duck(data_dir / "duck.db", engine)
        nested = forms.nested_windows(forms.DUCK_ROWS)
        ways["DuckDB"] = lambda: forms.by_level(duck.ask(nested))
    check_equal(ways)
    ms = in_turns(
        ways
        | {"scan": partial(engine.query, forms.scan(), settings=UNCACHED), "memory": in_order.touch}
    )
    return ratios(ms)


def check_equal(ways: Mapping[str, Callable[[], forms.Counted]]) -> None:
    """Raise unless all ways answer the same."""
    answers = {name: way() for name, way in ways.items()}
    expected = answers["portal"]
    wrong = {name: answer for name, answer in answers.items() if answer != expected}
    if wrong:
        raise AssertionError(f"the portal says {expected}, but {wrong}")


def counted(frame: Frame) -> forms.Counted:
    groups = frame.extra["breakdown"]
    return {
        "" if group["value"] == "$none" else str(group["value"]): tuple(
            step["users"] for step in group["steps"]
        )
        for group in sorted(groups, key=lambda group: str(group["value"]).replace("$none", ""))
    }


def ratios(ms: dict[str, float]) -> dict[str, float]:
    raw = ms["portal"]
    figures = {
        f"raw funnel / {name}": raw / ms[name] for name in ("scan", "hand-written pass", "memory")
    }
    slower = (
        "nested window functions",
        "grouped arrays",
        "folded arrays",
        "windowFunnel",
        "DuckDB",
    )
    figures |= {f"{name} / raw funnel": ms[name] / raw for name in slower if name in ms}
    return figures | {f"funnel by {name}, ms": taken for name, taken in ms.items()}
