"""Random queries, answered here and by a real Prometheus over the same samples.

Debian's Prometheus is 2.42, whose windows are closed on the left; no sample lies on the edge of one.
CASES=5000 asks as many queries.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from analytics.promql.errors import QueryFailed
from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Outcome, Range
from tests.promql.grammar import Writer
from tests.promql.memory import MemoryStorage

ASKED = int(os.environ.get("CASES", "150"))
SEED = int(os.environ.get("SEED", "1"))
START_MS = 1_600_000_000_000
END_MS = START_MS + 1_800_000
# Times are whole seconds, samples are not.
AT: list[Instant | Range] = [
    Instant(START_MS + 1_000_000),
    Range(START_MS + 300_000, END_MS, 137_000),
]

pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Debian's prometheus is not installed",
)


def samples() -> MemoryStorage:
    made, values = MemoryStorage(), random.Random(3)

    def add(labels: dict[str, str], draw: Any, *, missing: float = 0.03) -> None:
        shift = values.randrange(100, 900)
        points = [
            (START_MS + step * 15_000 + shift + values.randrange(40), draw(step))
            for step in range(120)
            if values.random() > missing
        ]
        made.add(labels, points)

    total = 0.0

    def count(step: int) -> float:
        nonlocal total
        total = 0.0 if values.random() < 0.03 else total + values.choice([0, 0, 1, 2.5, 7])
        return total

    for job in ("api", "db", "worker"):
        for instance in ("i1", "i2"):
            labels = {"job": job, "instance": instance}
            add(labels | {"__name__": "cpu"}, lambda _: round(values.gauss(0.5, 1), 3))
            for code in ("200", "503"):
                add(labels | {"__name__": "requests_total", "code": code}, count)
        add({"__name__": "errors_total", "job": job}, count)
        add({"__name__": "build_info", "job": job, "version": f"1.{len(job)}"}, lambda _: 1.0)
        shared = [values.randrange(4) for _ in range(4)]
        for place, bound in enumerate(("0.1", "0.5", "1", "+Inf")):
            add(
                {"__name__": "latency_bucket", "job": job, "le": bound},
                lambda step, place=place, shared=shared: float(sum(shared[: place + 1]) * step),
            )  # fmt: skip
    for room in ("", "a", "b"):
        add({"__name__": "temperature", "room": room}, lambda step: 20.0 + step % 7)
    add({"__name__": "gaps", "job": "api"}, lambda step: float(step), missing=0.7)
    odd = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e300, -1e300, 1e-300, 5.0]
    for kind in ("x", "y", "z"):
        add({"__name__": "odd", "kind": kind}, lambda _: values.choice(odd))
    return made


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples.txt").write_text(open_metrics(samples()))
    (folder / "prometheus.yml").write_text("global: {}\n")
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", "samples.txt", "data"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    port = 20_000 + os.getpid() % 20_000
    server = subprocess.Popen(
        [
            "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}",
        ],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def open_metrics(storage: MemoryStorage) -> str:
    lines = []
    for series, points in sorted(storage.points.items(), key=lambda one: one[0].name):
        labels = ",".join(f'{name}="{value}"' for name, value in series.labels)
        lines += [f"{series.name}{{{labels}}} {v!r} {t / 1000:.3f}" for t, v in points.items()]
    return "\n".join([*lines, "# EOF", ""]).replace(" inf ", " +Inf ").replace(" -inf ", " -Inf ")


def wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()  # noqa: S310  # our own
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def answer_there(url: str, query: str, at: Instant | Range) -> dict[str, Any]:
    asked: dict[str, Any] = {"query": query}
    path = "query"
    if isinstance(at, Range):
        path = "query_range"
        asked |= {
            "start": at.start_ms / 1000, "end": at.end_ms / 1000, "step": at.step_ms / 1000,
        }  # fmt: skip
    else:
        asked["time"] = at.at_ms / 1000
    body = urllib.parse.urlencode(asked).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", body, timeout=30) as answer:  # noqa: S310  # our own
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refused:
        found = json.load(refused)
    return found


def points_there(answer: dict[str, Any]) -> dict[str, dict[int, float]]:
    data = answer["data"]
    if data["resultType"] == "scalar":
        return {"": point(data["result"])}
    return {
        json.dumps(one["metric"], sort_keys=True): {
            ms: value
            for p in one.get("values", [one.get("value")])
            for ms, value in point(p).items()
        }
        for one in data["result"]
    }


def point(pair: list[Any]) -> dict[int, float]:
    return {round(pair[0] * 1000): float(pair[1])}


def points_here(outcome: Outcome) -> dict[str, dict[int, float]]:
    if outcome.kind == "scalar":
        return {"": {int(outcome.times[0]): float(outcome.values[0, 0])}}
    return {
        json.dumps(dict(labels), sort_keys=True): dict(
            zip(*(part.tolist() for part in outcome.points(row)), strict=True)
        )
        for row, labels in enumerate(outcome.series)
    }


def difference(url: str, query: str, at: Instant | Range, storage: MemoryStorage) -> str:
    """Say how the answers differ; nothing where they do not."""
    there = answer_there(url, query, at)
    try:
        here = points_here(evaluate(query, at, storage, Limits()))
    except QueryFailed as failed:
        # 2.42 lets comparisons match many to one as long as none of them holds.
        failed_there = there["status"] == "error" or "multiple matches" in str(failed)
        return "" if failed_there else f"failed here: {failed}; there {there['data']}"
    if there["status"] == "error":
        return f"failed there: {there['error']}; here {len(here)} series"
    wanted = points_there(there)
    if wanted.keys() != here.keys():
        return f"series {sorted(here)[:4]}, there {sorted(wanted)[:4]}"
    return "; ".join(
        f"{labels} is {here[labels]}, there {values}"
        for labels, values in wanted.items()
        if not are_alike(here[labels], values)
    )


def are_alike(here: dict[int, float], there: dict[int, float]) -> bool:
    mine, theirs = (np.array([one[ms] for ms in sorted(one)]) for one in (here, there))
    same_times = here.keys() == there.keys()
    return same_times and np.allclose(mine, theirs, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_random_queries_are_answered_alike(prometheus: str) -> None:
    storage, writer = samples(), Writer(SEED)

    found = []
    for _ in range(ASKED):
        query, at = writer.query(), writer.random.choice(AT)
        if problem := difference(prometheus, query, at, storage):
            found.append(f"{query}\n  at {at}\n  {problem[:600]}")

    assert found == [], f"{len(found)} of {ASKED} differ:\n" + "\n".join(found[:20])
