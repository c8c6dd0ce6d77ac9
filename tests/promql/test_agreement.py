"""A real Prometheus scrapes the portal and writes to it; asked the same, both answer the same.

Debian's is 2.42, whose windows are closed on the left. The portal's are open, as since 3.0: so all
is asked at times where no sample lies on the edge of a window.
"""

from __future__ import annotations

import math
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningPortal, eventually, free_port, running_portal

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed"),
]
SCRAPES = 24  # of the longest window and what it is compared with
WHO = ("prometheus", "portal")
HERE = 'job="agreement"'
SPENT = "tanqory_db_query_duration_seconds_sum{@}"  # a counter of many series
TIMES = "tanqory_db_query_duration_seconds_bucket{@}"
REQUESTS = "tanqory_http_requests_total{@}"
HEAP = "go_memstats_heap_alloc_bytes{@}"  # Prometheus's own: a gauge that rises and falls
PAUSES = "go_gc_duration_seconds{@}"
SIZES = "prometheus_http_response_size_bytes_bucket{@}"

# Of a counter that begins in the window 2.42 says another rate than 3.x: it guesses further back.
OLD = "and {} offset 14s"

# `{@}` stands for the matcher of what Prometheus scrapes.
QUERIES = (
    "up{@}",
    "up{@}[6s]",
    "timestamp(up{@})",
    f"{HEAP} offset 3s",
    f"sum by (table) ({SPENT})",
    f"sum without (instance, operation) ({SPENT}) / 1024 ^ 2",
    f"rate({REQUESTS}[8s]) {OLD.format(REQUESTS)}",
    f"sum by (method, status_code) (rate({REQUESTS}[8s]) {OLD.format(REQUESTS)})",
    f"irate({SPENT}[8s])",
    f"increase({SPENT}[8s]) {OLD.format(SPENT)}",
    f"histogram_quantile(0.9, sum by (le) (rate({TIMES}[8s]) {OLD.format(TIMES)}))",
    f"histogram_quantile(0.5, {SIZES})",
    f"avg_over_time({HEAP}[8s])",
    f"max_over_time({SPENT}[8s]) - min_over_time({SPENT}[8s])",
    f"stddev_over_time({HEAP}[8s]) + stdvar_over_time({HEAP}[8s])",
    f"quantile_over_time(0.75, {SPENT}[8s])",
    f"deriv({SPENT}[8s])",
    f"predict_linear({SPENT}[8s], 3600)",
    f"delta({HEAP}[8s]) + idelta({HEAP}[8s])",
    f"changes({SPENT}[8s]) + resets({SPENT}[8s] offset 1s)",
    f"sum_over_time({SPENT}[8s]) / count_over_time({SPENT}[8s]) + last_over_time({SPENT}[8s])",
    f"topk(3, {SPENT})",
    f"sort_desc(bottomk(2, {SPENT} * 1000))",
    f"{PAUSES} * on (job, instance) group_left () {HEAP} / 1e9",
    f'label_replace({SPENT}, "first", "$1", "table", "(.).*")',
    f'count_values("ms", floor(label_join({SPENT} * 1000, "all", "-", "job", "table")))',
    'absent(never_there{@}) or absent_over_time(never_there{@,a="b"}[5s])',
    f"max_over_time(sum by (table) ({SPENT} * 2)[6s:1s])",
    f"{SPENT} > bool on () group_left () avg({SPENT}) unless up{{@}}",
    f"stdvar by (job) ({SPENT}) + quantile by (job) (0.9, {SPENT})",
    f"clamp_max(round({SPENT}, 0.01), 5) and {SPENT} > 0",
    "vector(scalar(count(up{@}))) * time() % 3600 + hour() - day_of_week(vector(time()))",
    f"exp(-{SPENT}) + ln({SPENT} + 1) + sqrt(abs({SPENT})) + sgn({SPENT}) ^ 2",
)


@dataclass
class Both:
    """The two that are asked, and the moment at which all is asked."""

    prometheus: str
    portal: str
    token: str
    at: float = 0.0

    @property
    def targets(self) -> list[str]:
        return [url.removeprefix("http://") for url in (self.portal, self.prometheus)]

    def ask(self, who: str, path: str, **form: Any) -> Any:
        """Return the result that one of them gives."""
        base = self.prometheus if who == "prometheus" else f"{self.portal}/prometheus"
        headers = {"Authorization": f"Bearer {self.token}"} if who == "portal" else {}
        answer = httpx.post(f"{base}/api/v1/{path}", data=form, headers=headers, timeout=30)
        assert answer.status_code == 200, (who, form, answer.text)
        return answer.json()["data"]["result"]


