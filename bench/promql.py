"""PromQL over HTTP: the portal against Debian's Prometheus on the same samples, and what they take.

Counters scraped every 15 s, timestamps snapped. `BENCH_PROMQL_LARGE=0` leaves out the 10,000 series
over a day (58 million samples), of which only the memory is measured.
"""

from __future__ import annotations

import heapq
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
import httpx
import numpy as np
import psutil

from analytics.series.identity import Series
from bench import _prometheus
from bench._prometheus import Floats, Ints, Prometheus
from bench._turns import ROUNDS, Taken, used
from tests.running import RunningPortal, running_portal

CORES = 2
STEP_MS = 15_000
HOUR_MS = 3_600_000
LARGE = os.environ.get("BENCH_PROMQL_LARGE", "1") != "0"
BLOCK = 60  # scrapes written at once: 15 minutes
EMAIL, PASSWORD = "bench@example.com", "a-bench-of-promql-9"  # of a portal that ends at once
LIMIT_BYTES = 1 << 30


@dataclass(frozen=True)
class Metric:
    """A counter of so many series, over so many hours and the look-back before them."""

    name: str
    series: int
    hours: int

    @property
    def seconds(self) -> int:
        return self.hours * 3600 + 300


@dataclass(frozen=True)
class Case:
    """One question, and the share of Prometheus's time that it may take."""

    title: str
    query: str
    hours: int
    step_s: int
    limit: float

    def form(self, end_ms: int) -> dict[str, str]:
        start_ms = end_ms - self.hours * HOUR_MS
        return {
            "query": self.query, "step": f"{self.step_s}s",
            "start": f"{start_ms / 1000}", "end": f"{end_ms / 1000}",
        }  # fmt: skip


DAY, MANY, HUGE = Metric("day_total", 1_000, 24), Metric("many_total", 10_000, 1), Metric(
    "huge_total", 10_000, 24
)  # fmt: skip
SUM = "sum by (zone) (rate({}[5m]))"
CASES = (
    Case("1,000 series, 24 h at 60 s", SUM.format(DAY.name), 24, 60, 0.8),
    Case("1,000 series, 1 h at 15 s", SUM.format(DAY.name), 1, 15, 1.5),
    Case("10,000 series, 1 h at 15 s", SUM.format(MANY.name), 1, 15, 1.0),
)


