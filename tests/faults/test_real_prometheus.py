"""A real Prometheus writes to a portal whose processes are killed: both then have the same samples."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import RunningPortal, eventually, free_port, running_portal

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="Debian's prometheus is not installed"
    ),
]
CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: prom
    static_configs: [{{targets: ["127.0.0.1:{own}"]}}]
remote_write:
  - url: http://127.0.0.1:{portal}/prometheus/api/v1/write
    basic_auth: {{username: prometheus, password: {key}}}
    queue_config: {{batch_send_deadline: 500ms, min_backoff: 30ms, max_backoff: 1s}}
"""
# Figures of remote write itself hold the address of the portal and change while it is away.
ALL = '{job="prom",__name__!~"prometheus_remote_storage.*"}'
Series = dict[tuple[tuple[str, str], ...], list[list[Any]]]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("written"), "--no-demo", within_s=120) as found:
        found.command("create_staff", "metrics@example.com", "--role", "analyst")
        yield found


@pytest.fixture(scope="module")
def prometheus(portal: RunningPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, own = tmp_path_factory.mktemp("prometheus"), free_port()
    key = portal.command("create_source", "a real prometheus")
    config = CONFIG.format(own=own, portal=portal.port, key=key)
    (folder / "prometheus.yml").write_text(config)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{own}"
    finally:
        server.terminate()
        server.wait(30)


def asked(url: str, query: str, at: float, headers: dict[str, str]) -> Series:
    """Return the raw samples of a window; empty while the server does not answer."""
    try:
        answer = httpx.get(
            f"{url}/api/v1/query", params={"query": query, "time": at}, headers=headers, timeout=30
        )
    except httpx.HTTPError:
        return {}
    if answer.status_code != 200:
        return {}
    return {
        tuple(sorted(one["metric"].items())): one["values"]
        for one in answer.json()["data"]["result"]
    }


def test_what_prometheus_has_the_portal_has_whatever_was_killed(
    portal: RunningPortal, prometheus: str
) -> None:
    token = {"Authorization": f"Bearer {portal.command('create_token', 'metrics@example.com')}"}
    eventually(
        lambda: asked(f"{portal.url}/prometheus", 'up{job="prom"}[1m]', time.time(), token),
        within_s=60, what="the first samples",
    )  # fmt: skip
    began = time.time()
    for victim in ("web", "writer", "engine"):
        eventually(lambda victim=victim: portal.kill(victim), within_s=60, what=f"{victim} killed")  # type: ignore[misc]  # bound per victim
        eventually(portal.is_ready, within_s=60, what="everything runs again")
    ended = time.time()
    window = f"{ALL}[{int(ended - began)}s]"

    theirs = asked(prometheus, window, ended, {})
    assert len(theirs) > 300

    def ours() -> bool:
        return asked(f"{portal.url}/prometheus", window, ended, token) == theirs

    eventually(ours, within_s=60, what="the same samples in the portal")