def configured(folder: Path, portal: RunningPortal, port: int, key: str) -> Path:
    file = folder / "prometheus.yml"
    file.write_text(
        f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: agreement
    static_configs: [{{targets: ["127.0.0.1:{portal.port}", "127.0.0.1:{port}"]}}]
remote_write:
  - url: {portal.url}/prometheus/api/v1/write
    authorization: {{credentials: {key}}}
    queue_config: {{batch_send_deadline: 300ms, max_shards: 1}}
"""
    )
    return file


@contextmanager
def running_prometheus(folder: Path, portal: RunningPortal, key: str) -> Iterator[str]:
    """Run a Prometheus that scrapes the portal and itself, and writes both to the portal."""
    port = free_port()
    file = configured(folder, portal, port, key)
    words = [
        str(PROMETHEUS), f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: is_ready(url), within_s=30, what="Prometheus is ready")
        yield url
    except AssertionError as failure:
        text = (folder / "prometheus.log").read_text()[-3000:]
        raise AssertionError(f"{failure}\n--- prometheus ---\n{text}") from failure
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("agreement")
    with running_portal(folder / "portal", "--no-demo") as portal:
        portal.command("create_staff", "grafana@example.com", "--role", "viewer")
        token = portal.command("create_token", "grafana@example.com").split()[-1]
        key = portal.command("create_source", "prometheus").split()[-1]
        with running_prometheus(folder, portal, key) as prometheus:
            found = Both(prometheus, portal.url, token)
            found.at = eventually(
                lambda: moment(found), within_s=150, what="both have enough samples"
            )
            yield found


def moment(both: Both) -> float:
    """Return a time up to which both have all samples; 0 while there is none.

    Every window here is whole seconds long and every step one second, so that no sample lies on an
    edge when none has this time's milliseconds. (Subqueries have times of their own.)
    """
    targets = [[seen(both, who, target) for target in both.targets] for who in WHO]
    last = min((max(times, default=0) for found in targets for times in found), default=0)
    if any(sum(at <= last for at in times) < SCRAPES for found in targets for times in found):
        return 0.0
    edges = {at % 1000 for times in targets[0] for at in times}
    return next(at for at in range(last - 500, last - 1500, -1) if at % 1000 not in edges) / 1000


def seen(both: Both, who: str, target: str) -> list[int]:
    """Return when a target was scraped, in milliseconds, as one of them has it."""
    rows = both.ask(who, "query", query=f'up{{{HERE},instance="{target}"}}[3m]')
    return [round(at * 1000) for at, _ in rows[0]["values"]] if rows else []


def same(one: Any, other: Any) -> bool:
    """Tell whether two results are the same, numbers within 1e-9 of each other."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        try:
            return close(float(one), float(other))
        except ValueError:
            return one == other
    return bool(one == other)


def close(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def by_labels(rows: Any) -> Any:
    if rows and isinstance(rows[0], dict):
        return sorted(rows, key=lambda row: sorted(row["metric"].items()))
    return rows


def test_there_is_something_to_agree_on(both: Both) -> None:
    assert len(QUERIES) >= 30
    for target in both.targets:
        times = [seen(both, who, target) for who in WHO]
        until = [[at for at in found if at <= both.at * 1000] for found in times]
        assert until[0] == until[1]


@pytest.mark.parametrize("query", QUERIES)
def test_both_answer_the_same_at_one_moment(query: str, both: Both) -> None:
    asked = query.replace("@}", f"{HERE}}}").replace("@,", f"{HERE},")

    found = [both.ask(who, "query", query=asked, time=both.at) for who in WHO]

    if "sort" not in query:
        found = [by_labels(rows) for rows in found]
    assert found[0], "Prometheus answers nothing: the query tells nothing"
    assert same(*found), found


def test_both_answer_the_same_over_a_range(both: Both) -> None:
    wrong = []
    for query in QUERIES:
        if query.endswith("s]"):
            continue  # no range vectors over ranges
        asked = query.replace("@}", f"{HERE}}}").replace("@,", f"{HERE},")
        form = {"query": asked, "start": both.at - 5, "end": both.at, "step": "1s"}
        found = [by_labels(both.ask(who, "query_range", **form)) for who in WHO]
        wrong += [
            f"{asked}\n  {one}\n  {other}"
            for one, other in zip_longest(*found)
            if not same(one, other)
        ]

    assert not wrong, "\n".join(wrong)


def test_both_know_the_same_series_and_labels(both: Both) -> None:
    # Up to now: Prometheus knows of series that came a moment ago whatever end it is asked for.
    form: dict[str, str | float] = {"match[]": f"{{{HERE}}}", "start": both.at - 10}

    def known(base: str, path: str, **headers: str) -> list[Any]:
        answer = httpx.get(f"{base}/api/v1/{path}", params=form, headers=headers, timeout=30)
        return sorted(answer.json()["data"], key=str)

    def agree(path: str) -> bool:
        portal = known(f"{both.portal}/prometheus", path, Authorization=f"Bearer {both.token}")
        return known(both.prometheus, path) == portal

    for path in ("labels", "series", "label/__name__/values"):
        eventually(partial(agree, path), within_s=20, what=f"both answer the same to {path}")
