"""What the shop's services would tell of themselves: requests, errors, databases, machines.

They count what the customers' events make them do, so that an error in the events is one in the
counters, too. Names and labels are the portal's own, behind its prefix: one board shows both.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from analytics.collect.demo.company import ERRORS, Event

Labels = tuple[tuple[str, str], ...]
Json = dict[str, Any]
BOUNDS = (0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
EVERY_S = 15
DETAILED_S = 80 * 60  # a bit more than boards of an hour look back
ASKED_PER_EVENT = 6  # a page brings prices, stock and pictures with it
FAILED_SHARE = 0.004


@dataclass(frozen=True)
class Route:
    """What an event asks of which service; seconds are medians."""

    method: str
    path: str
    table: str
    operation: str
    takes_s: float


ROUTES = {
    "page_view": Route("GET", "/products/{id}", "products", "select", 0.045),
    "app_opened": Route("GET", "/home", "products", "select", 0.06),
    "search": Route("GET", "/search", "products", "search", 0.16),
    "add_to_cart": Route("POST", "/cart", "carts", "insert", 0.08),
    "purchase": Route("POST", "/checkout", "orders", "insert", 0.42),
    "signup": Route("POST", "/accounts", "customers", "insert", 0.21),
}
# Part of a core, megabytes, and part of a core for each request a second.
PROCESSES = {
    "shop-web": (4.0, 210, 3.0),
    "shop-search": (2.5, 340, 1.2),
    "shop-db": (3.0, 480, 1.6),
}
KINDS = {
    "errors_total": "sum", "http_requests_total": "sum",
    "http_request_duration_seconds": "histogram", "db_query_duration_seconds": "histogram",
    "cpu_usage_percent": "gauge", "memory_heap_used": "gauge",
}  # fmt: skip


@dataclass
class Times:
    """A histogram."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total_s += seconds


class Services:
    """The counters of all services since they started."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.errors: Counter[Labels] = Counter(dict.fromkeys(map(of_error, ERRORS), 0))
        self.requests: Counter[Labels] = Counter()
        self.request_times: dict[Labels, Times] = {}
        self.database_times: dict[Labels, Times] = {}
        self._asked = 0
        self._seen: tuple[float, int] | None = None

    def serve(self, event: Event) -> None:
        """Count what one event makes the services do."""
        if event["name"] == "error_occurred":
            told = event["properties"]
            self.errors[of_error((told["type"], told["severity"], told["component"]))] += 1
        if route := ROUTES.get(event["name"]):
            for _ in range(ASKED_PER_EVENT):
                self._answer(route, event["platform"])

    def _answer(self, route: Route, platform: str) -> None:
        status = "500" if self.chance.random() < FAILED_SHARE else "200"
        labels = (
            ("method", route.method), ("route", route.path), ("status_code", status),
            ("platform", "web" if platform == "web" else "app"),
        )  # fmt: skip
        taken_s = route.takes_s * self.chance.lognormvariate(0, 0.6)
        self.requests[labels] += 1
        self.request_times.setdefault(labels, Times()).add(taken_s)
        database = (("operation", route.operation), ("table", route.table), ("status", "success"))
        self.database_times.setdefault(database, Times()).add(taken_s * 0.3)
        self._asked += 1

    def sample(self, at_s: float, *, only_errors: bool = False) -> dict[str, list[Json]]:
        """Return the points of each metric at a moment, as OpenTelemetry writes them."""
        time = str(int(at_s * 1000) * 1_000_000)
        found = {"errors_total": [numbered(time, *one) for one in self.errors.items()]}
        if only_errors:
            return found
        return found | {
            "http_requests_total": [numbered(time, *one) for one in self.requests.items()],
            "http_request_duration_seconds": [
                timed(time, *one) for one in self.request_times.items()
            ],
            "db_query_duration_seconds": [timed(time, *one) for one in self.database_times.items()],
            **self._machines(time, at_s),
        }

    def _machines(self, time: str, at_s: float) -> dict[str, list[Json]]:
        """Return how busy the machines are with what was asked since the last look."""
        before_s, before = self._seen or (at_s - 15, self._asked)
        rate = (self._asked - before) / max(1.0, at_s - before_s)
        self._seen = at_s, self._asked
        busy, used = [], []
        for name, (idle, megabytes, each) in PROCESSES.items():
            labels = (("process", name),)
            jitter = self.chance.uniform(0.8, 1.2)
            busy.append(numbered(time, labels, round((idle + each * rate) * jitter, 2)))
            grown = megabytes * (1 + 0.05 * jitter) + rate
            used.append(numbered(time, labels, round(grown * 1_000_000)))
        return {"cpu_usage_percent": busy, "memory_heap_used": used}


def of_error(error: tuple[str, ...]) -> Labels:
    kind, severity, component = error[:3]
    return ("type", kind), ("severity", severity), ("component", component)


def attributes(labels: Labels) -> list[Json]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in labels]


def numbered(time: str, labels: Labels, value: float) -> Json:
    return {"attributes": attributes(labels), "timeUnixNano": time, "asDouble": value}


def timed(time: str, labels: Labels, times: Times) -> Json:
    return {
        "attributes": attributes(labels),
        "timeUnixNano": time,
        "count": str(sum(times.counts)),
        "sum": times.total_s,
        "bucketCounts": [str(count) for count in times.counts],
        "explicitBounds": list(BOUNDS),
    }


def past_of(
    events: Iterable[Event], now_s: float, chance: random.Random
) -> Iterator[dict[str, list[Json]]]:
    """Return what the services told until now: errors of the day before, all of the last hour.

    `events` are in order of time. What began before the first of them is not told.
    """
    services, waiting = Services(chance), deque(events)
    first_s, detailed_s = now_s - 86_400, now_s - DETAILED_S
    for at_s in chain(
        range(int(first_s // 60 * 60), int(detailed_s), 60),
        range(int(detailed_s // EVERY_S * EVERY_S), int(now_s), EVERY_S),
    ):
        while waiting and moment_of(waiting[0]) < at_s:
            services.serve(waiting.popleft())
        yield services.sample(at_s, only_errors=at_s < detailed_s)


def moment_of(event: Event) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def as_body(found: dict[str, list[Json]], prefix: str, realm: int) -> Json:
    """Return a request to POST /v1/metrics. `realm` keeps a shop that was loaded again apart."""
    metrics = []
    for name, points in found.items():
        kind = KINDS[name]
        data: Json = {"dataPoints": points}
        if kind != "gauge":
            data["aggregationTemporality"] = 2  # since the start
        if kind == "sum":
            data["isMonotonic"] = True
        metrics.append({"name": prefix + name, kind: data})
    who = attributes((("service.name", "shop"), ("service.instance.id", f"sample-{realm}")))
    one = {"resource": {"attributes": who}, "scopeMetrics": [{"metrics": metrics}]}
    return {"resourceMetrics": [one]}