def main() -> dict[str, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        portal = stack.enter_context(running_portal(folder / "portal", "--no-demo"))
        use(portal)
        other = None
        if _prometheus.is_here():
            other = stack.enter_context(_prometheus.running(folder / "prometheus"))
        else:
            print("no Prometheus here (apt-get install prometheus): nothing to compare with")
        end_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
        written_s = fill((DAY, MANY), end_ms, other)
        figures = {"samples written by one process, 1/s": count(DAY, MANY) / written_s}
        figures |= size()
        asker = stack.enter_context(asking(portal))
        with at_rest(portal):
            figures |= compared(portal, asker, other, end_ms)
        if LARGE:
            fill([HUGE], end_ms, None)
            figures |= memory(portal, asker, end_ms)
    return figures


def use(portal: RunningPortal) -> None:
    """Let this process write into the portal's engine."""
    os.environ |= {
        "PORTAL_DATA_DIR": str(portal.data_dir),
        "PORTAL_PORT": str(portal.port),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    django.setup()


def asking(portal: RunningPortal) -> httpx.Client:
    """Return a program of the portal's staff."""
    portal.command("create_staff", EMAIL, "--role", "analyst", "--password", PASSWORD)
    token = portal.command("create_token", EMAIL).split()[-1]
    return httpx.Client(
        base_url=f"{portal.url}/prometheus", timeout=300,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip


def count(*metrics: Metric) -> int:
    return sum(one.series * (one.seconds * 1000 // STEP_MS) for one in metrics)


def fill(metrics: Sequence[Metric], end_ms: int, other: Prometheus | None) -> float:
    """Write metrics' samples into both; returns the seconds that the portal's took."""
    from analytics.series.writing import Batch, write  # noqa: PLC0415  # settings are read only now

    taken_s = 0.0
    named = {one.name: series_of(one) for one in metrics}
    # By time over all metrics: Prometheus takes nothing that is an hour older than its newest.
    for _, name, ts, values in heapq.merge(*(blocks(one, end_ms) for one in metrics)):
        series = named[name]
        began = time.perf_counter()
        rows = np.repeat(np.arange(len(series)), len(ts))
        batch = Batch(series, rows, np.tile(ts, len(series)), values.ravel())
        write(batch, token=uuid4().hex)
        taken_s += time.perf_counter() - began
        if other is not None:
            other.write(series, ts, values)
    return taken_s


def series_of(metric: Metric) -> list[Series]:
    return [
        Series.of(
            metric.name,
            {"job": "api", "zone": f"z{number % 20}", "instance": f"host-{number // 10}:9100",
             "path": f"/v1/{number % 10}", "code": "200"},
        )
        for number in range(metric.series)
    ]  # fmt: skip


def blocks(metric: Metric, end_ms: int) -> Iterator[tuple[int, str, Ints, Floats]]:
    """Give last time, name, times and values (a row a series) of counters, each at its own pace."""
    rng = np.random.default_rng(5)
    steps = metric.seconds * 1000 // STEP_MS
    pace = rng.integers(1, 300, (metric.series, 1))
    last = np.zeros((metric.series, 1))
    for at in range(0, steps, BLOCK):
        number = np.arange(at, min(at + BLOCK, steps))
        ts = end_ms - (steps - 1 - number) * STEP_MS
        values = last + np.cumsum(rng.poisson(pace, (metric.series, len(number))), axis=1)
        last = values[:, -1:]
        yield int(ts[-1]), metric.name, ts, values


def size() -> dict[str, float]:
    """Return what a sample takes on disk once parts are merged, in bytes and against 1.6."""
    from portal.store import client  # noqa: PLC0415  # settings are read only now
    from portal.store.query import Query  # noqa: PLC0415  # as above

    client.command("OPTIMIZE TABLE samples FINAL")
    sql = (
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts"
        " WHERE active AND table = 'samples' AND database = currentDatabase()"
    )
    each = float(client.run(Query(sql)).value())
    return {"bytes a sample on disk / 1.6": each / 1.6, "bytes a sample on disk": each}


def compared(
    portal: RunningPortal, asker: httpx.Client, other: Prometheus | None, end_ms: int
) -> dict[str, float]:
    """Ask both the same in turns; they must answer the same series."""
    figures: dict[str, float] = {}
    own = [psutil.Process(portal.processes()[name]) for name in ("engine", "web")]
    theirs = [psutil.Process(other.pid)] if other is not None else []
    for case in CASES:
        form = case.form(end_ms)
        sides = {"portal": Side(asker, own)}
        if other is not None:
            sides["Prometheus"] = Side(other.http, theirs)
            check_alike(ask(asker, form), ask(other.http, form))
        figures |= told(case, in_turns(sides, form))
    return figures


@dataclass(frozen=True)
class Side:
    """Whom to ask, and the processes that answer."""

    http: httpx.Client
    processes: Sequence[psutil.Process]


def in_turns(sides: Mapping[str, Side], form: dict[str, str]) -> dict[str, Taken]:
    """Ask each once a round; the processor time is that of those who answer, not of the asker."""
    taken = {name: Taken() for name in sides}
    for number in range(1 + ROUNDS):
        for name, side in sides.items():
            cpu_s, began_at = used(side.processes), time.perf_counter()
            ask(side.http, form)
            if number:
                taken[name].walls.append(time.perf_counter() - began_at)
                taken[name].cpus.append(used(side.processes) - cpu_s)
    return taken


@contextmanager
def at_rest(portal: RunningPortal) -> Iterator[None]:
    """Let the portal's own jobs wait: they would downsample what was just written."""
    waiting = [psutil.Process(portal.processes()[name]) for name in ("worker", "writer")]
    for process in waiting:
        process.suspend()
    try:
        yield
    finally:
        for process in waiting:
            process.resume()


def told(case: Case, taken: dict[str, Taken]) -> dict[str, float]:
    own = taken["portal"]
    figures = {f"{case.title}: portal, ms": own.ms, f"{case.title}: portal, cpu ms": own.cpu_ms}
    if "Prometheus" not in taken:
        return figures
    theirs = taken["Prometheus"]
    return {
        f"{case.title}: portal / Prometheus (at most {case.limit})": own.ms / theirs.ms,
        f"{case.title}: the same by processor time": own.cpu_ms / theirs.cpu_ms,
        **figures,
        f"{case.title}: Prometheus, ms": theirs.ms,
        f"{case.title}: Prometheus, cpu ms": theirs.cpu_ms,
    }


def ask(http: httpx.Client, form: dict[str, str]) -> list[dict[str, Any]]:
    answer = http.post("/api/v1/query_range", data=form)
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def check_alike(own: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Raise unless both answered the same; windows of 2.42 also have the sample at their start."""
    for mine, other in zip(by_labels(own), by_labels(theirs), strict=True):
        if mine["metric"] != other["metric"] or len(mine["values"]) != len(other["values"]):
            raise AssertionError(f"{mine['metric']} is not {other['metric']}")
        pairs = zip(mine["values"], other["values"], strict=True)
        if any(abs(float(a) / float(b) - 1) > 0.02 for (_, a), (_, b) in pairs):
            raise AssertionError(f"{mine['metric']} has other values")


def by_labels(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda one: sorted(one["metric"].items()))


def memory(portal: RunningPortal, asker: httpx.Client, end_ms: int) -> dict[str, float]:
    """Ask for 10,000 series over a day; return by how much engine and web grew at their peak."""
    pids = {name: portal.processes()[name] for name in ("engine", "web")}
    before = {}
    for name, pid in pids.items():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # let the peak begin anew
        before[name] = resident(pid, "VmRSS")
    case = Case("10,000 series, 24 h at 60 s", SUM.format(HUGE.name), 24, 60, 1.0)
    began = time.perf_counter()
    ask(asker, case.form(end_ms))
    taken_s = time.perf_counter() - began
    grown = {name: resident(pid, "VmHWM") - before[name] for name, pid in pids.items()}
    return {
        f"{case.title}: memory / 1 GiB": sum(grown.values()) / LIMIT_BYTES,
        **{f"{case.title}: {name} grew by MB": size / 1e6 for name, size in grown.items()},
        f"{case.title}: seconds": taken_s,
    }


def resident(pid: int, figure: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{figure}:"))
