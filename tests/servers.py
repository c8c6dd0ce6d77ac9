"""Real servers for the whole suite: started once, before Django's settings are read.

The controller starts embedded PostgreSQL, Valkey and the engine in a folder of its own; workers of
xdist inherit the addresses and take a database each. A URL given from outside is used instead.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import clickhouse_connect
import pytest
from xdist.scheduler import LoadScopeScheduling

from portal.embedded.engine import Engine
from portal.embedded.postgres import Postgres
from portal.embedded.server import EmbeddedServer, free_port, remove_socket_dir
from portal.embedded.valkey import Valkey

START_LIMIT_S = 30
WORKER = "PYTEST_XDIST_WORKER"
SERVERS = "TEST_SERVERS_DIR"  # where the folders of PostgreSQL, Valkey and the engine stand
STOP = pytest.StashKey[object]()


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-django, which reads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Start the servers (controller) or take a share of them (worker)."""
    worker = os.environ.get(WORKER)
    if worker is None:
        running = started_servers()
        next(running)
        early_config.stash[STOP] = running
        early_config.add_cleanup(lambda: next(running, None))
    take_databases(worker or "alone")
    yield


def started_servers() -> Iterator[None]:
    data_dir = Path(tempfile.mkdtemp(prefix="portal-test-"))
    os.environ["PORTAL_DATA_DIR"] = os.environ[SERVERS] = str(data_dir)
    os.environ.setdefault("PORTAL_SECRET_KEY", "only-for-tests")
    servers: list[EmbeddedServer] = [
        Postgres(data_dir, is_durable=False),
        Valkey(data_dir),
        Engine(data_dir, free_port()),
    ]
    with running(data_dir, [server for server in servers if not os.environ.get(server.setting)]):
        yield
    remove_socket_dir(data_dir)
    shutil.rmtree(data_dir, ignore_errors=True)


@contextmanager
def running(data_dir: Path, servers: Sequence[EmbeddedServer]) -> Iterator[None]:
    """Run servers side by side and publish their addresses in the environment."""
    with started(data_dir, servers):
        os.environ.update({server.setting: server.url() for server in servers})
        yield


@contextmanager
def started(data_dir: Path, servers: Sequence[EmbeddedServer]) -> Iterator[None]:
    """Run servers side by side."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for server in servers:
            server.prepare()
            launch = server.launch()
            with (data_dir / f"{server.name}.log").open("ab") as log:
                processes.append(
                    subprocess.Popen(
                        launch.words, env=os.environ | launch.environment, stdout=log, stderr=log
                    )
                )
        for server in servers:
            wait_until_up(server, data_dir)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)  # PostgreSQL waits for its clients on SIGTERM
        for process in processes:
            process.wait(timeout=20)


def wait_until_up(server: EmbeddedServer, data_dir: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not server.is_up():
        if time.monotonic() > deadline:
            log = (data_dir / f"{server.name}.log").read_text(errors="replace")
            raise RuntimeError(f"{server.name} did not start:\n{log[-2000:]}")
        time.sleep(0.05)


def take_databases(worker: str) -> None:
    """Give this process an engine database, a Valkey database and a data directory of its own.

    PostgreSQL's test database is made by pytest-django, one a worker.
    """
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    parts = urlsplit(os.environ["CLICKHOUSE_URL"])
    database = f"test_{worker}"
    with clickhouse_connect.get_client(dsn=os.environ["CLICKHOUSE_URL"]) as client:
        client.command(f"DROP DATABASE IF EXISTS {database}")
        client.command(f"CREATE DATABASE {database}")
    data_dir = Path(os.environ["PORTAL_DATA_DIR"]) / worker
    data_dir.mkdir(exist_ok=True)
    os.environ["PORTAL_DATA_DIR"] = str(data_dir)
    os.environ["CLICKHOUSE_URL"] = urlunsplit(parts._replace(path=f"/{database}"))
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={number}"


@pytest.fixture(scope="session")
def store_schema() -> None:
    """Apply the engine's migrations to this worker's database, once."""
    from portal.store import migrate  # noqa: PLC0415  # settings are read only now

    for file in migrate.pending():
        migrate.apply(file)


# Files whose tests share a running portal, an engine, or data that takes seconds to make: on one
# worker each, the browser's all on one.
SHARING = (
    "tests/faults/",
    "tests/embedded/",
    "tests/demo/",
    "tests/collect/test_running",
    "tests/test_client",
    "tests/promql/test_agreement",
    "tests/promql/test_cases_over_http",
    "tests/promql/test_http_fuzz",
    "tests/promql/test_against_prometheus",
    "tests/promql/test_kept",
    "tests/insights/test_real_history",
    "tests/insights/test_sharding",
    "tests/insights/test_visits",
    "tests/sign_in/test_saml",
    "tests/store/",
)


class OnePortalAWorker(LoadScopeScheduling):
    """Spread tests one by one, but keep together those that share what is dear to make.

    xdist's own `xdist_group` names the tests anew, which pytest 9 no longer lets it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/browser/"):
            return "browser"
        return file if file.startswith(SHARING) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OnePortalAWorker:
    return OnePortalAWorker(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
