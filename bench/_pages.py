"""The pages of Explore and their API over very many events: each answer's time when warm, memory.

The default set: what one asks first of each kind, over all 90 days. Every answer is computed anew,
as the cache of answers forgets within ten seconds; fast forms are on, as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.test import Client as Browser

from analytics.insights.pages import Kept, address_of
from bench._events import END, START, STEPS
from bench._ratios import column_of
from bench._turns import in_turns
from portal.accounts.models import User
from portal.store.sources import CACHE_BUCKET
from tests.running import RunningPortal

Json = dict[str, Any]
EMAIL = "bench@example.com"
ROUNDS = 5
LIMIT_MS = 1_000.0
PROBLEM = 'class="state state-error"'  # a page that says what went wrong is no answer
ANSWER_LIMIT_S = 180  # longer than any role's queries may take
FUNNEL: Json = {
    "steps": [{"event": name} for name in STEPS],
    "window": {"value": 7, "unit": "day"},
}
WEEKLY: Json = {"start_event": STEPS[0], "return_event": STEPS[0], "interval": "week", "periods": 8}
EVENT = "page_viewed"
DEFAULT_SET: dict[str, tuple[str, Json]] = {
    "events by day": ("trend", {"series": [{"event": EVENT}]}),
    "events by day and platform": (
        "trend", {"series": [{"event": EVENT}], "breakdown": {"property": "$platform"}},
    ),
    "events by day and plan": (
        "trend", {"series": [{"event": EVENT}], "breakdown": {"property": "plan"}},
    ),
    "unique users by day": ("trend", {"series": [{"event": EVENT, "math": "unique_users"}]}),
    "any event's users by week": (
        "trend", {"series": [{"event": None, "math": "unique_users"}], "interval": "week"},
    ),
    "weekly active users": ("trend", {"series": [{"event": STEPS[0], "math": "wau"}]}),
    "revenue by day and country": (
        "trend",
        {"series": [{"event": STEPS[3], "math": "sum", "property": "revenue"}],
         "breakdown": {"property": "country"}},
    ),
    "funnel": ("funnel", FUNNEL),
    "funnel by country": (
        "funnel", FUNNEL | {"breakdown": {"property": "country", "attribution": "first_touch"}},
    ),
    "funnel by day": ("funnel", FUNNEL | {"trend_interval": "day"}),
    "retention by week": ("retention", WEEKLY),
    "first-ever retention by week": ("retention", WEEKLY | {"kind": "first_ever"}),
    "lifecycle": ("lifecycle", {"event": STEPS[0], "interval": "week"}),
    "stickiness": ("stickiness", {"event": STEPS[0]}),
    "sessions": ("sessions", {}),
}  # fmt: skip
PAGES = {
    "paths": "/explore/paths/",
    "events, newest first": "/explore/events/",
    "schema": "/explore/schema/",
}


def measured(portal: RunningPortal) -> dict[str, float]:
    """Ask every page and API of the set in turns; returns milliseconds and megabytes."""
    for name in ("country", "plan"):
        column_of(name)
    peaks = {name: Path(f"/proc/{portal.processes()[name]}") for name in ("engine", "web")}
    with asker(portal) as http:
        asked = dict(questions(http))
        figures = warmed(asked)
        for process in peaks.values():
            (process / "clear_refs").write_text("5")  # the peak begins anew
        taken = in_turns({"": fresh_bucket} | asked, rounds=ROUNDS)
    ms = {name: one.ms for name, one in taken.items() if name}
    figures |= {f"{name}, ms": one for name, one in ms.items()}
    figures["slowest of the default set / 1 s"] = max(ms.values()) / LIMIT_MS
    return figures | {f"{name}, peak MB": peak_mb(process) for name, process in peaks.items()}


def warmed(asked: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    """Ask everything until fast forms are made; returns how long each took at first."""
    figures = {}
    for name, question in asked.items():
        began_at = time.perf_counter()
        question()
        figures[f"{name}, the first time, ms"] = (time.perf_counter() - began_at) * 1000
    for _ in range(3):
        fresh_bucket()
        for question in asked.values():
            question()
    time.sleep(60)  # what is made aside
    return figures


def questions(http: httpx.Client) -> Iterator[tuple[str, Callable[[], None]]]:
    """Return each question's page, or its API where no page asks just that."""
    window = {"from": START.isoformat(), "to": END.isoformat(), "time_zone": "UTC"}
    now = datetime.now(UTC)
    for title, (kind, definition) in DEFAULT_SET.items():
        body = definition | window
        address = address_of(kind, Kept(body), now)
        if address:
            yield f"page: {title}", partial(ask, http, "GET", address)
        else:
            path = f"/api/v1/insights/{kind}"
            yield f"API: {title}", partial(ask, http, "POST", path, json=body | {"refresh": True})
    for title, path in PAGES.items():
        days = {"from": f"{START:%Y-%m-%d}", "to": f"{END:%Y-%m-%d}", "tz": "UTC"}
        yield f"page: {title}", partial(ask, http, "GET", path, params=days)
    yield "API: people", partial(ask, http, "GET", "/api/v1/people", params=window)


def ask(http: httpx.Client, method: str, path: str, **given: Any) -> None:
    answer = http.request(method, path, **given)
    if answer.status_code != 200 or PROBLEM in answer.text:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:500]}")


@contextmanager
def asker(portal: RunningPortal) -> Iterator[httpx.Client]:
    """Log a member of staff in, who may do all."""
    if not User.objects.filter(email=EMAIL).exists():
        portal.command("create_staff", EMAIL, "--role", "admin")
    token = portal.command("create_token", EMAIL).split()[-1]
    browser = Browser()
    browser.force_login(User.objects.get(email=EMAIL))
    name = settings.SESSION_COOKIE_NAME
    with httpx.Client(base_url=portal.url, timeout=ANSWER_LIMIT_S) as http:
        http.cookies.set(name, browser.cookies[name].value)
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def fresh_bucket() -> None:
    """Wait until the cache of answers names answers anew."""
    period = CACHE_BUCKET.total_seconds()
    time.sleep(period - datetime.now(UTC).timestamp() % period + 0.05)


def peak_mb(process: Path) -> float:
    """Return the largest resident size of a process since it was reset."""
    lines = (process / "status").read_text().splitlines()
    found = next(line for line in lines if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024
